"""What an operator is told about an act of theirs: a click, a command, a form, or a message."""

from __future__ import annotations

from typing import Final

from shared.escalation import REASON_LIMIT, REMARKS_LIMIT
from shared.ports.replies import ReplyVerdict
from shared.question import QUESTION_LIMIT

_WORDS: Final = {
    ReplyVerdict.ACCEPTED: "Sent. The agent has it.",
    ReplyVerdict.REPEATED: "This was done before, and counts once.",
    ReplyVerdict.TOO_LATE: "This question has already ended, so nothing was passed on.",
    ReplyVerdict.KEPT_LATE: (
        "The time for an answer was over. Yours is kept as a late answer, which the "
        "agent can still read."
    ),
    ReplyVerdict.NOT_ALLOWED: "You may not act on this question. Nothing was passed on.",
    ReplyVerdict.WRONG_SHAPE: (
        "This question is not answered in writing: use the buttons or the menu of its message."
    ),
    ReplyVerdict.WRITTEN: (
        "Read, and not passed on. When your answer is complete, press “Send” under the question."
    ),
    ReplyVerdict.WRITTEN_LATE: (
        "The time for an answer was over, and nothing was passed on. If the agent should still "
        "read what you wrote here, press “Send late answer” under the question."
    ),
    ReplyVerdict.WRITTEN_IN_VAIN: (
        "Read, and not passed on: this question is not answered in writing. Use the buttons or the "
        "menu of its message."
    ),
    ReplyVerdict.WRITTEN_AFTER: (
        "This question has already ended, so nothing that is written here is passed on any more."
    ),
    ReplyVerdict.OVERHEARD: "This was said among people, so nothing was passed on.",
    ReplyVerdict.NOTHING_WRITTEN: (
        "You have not written anything here yet. Write your answer in the question's thread, in as "
        "many messages as you like, and press “Send” then. What others wrote is not sent."
    ),
    ReplyVerdict.TOO_MUCH_WRITTEN: (
        f"Your messages have more than {QUESTION_LIMIT:,} characters together, which is the limit, "
        "so nothing was passed on. Shorten or delete some of them and press “Send” again."
    ),
    ReplyVerdict.CONTENT_HIDDEN: (
        "I can't read all that you wrote here, so nothing was passed on. This bot seems to lack "
        "the Message Content intent: press “Answer” and write your answer there, or begin each "
        "message by mentioning me."
    ),
    ReplyVerdict.FORWARDED: (
        "You forwarded a message here. A forwarded message can't be sent, so nothing was passed "
        "on: delete it and press “Send” again, or press “Answer” and write your answer there."
    ),
    ReplyVerdict.POLLED: (
        "You started a poll here. A poll can't be sent, so nothing was passed on: delete it and "
        "press “Send” again, or press “Answer” and write your answer there."
    ),
    ReplyVerdict.PAGE_KEPT: "This page is kept. Nothing is passed on before the form is complete.",
    ReplyVerdict.FILES_REFUSED: (
        "So nothing was passed on. Please answer in words, or with another file."
    ),
    ReplyVerdict.ASKED_BACK: "The agent was asked. Its reply will come here.",
    ReplyVerdict.ENOUGH_SAID: (
        f"{REMARKS_LIMIT} remarks were made about this question, which is the limit. "
        "Please answer or decline it."
    ),
    ReplyVerdict.CLAIMED: "You are on it.",
    ReplyVerdict.CLAIMED_ALREADY: "Somebody else is on it.",
    ReplyVerdict.RELEASED: "Nobody is on it any more.",
    ReplyVerdict.REASSIGNED: "They are on it now, and are told.",
    ReplyVerdict.ON_IT_ALREADY: "They are on it already.",
    ReplyVerdict.CANNOT_TAKE_IT: (
        "Whoever you chose may not answer this question, so nothing was changed."
    ),
    ReplyVerdict.VOTED: "Your approval is counted. More are needed.",
    ReplyVerdict.VOTED_ALREADY: "You have decided this before. One person's word counts once.",
    ReplyVerdict.FORGOTTEN: (
        "That answer is no longer kept: what is shown of it is all that is left."
    ),
    ReplyVerdict.REASON_NEEDED: (
        "Here a decision counts only with its reason. Nothing was counted: please say why."
    ),
    ReplyVerdict.CORRECTED: "Your answer is corrected. No agent had read it before.",
    ReplyVerdict.CORRECTION_KEPT: (
        "An agent had read your answer before. It is told how you corrected it."
    ),
    ReplyVerdict.EDITED_TOO_LATE: "Your edit was not passed on: what you wrote before counts.",
    ReplyVerdict.NOT_THE_ANSWER: "Only the message that is the answer can be corrected.",
    ReplyVerdict.UNREADABLE: (
        f"An answer must have 1 to {QUESTION_LIMIT:,} characters, a reason at most {REASON_LIMIT}."
    ),
    ReplyVerdict.UNKNOWN: "This question is no longer kept.",
    ReplyVerdict.FENCED: "This worker no longer listens. Please try again.",
}


def in_words(verdict: ReplyVerdict) -> str:
    """Say what became of it, in one or two sentences."""
    return _WORDS[verdict]

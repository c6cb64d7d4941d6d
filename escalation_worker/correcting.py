"""The use-case: somebody edited what they wrote where a question is shown.

It concerns us if the message is the question's answer, and says something else than before. Whether
the edit takes the answer's place or is told to the agent as a correction is the script's to decide,
which knows whether an agent has read the answer.
"""

from __future__ import annotations

from escalation_worker.answering import fitting, left_to_the_next_listener
from escalation_worker.operators import WhoMayAct, note_accepted
from escalation_worker.sending import ASKS_BACK
from shared.crash_points import CrashPoint, crash_point
from shared.escalation import Escalation, Outcome
from shared.ports.corrections import Corrections
from shared.ports.escalations import Concluded, EscalationStore
from shared.ports.replies import InboundReply, ReplyVerdict
from shared.question import QUESTION_LIMIT


class Correcting:
    """Turns edits of answers into corrections."""

    def __init__(
        self, store: EscalationStore, corrections: Corrections, operators: WhoMayAct
    ) -> None:
        self._store = store
        self._corrections = corrections
        self._operators = operators

    async def edited(self, edit: InboundReply) -> ReplyVerdict:
        """Take in a message as it reads now; `at` is when it was edited.

        Raises:
            StoreUnavailableError: It is not known to be decided; the same edit can be tried again.
        """
        escalation = await self._store.get(edit.escalation_id)
        if escalation is None:
            return ReplyVerdict.UNKNOWN
        answer = _answer_given_in(escalation, edit)
        if answer is None:
            return ReplyVerdict.NOT_THE_ANSWER
        text = edit.text.strip()
        fits = fitting(escalation.question, text)
        # A preview that unfolds and a pin come as edits too; an answer of files alone has no text.
        if (fits or None) == _newest(escalation, answer).text or edit.at <= answer.at:
            return ReplyVerdict.REPEATED
        if not self._operators.of(escalation.question).allow(edit):
            return ReplyVerdict.NOT_ALLOWED
        if answer.joined:
            return ReplyVerdict.EDITED_TOO_LATE  # a part of it is no correction of the whole
        if not text or len(text) > QUESTION_LIMIT:
            return ReplyVerdict.UNREADABLE
        if text.startswith(ASKS_BACK):
            return ReplyVerdict.TOO_LATE  # to ask anything
        if fits is None:
            return ReplyVerdict.WRONG_SHAPE
        return await self._correct(edit, escalation, answer, fits)

    async def _correct(
        self, edit: InboundReply, escalation: Escalation, answer: Outcome, text: str
    ) -> ReplyVerdict:
        edited_at = edit.at.replace(microsecond=edit.at.microsecond // 1000 * 1000)
        corrected = answer.model_copy(update={"text": text, "corrected_at": edited_at})
        crash_point(CrashPoint.EDIT_HEARD)
        noted = await self._corrections.correct(escalation.id, corrected, edit.hold)
        crash_point(CrashPoint.EDIT_NOTED)
        if noted is None:
            return ReplyVerdict.UNKNOWN
        if noted.fenced:
            return left_to_the_next_listener(edit)
        verdict = _verdict(noted, answer, corrected)
        if noted.applied:
            note_accepted(edit, verdict)
        return verdict


def _answer_given_in(escalation: Escalation, edit: InboundReply) -> Outcome | None:
    """Find the answer that this message gave, alone or with others, if it is its author's."""
    for each in (escalation.outcome, escalation.late_answer):
        if each is None or each.by is None:
            continue
        if edit.source == each.source or edit.source in each.joined:
            return each if each.by.id == edit.person_id else None
    return None


def _newest(escalation: Escalation, answer: Outcome) -> Outcome:
    """Find how this answer reads by now."""
    late = escalation.late_answer
    return late if late is not None and late.source == answer.source else answer


def _verdict(noted: Concluded, answer: Outcome, corrected: Outcome) -> ReplyVerdict:
    newest = _newest(noted.escalation, noted.escalation.outcome or answer)
    if noted.applied:
        kept_beside = noted.escalation.late_answer is not None
        return ReplyVerdict.CORRECTION_KEPT if kept_beside else ReplyVerdict.CORRECTED
    known, wanted = newest.corrected_at, corrected.corrected_at
    if known is not None and wanted is not None and known >= wanted:
        return ReplyVerdict.REPEATED
    return ReplyVerdict.EDITED_TOO_LATE

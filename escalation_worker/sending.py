"""The use-case: where a question waits for Send, what one person wrote is passed on by it.

Nothing of it is kept here. What was written is read where it stands at the moment of the click, so
edits and deletions count by themselves; a click on which a worker dies is lost, whoever clicked
sees that, and clicks again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from escalation_worker.answering import Answering, fitting
from escalation_worker.manners import MannerOf, is_talk
from escalation_worker.operators import WhoMayAct, find_allowed
from shared.crash_points import CrashPoint, crash_point
from shared.escalation import Escalation, State
from shared.ports.escalations import EscalationStore
from shared.ports.replies import InboundReply, OfferedFile, ReplyVerdict
from shared.question import QUESTION_LIMIT
from shared.texts import is_blank

ASKS_BACK: Final = "?"
"""What a message begins with that asks the agent."""


@dataclass(frozen=True, slots=True)
class Written:
    """A message that the person who presses Send has written where the question is shown."""

    id: str
    text: str
    files: tuple[OfferedFile, ...] = ()
    why_not: ReplyVerdict | None = None
    """Why it can't be passed on; None where it can."""


ReadWritten = Callable[[], Awaitable[Sequence[Written]]]
"""Reads them all, up to the click, in the order in which they were written."""


class Sending:
    """Joins what somebody has written into their answer, and leaves all other talk alone."""

    def __init__(
        self,
        store: EscalationStore,
        operators: WhoMayAct,
        answering: Answering,
        manner_of: MannerOf,
    ) -> None:
        self._store = store
        self._operators = operators
        self._answering = answering
        self._manner_of = manner_of

    async def wrote(self, reply: InboundReply) -> ReplyVerdict | None:
        """Tell what a message is that no Send has passed on; None where it may be the answer.

        Raises:
            StoreUnavailableError: It is not known; try the same message again.
        """
        escalation = await self._store.get(reply.escalation_id)
        if escalation is None:
            return None
        if not is_talk(escalation, self._manner_of(escalation.question), reply.at):
            return None
        operators = self._operators.of(escalation.question)
        if not operators.include(reply.person_id, reply.person_roles):
            return ReplyVerdict.OVERHEARD  # it is no attempt to answer, so there is no refusal
        question = escalation.question
        if question.options_only and fitting(question, reply.text.strip()) is not None:
            return None  # as good as its button, and it has no Send
        if escalation.state.is_open:
            return ReplyVerdict.WRITTEN if question.takes_text else ReplyVerdict.WRITTEN_IN_VAIN
        if may_be_sent_late(escalation):
            return ReplyVerdict.WRITTEN_LATE
        # What was written before the end may be a part of the very answer that ended it.
        ended = escalation.outcome
        before = ended is not None and reply.at <= ended.at
        return ReplyVerdict.OVERHEARD if before else ReplyVerdict.WRITTEN_AFTER

    async def send(
        self, reply: InboundReply, read: ReadWritten
    ) -> tuple[ReplyVerdict, InboundReply]:
        """Take what this person has written for the answer; of the reply it is the click.

        Returns with the verdict the reply that was made of it.

        The answer's source is the last message that is a part of it. So a second click is the same
        act, and it is that message which gets the mark.

        Raises:
            StoreUnavailableError: It is not known to be decided; the same click can be tried again.
        """
        escalation = await find_allowed(self._store, self._operators, reply)
        if isinstance(escalation, ReplyVerdict):
            return escalation, reply
        if not escalation.question.takes_text:
            return ReplyVerdict.WRONG_SHAPE, reply
        joined = _joined(await read())
        crash_point(CrashPoint.SENDING_READ)
        if isinstance(joined, ReplyVerdict):
            answerable = escalation.state.is_open or may_be_sent_late(escalation)
            return (joined if answerable else ReplyVerdict.TOO_LATE), reply
        *others, last = joined.sources
        sent = replace(
            reply, text=joined.text, source=last, joined=tuple(others), files=joined.files
        )
        return await self._answering.answer(sent), sent


def may_be_sent_late(escalation: Escalation) -> bool:
    """Whether an answer in words would be kept beside the time-out."""
    timed_out = escalation.state is State.TIMED_OUT and escalation.late_answer is None
    return timed_out and escalation.question.takes_text


@dataclass(frozen=True, slots=True)
class _Joined:
    text: str
    sources: tuple[str, ...]
    """All messages that are a part of it; at least one."""
    files: tuple[OfferedFile, ...]


def _joined(messages: Sequence[Written]) -> _Joined | ReplyVerdict:
    """Join what is to be sent, or tell why nothing is.

    What can't be sent is not left out: half of an answer may mean the opposite of the whole.
    """
    texts: list[str] = []
    files: list[OfferedFile] = []
    sources: list[str] = []
    for each in messages:
        if each.why_not is not None:
            return each.why_not
        text = each.text.strip()
        if text.startswith(ASKS_BACK) or (is_blank(text) and not each.files):
            continue
        texts += [] if is_blank(text) else [text]
        files += each.files
        sources.append(each.id)
    if not sources:
        return ReplyVerdict.NOTHING_WRITTEN
    whole = "\n".join(texts)
    if len(whole) > QUESTION_LIMIT:
        return ReplyVerdict.TOO_MUCH_WRITTEN
    return _Joined(whole, tuple(sources), tuple(files))

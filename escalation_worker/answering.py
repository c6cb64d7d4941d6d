"""The use-case: somebody wrote where a question is shown, and it may be the answer.

One reply is accepted, by whoever is allowed and first; the script decides, so two listeners that
hear the same message do no harm. Everything else is refused and the refusal is told. What was heard
by a listener that another has relieved is left to that other one, without a word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from shared.crash_points import CrashPoint, crash_point
from shared.escalation import (
    QUESTION_LIMIT,
    ChannelKind,
    Escalation,
    Outcome,
    Person,
    Provenance,
    State,
)
from shared.ports import EscalationStore, InboundReply, ReplyVerdict
from shared.telemetry import get_logger

log = get_logger(__name__)
audit = get_logger("audit")


@dataclass(frozen=True, slots=True)
class Operators:
    """Who may answer: these people, and everybody with one of these roles. Nobody else."""

    people: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()

    def include(self, person_id: str, roles: frozenset[str]) -> bool:
        """Whether this person may answer."""
        return person_id in self.people or not self.roles.isdisjoint(roles)


class Answering:
    """Turns replies into outcomes."""

    def __init__(self, store: EscalationStore, operators: Operators) -> None:
        self._store = store
        self._operators = operators

    async def answer(self, reply: InboundReply) -> ReplyVerdict:
        """Take a reply for the answer, if it may be one.

        Raises:
            StoreUnavailableError: It is not known to be decided; try the same reply again.
        """
        text = reply.text.strip()
        if not self._allowed(reply):
            return ReplyVerdict.NOT_ALLOWED
        if not text or len(text) > QUESTION_LIMIT:
            return ReplyVerdict.UNREADABLE
        return await self._conclude(reply, State.ANSWERED, text=text)

    async def decline(self, reply: InboundReply) -> ReplyVerdict:
        """Take a reply for the word that nobody will answer; its text is the reason.

        Raises:
            StoreUnavailableError: It is not known to be decided; try the same reply again.
        """
        if not self._allowed(reply):
            return ReplyVerdict.NOT_ALLOWED
        return await self._conclude(reply, State.DECLINED, reason=reply.text.strip() or None)

    def _allowed(self, reply: InboundReply) -> bool:
        if self._operators.include(reply.person_id, reply.person_roles):
            return True
        audit.warning(
            "reply_refused",
            escalation_id=reply.escalation_id,
            person_id=reply.person_id,
            channel=reply.channel,
            source=reply.source,
        )
        return False

    async def _conclude(
        self,
        reply: InboundReply,
        state: State,
        *,
        text: str | None = None,
        reason: str | None = None,
    ) -> ReplyVerdict:
        escalation = await self._store.get(reply.escalation_id)
        if escalation is None:
            return ReplyVerdict.UNKNOWN
        outcome = Outcome(
            state=state,
            at=reply.at,
            seconds=max(0.0, (reply.at - escalation.created_at).total_seconds()),
            provenance=Provenance.PERSON,
            text=text,
            reason=reason,
            by=Person(id=reply.person_id, name=reply.person_name),
            channel=ChannelKind(reply.channel),
            source=reply.source,
        )
        crash_point(CrashPoint.REPLY_HEARD)
        concluded = await self._store.conclude(escalation.id, outcome, reply.hold)
        crash_point(CrashPoint.REPLY_ACCEPTED)
        if concluded is None:
            return ReplyVerdict.UNKNOWN
        if concluded.fenced:
            return _left_to_the_next_listener(escalation.id, reply)
        if concluded.applied:
            audit.info(
                "reply_accepted",
                escalation_id=escalation.id,
                state=state,
                person_id=reply.person_id,
                channel=reply.channel,
                source=reply.source,
                seconds=round(outcome.seconds, 3),
            )
            return ReplyVerdict.ACCEPTED
        return await self._after_the_end(concluded.escalation, outcome, reply)

    async def _after_the_end(
        self, escalation: Escalation, late: Outcome, reply: InboundReply
    ) -> ReplyVerdict:
        """Tell what a reply means that comes after the outcome."""
        if escalation.outcome is not None and escalation.outcome.source == late.source:
            return ReplyVerdict.REPEATED
        match escalation.state:
            case State.TIMED_OUT if late.state is State.ANSWERED:
                kept = await self._store.keep_late_answer(escalation.id, late, reply.hold)
                if kept is None:
                    return ReplyVerdict.UNKNOWN
                if kept.fenced:
                    return _left_to_the_next_listener(escalation.id, reply)
                ours = kept.escalation.late_answer
                if ours is not None and ours.source == late.source:
                    log.info("late_answer_kept", escalation_id=escalation.id)
                    return ReplyVerdict.KEPT_LATE
                return ReplyVerdict.TOO_LATE
            case (
                State.TIMED_OUT
                | State.ANSWERED
                | State.DECLINED
                | State.CANCELLED
                | State.UNDELIVERABLE
            ):
                return ReplyVerdict.TOO_LATE
            case State.QUEUED | State.POSTED | State.CLAIMED | State.NEEDS_INFO:
                raise AssertionError("an open question refused its outcome")
            case _:
                assert_never(escalation.state)


def _left_to_the_next_listener(escalation_id: str, reply: InboundReply) -> ReplyVerdict:
    log.info("reply_left_to_next_listener", escalation_id=escalation_id, source=reply.source)
    return ReplyVerdict.FENCED

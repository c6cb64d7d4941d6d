"""How a question stands, as its agent may be told."""

from __future__ import annotations

from datetime import timedelta

from mcp_gateway.terms import Terms
from shared.crash_points import CrashPoint, crash_point
from shared.errors import UnknownEscalationError
from shared.escalation import Escalation
from shared.expiry import expired
from shared.ports.clock import Clock
from shared.ports.escalations import EscalationStore
from shared.routes_in_force import InForce
from shared.telemetry import get_logger

log = get_logger(__name__)


class Standing:
    """Reads questions for their agents: none is open for ever, and no answer changes once told."""

    def __init__(
        self, store: EscalationStore, terms: InForce[Terms], *, grace: timedelta, clock: Clock
    ) -> None:
        """Give workers so much time after a deadline before a question is ended here."""
        self._store = store
        self._terms = terms
        self._grace = grace
        self._clock = clock

    def until_ended(self, escalation: Escalation) -> timedelta:
        """Tell how long an open question can still be open."""
        return escalation.deadline + self._grace - self._clock()

    async def as_it_is(self, escalation: Escalation) -> Escalation:
        """Read it again, and end it if no worker lives that would have."""
        return await self.ended_if_abandoned(await self._store.get(escalation.id) or escalation)

    async def ended_if_abandoned(self, current: Escalation) -> Escalation:
        """End it if its time is over and no worker lives that would have; give it as it is then."""
        now = self._clock()
        if not current.state.is_open or now < current.deadline + self._grace:
            return current
        end = self._terms.of(current.question.route).end
        concluded = await self._store.conclude(current.id, expired(current, now, end))
        if concluded is None:
            return current
        if concluded.applied:
            log.warning(
                "question_ended_without_worker",
                escalation_id=current.id,
                state=concluded.escalation.state,
            )
        return concluded.escalation

    async def handed_over(self, escalation: Escalation) -> Escalation:
        """Settle an answer before its agent reads it, so that whoever reads it reads the same.

        Only an answer that people may still correct needs it, each time that it is read: no other
        outcome ever changes.
        """
        if not escalation.is_to_be_handed_over:
            return escalation
        handed_over = await self._store.hand_over(escalation.id)
        crash_point(CrashPoint.ANSWER_HANDED_OVER)
        if handed_over is None:
            raise UnknownEscalationError(escalation.id)
        return handed_over

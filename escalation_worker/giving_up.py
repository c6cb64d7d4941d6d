"""The use-case: a question reaches nobody, or nobody can answer it any more; the agent is told."""

from __future__ import annotations

from shared.escalation import Outcome, Provenance, State
from shared.ports.clock import Clock, utc_now
from shared.ports.escalations import EscalationStore
from shared.telemetry import get_logger

log = get_logger(__name__)


class GivingUp:
    """Ends questions as undeliverable, at once instead of at their deadline."""

    def __init__(self, store: EscalationStore, *, clock: Clock = utc_now) -> None:
        self._store = store
        self._clock = clock

    async def give_up(self, escalation_id: str, reason: str) -> None:
        """End a question that is still open; `reason` says what somebody has to mend."""
        escalation = await self._store.get(escalation_id)
        if escalation is None or not escalation.state.is_open:
            return
        now = self._clock()
        concluded = await self._store.conclude(
            escalation_id,
            Outcome(
                state=State.UNDELIVERABLE,
                at=now,
                seconds=(now - escalation.created_at).total_seconds(),
                provenance=Provenance.SYSTEM,
                reason=reason,
            ),
        )
        if concluded is not None and concluded.applied:
            log.error("question_undeliverable", escalation_id=escalation_id, mend=reason)

"""`PolicyLog` in memory."""

from __future__ import annotations

from datetime import datetime

from shared.escalation import Escalation, PolicyProgress, State
from shared.memory.escalations import MemoryEscalations
from shared.ports.clock import Clock, utc_now
from shared.ports.escalations import Concluded


class MemoryPolicyLog:
    """How far each question's policy has come, and when to look at it again."""

    def __init__(self, memory: MemoryEscalations, *, clock: Clock = utc_now) -> None:
        self._memory = memory
        self._clock = clock
        self.looks: dict[str, datetime] = {}
        """When each question is to be looked at."""

    async def note_progress(
        self, found: Escalation, progress: PolicyProgress, *, release: bool = False
    ) -> Concluded | None:
        """See `PolicyLog.note_progress`."""
        entry = self._memory.entry(found.id)
        if entry is None:
            return None
        known = entry.escalation
        if not known.state.is_open or _fence(known) != _fence(found):
            return Concluded(known, applied=False)
        changes: dict[str, object] = {"progress": progress}
        if release:
            state = State.POSTED if known.state is State.CLAIMED else known.state
            changes |= {"claim": None, "state": state}
        entry.escalation = known.model_copy(update=changes)
        if release:
            self._memory.changes.tell(found.id)
        return Concluded(entry.escalation, applied=True)

    async def look_again(self, escalation_id: str, at: datetime | None) -> None:
        """See `PolicyLog.look_again`."""
        entry, now = self._memory.entry(escalation_id), self._clock()
        is_open = entry is not None and entry.escalation.state.is_open
        known = self.looks.get(escalation_id)
        if is_open and known is not None and known > now and (at is None or known <= at):
            return
        if not is_open or at is None:
            self.looks.pop(escalation_id, None)
        else:
            self.looks[escalation_id] = max(at, now)

    async def show_again(self, escalation_id: str) -> bool:
        """See `PolicyLog.show_again`."""
        entry = self._memory.entry(escalation_id)
        if entry is None or not entry.escalation.state.is_open:
            return False
        self._memory.changes.tell(escalation_id)
        return True


def _fence(escalation: Escalation) -> tuple[object, ...]:
    """Tell by what it is seen that a record is as it was found."""
    claim, kept_at = escalation.claim, escalation.claim_kept_at
    return (escalation.progress.steps, claim and claim.by.id, len(escalation.remarks), kept_at)

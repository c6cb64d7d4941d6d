"""`Corrections` in memory."""

from __future__ import annotations

from datetime import datetime

from shared.escalation import Escalation, Outcome, State
from shared.memory.escalations import MemoryEscalations
from shared.ports.escalations import Concluded
from shared.ports.hold import Hold


class MemoryCorrections:
    """Edits of answers, while their route lets people correct them."""

    def __init__(self, memory: MemoryEscalations) -> None:
        self._memory = memory

    async def correct(
        self, escalation_id: str, answer: Outcome, hold: Hold | None = None
    ) -> Concluded | None:
        """See `Corrections.correct`."""
        entry = self._memory.entry(escalation_id)
        if entry is None:
            return None
        if self._memory.outdated(hold):
            return Concluded(entry.escalation, applied=False, fenced=True)
        if not _may_correct(entry.escalation, answer):
            return Concluded(entry.escalation, applied=False)
        place = "outcome" if entry.escalation.handed_over_at is None else "late_answer"
        entry.escalation = entry.escalation.model_copy(update={place: answer})
        self._memory.changes.tell(escalation_id)
        return Concluded(entry.escalation, applied=True)

    async def correctable(self, *, before: datetime | None = None) -> list[str]:
        """See `Corrections.correctable`."""
        known = sorted(self._memory.correctable.items(), key=lambda each: (each[1], each[0]))
        return [id_ for id_, until in known if before is None or until <= before]

    async def end_grace(self, escalation_id: str, heard_until: datetime | None) -> bool:
        """See `Corrections.end_grace`."""
        entry, until = (
            self._memory.entry(escalation_id),
            self._memory.correctable.get(escalation_id),
        )
        if until is None or (entry and (heard_until is None or until > heard_until)):
            return False
        del self._memory.correctable[escalation_id]
        if entry is None:
            return False
        entry.escalation = entry.escalation.model_copy(update={"grace_over": True})
        self._memory.changes.tell(escalation_id)
        return True


def _may_correct(known: Escalation, answer: Outcome) -> bool:
    given, edited = known.outcome, answer.corrected_at
    if known.state is not State.ANSWERED or given is None or edited is None:
        return False
    if given.correctable_until is None or edited > given.correctable_until:
        return False
    newest = (known.late_answer or given).corrected_at
    is_newest = newest is None or edited > newest
    return is_newest and given.source == answer.source and not known.late_answer_handed_over_at

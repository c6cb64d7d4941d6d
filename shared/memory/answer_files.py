"""`AnswerFiles` in memory."""

from __future__ import annotations

from collections.abc import Mapping

from shared.escalation import State
from shared.memory.escalations import MemoryEscalations
from shared.ports.hold import Hold


class MemoryAnswerFiles:
    """The images of answers."""

    def __init__(self, memory: MemoryEscalations) -> None:
        self._memory = memory
        self._kept: dict[tuple[str, str], dict[str, str]] = {}

    async def keep(
        self,
        escalation_id: str,
        source: str,
        contents: Mapping[str, str],
        hold: Hold | None = None,
    ) -> bool:
        """See `AnswerFiles.keep`."""
        entry = self._memory.entry(escalation_id)
        if self._memory.outdated(hold) or entry is None:
            return False
        known = entry.escalation
        late = known.state is State.TIMED_OUT and known.late_answer is None
        if not known.state.is_open and not late:
            return False
        self._kept.setdefault((escalation_id, source), {}).update(contents)
        return True

    async def read(self, escalation_id: str, source: str) -> Mapping[str, str]:
        """See `AnswerFiles.read`."""
        if self._memory.entry(escalation_id) is None:
            return {}
        return dict(self._kept.get((escalation_id, source), {}))

    async def forget(self, escalation_id: str, source: str) -> None:
        """See `AnswerFiles.forget`."""
        self._kept.pop((escalation_id, source), None)

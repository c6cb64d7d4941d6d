"""`FormDrafts` in memory."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from shared.memory.escalations import MemoryEscalations
from shared.ports.clock import Clock, utc_now
from shared.ports.form_drafts import DRAFT_LENGTH, Drafted
from shared.ports.hold import Hold


class MemoryFormDrafts:
    """What people wrote into forms that were not taken yet."""

    def __init__(
        self,
        memory: MemoryEscalations,
        *,
        length: timedelta = DRAFT_LENGTH,
        clock: Clock = utc_now,
    ) -> None:
        self._memory = memory
        self._length = length
        self._clock = clock
        self._drafts: dict[tuple[str, str], tuple[dict[str, str], datetime]] = {}

    async def keep(
        self,
        escalation_id: str,
        person_id: str,
        written: Mapping[str, str],
        hold: Hold | None = None,
    ) -> Drafted:
        """See `FormDrafts.keep`."""
        if self._memory.outdated(hold):
            return Drafted({}, fenced=True)
        found = dict(await self.read(escalation_id, person_id))
        entry = self._memory.entry(escalation_id)
        if entry is not None and entry.escalation.state.is_open:
            found |= written
            self._drafts[escalation_id, person_id] = (found, self._clock() + self._length)
        return Drafted(dict(found))

    async def read(self, escalation_id: str, person_id: str) -> Mapping[str, str]:
        """See `FormDrafts.read`."""
        found, until = self._drafts.get((escalation_id, person_id), ({}, self._clock()))
        return dict(found) if until > self._clock() else {}

    async def forget(self, escalation_id: str, person_id: str) -> None:
        """See `FormDrafts.forget`."""
        self._drafts.pop((escalation_id, person_id), None)

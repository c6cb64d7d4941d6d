"""`Precedents` in memory."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from shared.escalation import Escalation, State
from shared.likeness import ALIKE, likeness, terms_of
from shared.memory.escalations import MemoryEscalations
from shared.ports.clock import Clock, utc_now
from shared.ports.escalations import Concluded
from shared.ports.precedents import REMEMBERED_LIMIT
from shared.precedent import Precedent


class MemoryPrecedents:
    """Which questions were answered, by route, with their terms and until when they are kept."""

    def __init__(
        self, memory: MemoryEscalations, *, clock: Clock = utc_now, most: int = REMEMBERED_LIMIT
    ) -> None:
        self._memory = memory
        self._clock = clock
        self._most = most
        self._routes: dict[str, dict[str, tuple[datetime, tuple[str, ...]]]] = {}

    async def remember(self, route: str, escalation: Escalation) -> bool:
        """See `Precedents.remember`."""
        entry, entries = self._memory.entry(escalation.id), self._routes.setdefault(route, {})
        if entry is None or entry.escalation.state is not State.ANSWERED:
            return False
        if escalation.id in entries:
            return False
        kept_until = entry.escalation.kept_until
        entries[escalation.id] = (kept_until, terms_of(escalation.question.text))
        while len(entries) > self._most:
            del entries[min(entries, key=lambda each: (entries[each][0], each))]
        return True

    async def find(self, route: str, escalation: Escalation, *, most: int) -> list[str]:
        """See `Precedents.find`."""
        entries, asked = self._routes.get(route, {}), terms_of(escalation.question.text)
        holding = Counter(term for _, terms in entries.values() for term in terms)
        alike = {
            each: round(likeness(asked, terms, len(entries), holding), 6)
            for each, (_, terms) in entries.items()
            if each != escalation.id
        }
        found = [each for each, measure in alike.items() if measure >= ALIKE]
        return sorted(found, key=lambda each: (alike[each], each), reverse=True)[:most]

    async def note_shown(
        self, escalation_id: str, precedents: tuple[Precedent, ...]
    ) -> Concluded | None:
        """See `Precedents.note_shown`."""
        entry = self._memory.entry(escalation_id)
        if entry is None:
            return None
        applied = entry.escalation.precedents is None
        if applied:
            entry.escalation = entry.escalation.model_copy(update={"precedents": precedents})
        return Concluded(entry.escalation, applied=applied)

    async def forget_expired(self) -> int:
        """See `Precedents.forget_expired`."""
        forgotten, now = 0, self._clock()
        for entries in self._routes.values():
            for each in [id_ for id_, (kept_until, _) in entries.items() if kept_until <= now]:
                del entries[each]
                forgotten += 1
        return forgotten

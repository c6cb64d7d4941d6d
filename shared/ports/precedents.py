"""Questions that were answered before."""

from __future__ import annotations

from typing import Final, Protocol

from shared.escalation import Escalation
from shared.ports.escalations import Concluded
from shared.precedent import Precedent

REMEMBERED_LIMIT: Final = 1_000
"""How many answered questions a route remembers; of more, those that are kept longest."""


class Precedents(Protocol):
    """Remembers by route which questions people answered, and finds those that are like another.

    An entry lives no longer than the record that it was made of, where its words and its answer
    are read.
    """

    async def remember(self, route: str, escalation: Escalation) -> bool:
        """Remember an answered question, once however often it is told; tell whether it is new."""
        ...

    async def find(self, route: str, escalation: Escalation, *, most: int) -> list[str]:
        """List the ids of what is like this question, never its own: the most alike first."""
        ...

    async def note_shown(
        self, escalation_id: str, precedents: tuple[Precedent, ...]
    ) -> Concluded | None:
        """Fix what a question shows of it. The first note stands; None if it is not kept."""
        ...

    async def forget_expired(self) -> int:
        """Forget what is no longer kept, a few hundred at most; tell how many were forgotten."""
        ...

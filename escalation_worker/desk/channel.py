"""The desk as a `HumanChannel`, and who may answer there."""

from __future__ import annotations

from typing import Final

from escalation_worker.operators import Operators
from shared.escalation import ChannelKind, Escalation, Posting
from shared.ports.channel import PostingJournal

DESK_ROLE: Final = "desk"
"""The role of everybody who got past the desk's door: its password, or being on this host."""

DESK_OPERATORS: Final = Operators(roles=frozenset({DESK_ROLE}))
"""Whoever can open the desk may answer. Discord never gives this role: its roles are digits."""


class DeskChannel:
    """Shows questions by having them in the store: the page reads them from there."""

    async def post(self, escalation: Escalation, journal: PostingJournal) -> Posting:  # noqa: ARG002 (nothing can be half done here)
        """Name the place. Nothing leaves this process, so doing it twice is doing it once."""
        return Posting(channel=ChannelKind.DESK, place="desk", reference=f"desk:{escalation.id}")

    async def show_outcome(self, escalation: Escalation) -> None:
        """Do nothing: the page follows the store."""

"""Whose turn it is to listen."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Protocol

from shared.ports.hold import Hold

SLOT_LENGTH: Final = timedelta(seconds=3)
"""A listener that is killed gives way after so long, and one that can't keep its slot stops."""


class ListenerSlots(Protocol):
    """One worker's way to one of the few places from which workers listen for one bot."""

    async def hold(self) -> Hold | None:
        """Keep the slot that is ours, or take a free one; None where all are taken.

        One worker holds a slot at a time; each new hold has a larger number than the last.
        """
        ...

    async def release(self) -> None:
        """Give the slot back, so that another worker need not wait for its end."""
        ...

"""Whose turn it is to speak, and how long nobody has."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self


class Floor:
    """Held by one speaker at a time, first come, first served.

    The runtime keeps no order between a customer's text and an unprompted reply: both would be
    in the model's context before either was answered, and the second answer would be lost.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._last_sound = asyncio.get_running_loop().time()

    async def __aenter__(self) -> Self:
        await self._lock.acquire()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lock.release()

    def sound(self) -> None:
        """Note that somebody speaks or has just spoken."""
        self._last_sound = asyncio.get_running_loop().time()

    def silence(self) -> float:
        """Count the seconds since anybody spoke."""
        return asyncio.get_running_loop().time() - self._last_sound

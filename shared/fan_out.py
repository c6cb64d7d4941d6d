"""One source, any number of readers: each gets everything that is told from when it subscribed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager


class FanOut:
    """Passes ids on to whoever reads."""

    def __init__(self) -> None:
        self._readers: set[asyncio.Queue[str]] = set()

    def tell(self, escalation_id: str) -> None:
        """Pass an id on to every reader."""
        for reader in self._readers:
            reader.put_nowait(escalation_id)

    @asynccontextmanager
    async def subscribe(self) -> AsyncGenerator[AsyncIterator[str]]:
        """Read from now on, for as long as the block lasts."""
        reader: asyncio.Queue[str] = asyncio.Queue()
        self._readers.add(reader)
        try:
            yield _drain(reader)
        finally:
            self._readers.discard(reader)


async def _drain(queue: asyncio.Queue[str]) -> AsyncIterator[str]:
    while True:
        yield await queue.get()

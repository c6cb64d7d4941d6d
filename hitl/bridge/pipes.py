"""Standard input and output as the wire: one JSON message a line, and nothing else on it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from collections.abc import AsyncIterator
from typing import Any, BinaryIO


class Wire:
    """The client's end. What other code prints goes to standard error."""

    def __init__(self) -> None:
        self._out: BinaryIO = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
        self._lines: asyncio.Queue[bytes] = asyncio.Queue()

    def send(self, message: dict[str, Any]) -> None:
        """Write a message.

        Raises:
            BrokenPipeError: The client is gone.
        """
        self._out.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")
        self._out.flush()

    async def lines(self) -> AsyncIterator[bytes]:
        """Yield what the client writes, until it closes its end."""
        loop = asyncio.get_running_loop()

        def read() -> None:
            for line in sys.stdin.buffer:
                loop.call_soon_threadsafe(self._lines.put_nowait, line)
            loop.call_soon_threadsafe(self._lines.put_nowait, b"")

        # A daemon, since nothing can end a read that the client never answers.
        threading.Thread(target=read, daemon=True).start()
        while line := await self._lines.get():
            if line.strip():
                yield line

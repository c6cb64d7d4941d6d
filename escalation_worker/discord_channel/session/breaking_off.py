"""Breaks off a request of discord.py so that no other waits for it afterwards.

A job breaks its request off where it takes too long, or where the job's lease is lost. discord.py
does not reckon with that: the request that was told of the bot's own limit holds up all the others,
and would have let them go after its sleep; and one that sleeps in the line of its route begins
another sleep there when it is cancelled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Final

AGAIN_SECONDS: Final = 0.1
"""Time for discord.py to put its counts right, which it does without waiting for anything."""


async def breakable(http: Any, request: Awaitable[Any]) -> Any:
    """Await a request; where that is cancelled, end it at once and let go of all that it held."""
    asking = asyncio.ensure_future(request)
    try:
        return await asyncio.shield(asking)
    except asyncio.CancelledError:
        # Too early where another one is still told to wait: then it is told so again.
        http._global_over.set()  # noqa: SLF001 - discord.py has no other door to it
        while not asking.done():
            asking.cancel()
            await asyncio.wait({asking}, timeout=AGAIN_SECONDS)
        raise

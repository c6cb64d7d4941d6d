"""One pace for the REST calls that all workers make as one bot."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from shared.errors import StoreUnavailableError
from shared.redis_adapter.scripts import Scripts
from shared.telemetry import get_logger

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from shared.redis_adapter.keys import Keys

log = get_logger(__name__)


class RedisPace:
    """Lets a bot's calls leave at most so often, over all processes."""

    def __init__(
        self, redis: Redis, keys: Keys, bot: str, *, per_second: float, burst: int
    ) -> None:
        self._key = keys.rest(bot)
        self._args = (1000 / per_second, burst)
        self._scripts = Scripts(redis)
        self._interval = 1 / per_second
        self._alone_until = 0.0
        self._alone = False

    async def turn(self) -> None:
        """Wait for this call's turn.

        Without Redis the calls still leave, evenly spaced in this process: what is being shown
        to people when Redis goes away should be finished.
        """
        try:
            wait_ms = float(await self._scripts.call("pace", [self._key], self._args))
        except StoreUnavailableError as error:
            if not self._alone:  # once for an outage, not for each call
                log.warning("pace_unshared", reason=str(error))
            self._alone = True
            # Nothing is awaited between reading and writing it, so no two calls get one turn.
            now = time.monotonic()
            self._alone_until = max(now, self._alone_until) + self._interval
            await asyncio.sleep(self._alone_until - now)
            return
        self._alone = False
        if wait_ms > 0:
            await asyncio.sleep(wait_ms / 1000)

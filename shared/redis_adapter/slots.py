"""Which workers listen: a few slots, each held under a short lease with a fencing number."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from shared.ports.hold import Hold
from shared.ports.listening import SLOT_LENGTH
from shared.redis_adapter.scripts import Replicas, Scripts

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from shared.redis_adapter.keys import Keys

FENCE_KEPT: Final = timedelta(days=30)


class RedisListenerSlots:
    """One worker's hold on one of a bot's slots. The token is this process's own."""

    def __init__(
        self,
        redis: Redis,
        keys: Keys,
        bot: str,
        *,
        slots: int,
        length: timedelta = SLOT_LENGTH,
        replicas: Replicas | None = None,
    ) -> None:
        self._keys = keys
        self._bot = bot
        self._scripts = Scripts(redis, replicas=replicas)
        self._numbers = range(slots)
        self._length_ms = int(length.total_seconds() * 1000)
        self._token = uuid4().hex
        self._held: int | None = None

    async def hold(self) -> Hold | None:
        """See `ListenerSlots.hold`.

        Raises:
            StoreUnavailableError: Nothing is known about the slots now.
        """
        for number in self._numbers if self._held is None else (self._held,):
            fence = await self._scripts.call(
                "hold_slot",
                [self._keys.slot(self._bot, number), self._keys.fence(self._bot, number)],
                [self._token, self._length_ms, int(FENCE_KEPT.total_seconds() * 1000)],
            )
            if fence:
                self._held = number
                return Hold(number, int(fence), self._bot)
        self._held = None
        return None

    async def release(self) -> None:
        """See `ListenerSlots.release`.

        Raises:
            StoreUnavailableError: It ends by itself then.
        """
        if self._held is not None:
            number, self._held = self._held, None
            slot = self._keys.slot(self._bot, number)
            await self._scripts.call("renew_lease", [slot], [self._token, 0])

"""Which questions are kept: a tenant's, a conversation's, and those that are open. Only reads.

What can't be read of them is left out, and logged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from shared.errors import UnreadableRecordError
from shared.redis_adapter.connection import translated_errors
from shared.redis_adapter.records import from_hash
from shared.telemetry import get_logger

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from redis.asyncio import Redis

    from shared.escalation import Escalation
    from shared.redis_adapter.keys import Keys
    from shared.redis_adapter.scripts import Scripts

log = get_logger(__name__)

SCAN_LIMIT: Final = 1_000
"""How far back a listing looks, and how many questions of one conversation are on its index."""
OPEN_LIMIT: Final = 500
"""How many open questions are read at once."""
OPEN_PAGES: Final = 10


class Listing:
    """Reads the indexes, and the records that stand on them."""

    def __init__(self, redis: Redis, keys: Keys, scripts: Scripts) -> None:
        self._redis = redis
        self._keys = keys
        self._scripts = scripts

    async def of_tenant(self, tenant: str) -> list[Escalation]:
        """Read a tenant's newest questions, newest first."""
        return await self._read(await self._newest(self._keys.tenant(tenant)))

    async def of_conversation(self, tenant: str, conversation_id: str) -> list[Escalation]:
        """Read the newest questions of one of a tenant's conversations, newest first.

        Those of an older version are among them as far as they are of the tenant's newest: it lists
        them by tenant alone, and may run beside this one.
        """
        index = self._keys.conversation(tenant, conversation_id)
        ids = await self._newest(index)
        # After it: by then no connection to a server that was replaced is in use.
        unlisted = await self._scripts.call(
            "find_unlisted", [self._keys.tenant(tenant)], [SCAN_LIMIT, self._keys.record("")]
        )
        found = [
            each
            for each in await self._read([*ids, *cast("list[str]", unlisted)])
            if each.question.conversation_id == conversation_id
        ]
        return sorted(found, key=lambda each: (each.created_at, each.id), reverse=True)

    async def opened(self) -> list[Escalation]:
        """Read the open questions, the nearest deadline first.

        People look at them again and again, so that any server's word will do.
        """
        async with translated_errors():
            ids = await self._redis.zrange(self._keys.open, 0, OPEN_LIMIT - 1)
        return await self._read_open(cast("list[str]", ids))

    async def open_pages(self) -> AsyncGenerator[list[Escalation]]:
        """Read the open questions page by page, the nearest deadline first."""
        async with translated_errors():
            ids = await self._redis.zrange(self._keys.open, 0, OPEN_LIMIT * OPEN_PAGES - 1)
        for first in range(0, len(ids), OPEN_LIMIT):
            yield await self._read_open(cast("list[str]", ids[first : first + OPEN_LIMIT]))

    async def _read_open(self, ids: list[str]) -> list[Escalation]:
        return [found for found in await self._read(ids) if found.state.is_open]

    async def _newest(self, index: str) -> list[str]:
        """Read an index, newest first; a server that was left behind would lack the newest."""
        found = await self._scripts.read_whole("ZREVRANGE", index, 0, SCAN_LIMIT - 1)
        return cast("list[str]", found)

    async def _read(self, ids: list[str]) -> list[Escalation]:
        """Read records in one round trip, leaving out those that expired or can't be read."""
        try:
            async with translated_errors(), self._redis.pipeline(transaction=False) as pipe:
                for escalation_id in ids:
                    pipe.hgetall(self._keys.record(escalation_id))
                hashes = await pipe.execute()
        except UnicodeDecodeError:
            if len(ids) == 1:
                log.warning("record_unreadable", escalation_id=ids[0])
                return []
            # One record that is no text hides all that are read with it.
            middle = len(ids) // 2
            return await self._read(ids[:middle]) + await self._read(ids[middle:])
        found: list[Escalation] = []
        for escalation_id, fields in zip(ids, hashes, strict=True):
            try:
                if fields:
                    found.append(from_hash(fields))
            except UnreadableRecordError:
                log.warning("record_unreadable", escalation_id=escalation_id)
        return found

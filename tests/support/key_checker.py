"""Every key has a TTL or is an index that a sweep empties."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import cast

from redis.asyncio import Redis

from shared.redis_adapter.keys import Keys

NO_TTL = -1


async def leaking_keys(redis: Redis, keys: Keys) -> list[str]:
    """List the keys of this prefix (arq's among them) that would stay for ever."""
    scan = cast("AsyncIterator[str]", redis.scan_iter(f"*{keys.prefix}:*", count=1000))
    found = [key async for key in scan]
    return [
        key for key in found if not keys.is_swept_index(key) and await redis.pttl(key) == NO_TTL
    ]

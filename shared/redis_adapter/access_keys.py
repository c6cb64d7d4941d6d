"""`AccessKeys` and `Admission` on Redis."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, cast

from pydantic import ValidationError

from shared.access_keys import AccessKey
from shared.limits import Counted, Limits
from shared.ports.clock import Clock, utc_now
from shared.redis_adapter.connection import translated_errors
from shared.redis_adapter.records import to_ms
from shared.redis_adapter.scripts import Replicas, Scripts
from shared.telemetry import get_logger

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from shared.redis_adapter.keys import Keys

log = get_logger(__name__)


class RedisAccessKeys:
    """Keeps each key in a string of its own that expires when the key does."""

    def __init__(
        self, redis: Redis, keys: Keys, *, clock: Clock = utc_now, replicas: Replicas | None = None
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._clock = clock
        self._scripts = Scripts(redis, replicas=replicas)

    async def keep(self, key: AccessKey) -> None:
        """See `AccessKeys.keep`.

        Raises:
            StoreUnavailableError: Redis is away; a `StoreUncertainError` if it may be kept.
        """
        await self._scripts.call(
            "keep_access_key",
            [self._keys.access_key(key.id), self._keys.access_keys],
            [key.id, key.model_dump_json(), to_ms(key.expires_at), to_ms(self._clock())],
        )

    async def find(self, key_id: str) -> AccessKey | None:
        """See `AccessKeys.find`.

        Raises:
            StoreUnavailableError: Redis is away.
        """
        (found,) = await self._read([key_id])
        return found

    async def every(self) -> list[AccessKey]:
        """See `AccessKeys.every`.

        Raises:
            StoreUnavailableError: Redis is away.
        """
        async with translated_errors():
            ids = await self._redis.zrange(self._keys.access_keys, 0, -1)
        return [key for key in await self._read(cast("list[str]", ids)) if key is not None]

    async def revoke(self, key_id: str) -> bool:
        """See `AccessKeys.revoke`.

        Raises:
            StoreUnavailableError: Redis is away; a `StoreUncertainError` if it may be revoked.
        """
        revoked = await self._scripts.call(
            "revoke_access_key",
            [self._keys.access_key(key_id), self._keys.access_keys],
            [key_id],
        )
        return bool(revoked)

    async def _read(self, ids: list[str]) -> list[AccessKey | None]:
        if not ids:
            return []
        async with translated_errors():
            values = await self._redis.mget([self._keys.access_key(each) for each in ids])
        return [self._parsed(value) for value in cast("list[str | None]", values)]

    def _parsed(self, value: str | None) -> AccessKey | None:
        """Read a key; one that this version can't read opens nothing."""
        if value is None:
            return None
        try:
            key = AccessKey.model_validate_json(value)
        except ValidationError:
            log.warning("access_key_unreadable")
            return None
        return key if key.expires_at > self._clock() else None


class RedisAdmission:
    """Counts each agent's requests of a kind at a rate in a bucket that all gateways share."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._keys = keys
        self._scripts = Scripts(redis)

    async def admit(
        self, tenant: str, agent: str, limits: Limits, counted: Counted = Counted.CALL
    ) -> timedelta | None:
        """See `Admission.admit`.

        Raises:
            StoreUnavailableError: Redis is away.
        """
        rate = limits.rate(counted)
        wait_ms = float(
            await self._scripts.call(
                "admit",
                [self._keys.counted(counted, tenant, agent, limits.calls_per_second)],
                [1000 / rate.per_second, rate.burst],
            )
        )
        return timedelta(milliseconds=wait_ms) if wait_ms > 0 else None

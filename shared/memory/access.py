"""Access keys and admission in memory."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.access_keys import AccessKey
from shared.limits import Counted, Limits
from shared.ports.clock import Clock, utc_now


class MemoryAccessKeys:
    """`AccessKeys` in one process's memory."""

    def __init__(self, *, clock: Clock = utc_now) -> None:
        self._clock = clock
        self._kept: dict[str, AccessKey] = {}

    async def keep(self, key: AccessKey) -> None:
        """See `AccessKeys.keep`."""
        self._kept[key.id] = key

    async def find(self, key_id: str) -> AccessKey | None:
        """See `AccessKeys.find`."""
        key = self._kept.get(key_id)
        return key if key is not None and key.expires_at > self._clock() else None

    async def every(self) -> list[AccessKey]:
        """See `AccessKeys.every`."""
        alive = [key for key in self._kept.values() if key.expires_at > self._clock()]
        return sorted(alive, key=lambda key: (key.expires_at, key.id))

    async def revoke(self, key_id: str) -> bool:
        """See `AccessKeys.revoke`."""
        there = await self.find(key_id) is not None
        self._kept.pop(key_id, None)
        return there


class MemoryAdmission:
    """`Admission` in one process's memory."""

    def __init__(self, *, clock: Clock = utc_now) -> None:
        self._clock = clock
        self._full: dict[tuple[str, str, float, Counted], datetime] = {}

    async def admit(
        self, tenant: str, agent: str, limits: Limits, counted: Counted = Counted.CALL
    ) -> timedelta | None:
        """See `Admission.admit`."""
        rate = limits.rate(counted)
        bucket = (tenant, agent, rate.per_second, counted)
        now, interval = self._clock(), rate.interval
        full = max(now, self._full.get(bucket, now))
        wait = full - now - interval * (rate.burst - 1)
        if wait > timedelta(0):
            return wait
        self._full[bucket] = full + interval
        return None

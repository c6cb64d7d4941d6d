"""`AnswerFiles` on Redis: one hash for each answer that has images, and none for any other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from shared.ports.hold import Hold
from shared.redis_adapter.connection import translated_errors
from shared.redis_adapter.scripts import Scripts

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from shared.redis_adapter.keys import Keys


class RedisAnswerFiles:
    """Keeps images beside the record, and expires with it."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        # Replicas are not waited for: they have this before they have the answer that names it.
        self._scripts = Scripts(redis)

    async def keep(
        self,
        escalation_id: str,
        source: str,
        contents: Mapping[str, str],
        hold: Hold | None = None,
    ) -> bool:
        """See `AnswerFiles.keep`."""
        kept = await self._scripts.call(
            "keep_files",
            [
                self._keys.record(escalation_id),
                self._keys.files(escalation_id, source),
                *self._keys.fenced_by(hold),
            ],
            [hold.fence if hold else "", *(part for pair in contents.items() for part in pair)],
        )
        return kept == 1

    async def read(self, escalation_id: str, source: str) -> Mapping[str, str]:
        """See `AnswerFiles.read`."""
        async with translated_errors():
            kept = await cast("Any", self._redis).hgetall(self._keys.files(escalation_id, source))
        return cast("dict[str, str]", kept)

    async def forget(self, escalation_id: str, source: str) -> None:
        """See `AnswerFiles.forget`."""
        async with translated_errors(changes=True):
            await self._redis.delete(self._keys.files(escalation_id, source))

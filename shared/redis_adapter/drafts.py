"""`FormDrafts` on Redis: a hash of its own for each question and person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

from shared.escalation import OPEN_STATES
from shared.ports.form_drafts import DRAFT_LENGTH, Drafted
from shared.ports.hold import Hold
from shared.redis_adapter.connection import translated_errors
from shared.redis_adapter.scripts import Scripts

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from shared.redis_adapter.keys import Keys

_FENCED: Final = 2


class RedisFormDrafts:
    """What people wrote into forms that were not taken yet."""

    def __init__(self, redis: Redis, keys: Keys, *, length: timedelta = DRAFT_LENGTH) -> None:
        self._redis = redis
        self._keys = keys
        self._length = length
        self._scripts = Scripts(redis)

    async def keep(
        self,
        escalation_id: str,
        person_id: str,
        written: Mapping[str, str],
        hold: Hold | None = None,
    ) -> Drafted:
        """See `FormDrafts.keep`."""
        status, *flat = await self._scripts.call(
            "keep_draft",
            [
                self._keys.record(escalation_id),
                self._keys.draft(escalation_id, person_id),
                *self._keys.fenced_by(hold),
            ],
            [
                int(self._length.total_seconds() * 1000),
                hold.fence if hold else "",
                len(OPEN_STATES),
                *sorted(OPEN_STATES),
                *(each for field in written.items() for each in field),
            ],
        )
        texts = cast("list[str]", flat)
        found = dict(zip(texts[::2], texts[1::2], strict=True))
        return Drafted(found, fenced=status == _FENCED)

    async def read(self, escalation_id: str, person_id: str) -> Mapping[str, str]:
        """See `FormDrafts.read`."""
        key = self._keys.draft(escalation_id, person_id)
        async with translated_errors():
            return cast("dict[str, str]", await self._redis.hgetall(key))  # type: ignore[misc]

    async def forget(self, escalation_id: str, person_id: str) -> None:
        """See `FormDrafts.forget`."""
        async with translated_errors(changes=True):
            await self._redis.delete(self._keys.draft(escalation_id, person_id))

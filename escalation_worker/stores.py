"""All that a worker keeps and finds in Redis about questions, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from shared.redis_adapter.corrections import RedisCorrections
from shared.redis_adapter.discussion import RedisDiscussion
from shared.redis_adapter.drafts import RedisFormDrafts
from shared.redis_adapter.files import RedisAnswerFiles
from shared.redis_adapter.hearing import RedisHearing
from shared.redis_adapter.posting import RedisPostingLog
from shared.redis_adapter.store import RedisEscalationStore

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from shared.redis_adapter.keys import Keys
    from shared.redis_adapter.scripts import Replicas


@dataclass(frozen=True, slots=True)
class Stores:
    """The adapters that the use-cases of a worker are given."""

    escalations: RedisEscalationStore
    discussion: RedisDiscussion
    corrections: RedisCorrections
    postings: RedisPostingLog
    hearing: RedisHearing
    drafts: RedisFormDrafts
    files: RedisAnswerFiles

    @classmethod
    def on(cls, redis: Redis, keys: Keys, *, replicas: Replicas | None = None) -> Self:
        """Make them over one client."""
        return cls(
            RedisEscalationStore(redis, keys, replicas=replicas),
            RedisDiscussion(redis, keys, replicas=replicas),
            RedisCorrections(redis, keys, replicas=replicas),
            RedisPostingLog(redis, keys, replicas=replicas),
            RedisHearing(redis, keys),
            RedisFormDrafts(redis, keys),
            RedisAnswerFiles(redis, keys),
        )

"""`Corrections` on Redis: edits of answers, and when there can be no more of them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, cast

from shared.escalation import Outcome
from shared.ports.clock import Clock, utc_now
from shared.ports.escalations import Concluded
from shared.ports.hold import Hold
from shared.redis_adapter.connection import translated_errors
from shared.redis_adapter.jobs import JobName, make_job
from shared.redis_adapter.records import concluded, to_ms
from shared.redis_adapter.scripts import Replicas, Scripts

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from shared.redis_adapter.keys import Keys

_NEVER: Final = 0


class RedisCorrections:
    """Edits of answers, while their route lets people correct them."""

    def __init__(
        self,
        redis: Redis,
        keys: Keys,
        *,
        clock: Clock = utc_now,
        replicas: Replicas | None = None,
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._clock = clock
        self._scripts = Scripts(redis, replicas=replicas)

    async def correct(
        self, escalation_id: str, answer: Outcome, hold: Hold | None = None
    ) -> Concluded | None:
        """See `Corrections.correct`."""
        keys, (named, to_show) = self._keys, self._showing(escalation_id)
        applied, *record = await self._scripts.call(
            "correct",
            [
                keys.record(escalation_id),
                keys.reply(escalation_id),
                *named,
                *keys.fenced_by(hold),
            ],
            [
                escalation_id,
                answer.model_dump_json(),
                answer.source or "",
                to_ms(answer.corrected_at) if answer.corrected_at else _NEVER,
                *to_show,
                hold.fence if hold else "",
            ],
        )
        return concluded(applied, record)

    async def correctable(self, *, before: datetime | None = None) -> list[str]:
        """See `Corrections.correctable`."""
        latest = "+inf" if before is None else str(to_ms(before))
        async with translated_errors():
            ids = await self._redis.zrange(
                self._keys.correctable, cast("Any", "-inf"), cast("Any", latest), byscore=True
            )
        return cast("list[str]", ids)

    async def end_grace(self, escalation_id: str, heard_until: datetime | None) -> bool:
        """See `Corrections.end_grace`."""
        keys, (named, to_show) = self._keys, self._showing(escalation_id)
        ended = await self._scripts.call(
            "end_grace",
            [keys.record(escalation_id), keys.correctable, *named],
            [escalation_id, to_ms(heard_until) if heard_until else _NEVER, *to_show],
        )
        return ended == 1

    def _showing(self, escalation_id: str) -> tuple[list[str], list[str | int]]:
        """Name the keys and arguments of the job that shows what this changes."""
        keys, now_ms = self._keys, to_ms(self._clock())
        show = make_job(
            keys.prefix, JobName.SHOW_OUTCOME, escalation_id, generation=now_ms, now_ms=now_ms
        )
        return (
            [keys.unshown, keys.queue, keys.job(show.id)],
            [now_ms, show.id, show.body, keys.changed, keys.wake],
        )

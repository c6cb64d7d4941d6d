"""`PolicyLog` on Redis: how far each policy has come, and the job that looks at it again."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from shared.escalation import OPEN_STATES, Escalation, PolicyProgress
from shared.ports.clock import Clock, utc_now
from shared.ports.escalations import Concluded
from shared.redis_adapter.jobs import JobName, make_job
from shared.redis_adapter.records import concluded, to_ms
from shared.redis_adapter.scripts import Scripts

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from shared.redis_adapter.keys import Keys


class RedisPolicyLog:
    """Remembers which steps were done."""

    def __init__(self, redis: Redis, keys: Keys, *, clock: Clock = utc_now) -> None:
        self._keys = keys
        self._clock = clock
        self._scripts = Scripts(redis)

    async def note_progress(
        self, found: Escalation, progress: PolicyProgress, *, release: bool = False
    ) -> Concluded | None:
        """See `PolicyLog.note_progress`."""
        keys, now_ms = self._keys, to_ms(self._clock())
        show = make_job(
            keys.prefix, JobName.SHOW_OUTCOME, found.id, generation=now_ms, now_ms=now_ms
        )
        applied, *record = await self._scripts.call(
            "note_progress",
            [keys.record(found.id), keys.unshown, keys.queue, keys.job(show.id)],
            [
                found.id,
                found.progress.steps,
                found.claim.by.id if found.claim else "",
                len(found.remarks),
                progress.model_dump_json(),
                progress.steps,
                int(release),
                now_ms,
                show.id,
                show.body,
                keys.changed,
                keys.wake,
                "" if found.claim_kept_at is None else to_ms(found.claim_kept_at),
                *sorted(OPEN_STATES),
            ],
        )
        return concluded(applied, record)

    async def look_again(self, escalation_id: str, at: datetime | None) -> None:
        """See `PolicyLog.look_again`."""
        keys, now_ms = self._keys, to_ms(self._clock())
        # A millisecond later than asked for, since the moment is cut to whole ones.
        due_ms = None if at is None else max(now_ms, to_ms(at) + 1)
        look = make_job(
            keys.prefix, JobName.POLICY, escalation_id, generation=due_ms or 0, now_ms=now_ms
        )
        await self._scripts.call(
            "look_again",
            [keys.record(escalation_id), keys.looks, keys.queue, keys.job(look.id)],
            [
                escalation_id,
                "" if due_ms is None else due_ms,
                look.id,
                look.body,
                now_ms,
                keys.wake,
            ],
        )

    async def show_again(self, escalation_id: str) -> bool:
        """See `PolicyLog.show_again`."""
        keys, now_ms = self._keys, to_ms(self._clock())
        show = make_job(
            keys.prefix, JobName.SHOW_OUTCOME, escalation_id, generation=now_ms, now_ms=now_ms
        )
        queued = await self._scripts.call(
            "show_again",
            [keys.record(escalation_id), keys.unshown, keys.queue, keys.job(show.id)],
            [
                escalation_id,
                now_ms,
                show.id,
                show.body,
                keys.changed,
                keys.wake,
                *sorted(OPEN_STATES),
            ],
        )
        return queued == 1

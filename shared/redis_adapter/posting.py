"""`PostingLog` on Redis, and the sweep that brings back what a dead worker left behind."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast
from uuid import uuid4

from shared.escalation import Posting, State
from shared.manner import Manner
from shared.ports.clock import Clock, utc_now
from shared.ports.postings import LeaseVerdict, PostingLease, Work
from shared.redis_adapter.connection import translated_errors
from shared.redis_adapter.jobs import JobName, job_prefix, make_job
from shared.redis_adapter.records import from_flat, manner_as_json, to_ms
from shared.redis_adapter.scripts import Replicas, Scripts

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from shared.redis_adapter.keys import Keys

LEASE: Final = timedelta(seconds=5)
OVERDUE: Final = timedelta(seconds=3)
"""How long the jobs have before the sweep does their work."""
LOOKED_AT: Final = 500
"""By one script; it takes a few milliseconds."""
MOST_LOOKED_AT: Final = 20_000
"""By one sweep, of each index; whatever is behind waits for arq."""
MOST_OVERDUE: Final = 2_000
"""Also those that wait for a bot that does not run: others' must not wait behind them."""
_COUNTED_BY: Final = {Work.POSTING: "attempts", Work.SHOWING: "showings"}
_JOB_FIELD: Final = {Work.POSTING: "post_job", Work.SHOWING: "show_job", Work.POLICY: "policy_job"}
_JOB: Final = {
    Work.POSTING: JobName.POST,
    Work.SHOWING: JobName.SHOW_OUTCOME,
    Work.POLICY: JobName.POLICY,
}


class RedisPostingLog:
    """Remembers who is posting what, and where each question is shown."""

    def __init__(
        self,
        redis: Redis,
        keys: Keys,
        *,
        clock: Clock = utc_now,
        lease: timedelta = LEASE,
        replicas: Replicas | None = None,
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._clock = clock
        self._lease_ms = int(lease.total_seconds() * 1000)
        self._scripts = Scripts(redis, replicas=replicas)

    async def lease(self, escalation_id: str, work: Work = Work.POSTING) -> PostingLease:
        """See `PostingLog.lease`."""
        token = uuid4().hex
        verdict, attempt, *record = await self._scripts.call(
            "lease",
            [
                self._keys.record(escalation_id),
                self._keys.lease(escalation_id),
                *([self._keys.unposted] if work is Work.POSTING else []),
            ],
            [token, self._lease_ms, _COUNTED_BY[work], escalation_id],
        )
        escalation = from_flat(record) if record else None
        return PostingLease(LeaseVerdict(verdict), escalation, token, int(attempt))

    async def renew(self, lease: PostingLease) -> bool:
        """See `PostingLog.renew`."""
        return await self._prolong(lease, self._lease_ms)

    async def release(self, lease: PostingLease) -> None:
        """See `PostingLog.release`."""
        await self._prolong(lease, 0)

    async def note_posting(
        self, escalation_id: str, posting: Posting, *, complete: bool, shown_before: bool = False
    ) -> State:
        """See `PostingLog.note_posting`."""
        keys = self._keys
        state = await self._scripts.call(
            "note_posting",
            [
                keys.record(escalation_id),
                keys.posting(posting.bot, posting.reference),
                keys.unposted,
                keys.unshown,
                keys.unread,
                keys.looks,
            ],
            [
                escalation_id,
                posting.model_dump_json(),
                int(complete),
                to_ms(self._clock()),
                keys.changed,
                int(shown_before),
            ],
        )
        return State(state) if state is not None else State.CANCELLED

    async def note_manner(self, escalation_id: str, manner: Manner, since: datetime | None) -> None:
        """See `PostingLog.note_manner`."""
        await self._scripts.call(
            "note_manner",
            [self._keys.record(escalation_id)],
            [manner_as_json(manner), "" if since is None else to_ms(since)],
        )

    async def find(self, bot: str, posting_reference: str) -> str | None:
        """See `PostingLog.find`."""
        found = await self._scripts.read("GET", self._keys.posting(bot, posting_reference))
        return cast("str | None", found)

    async def requeue(self, work: Work) -> int:
        """Queue again what is to be shown but that nobody is at; tell how many."""
        keys, now_ms = self._keys, to_ms(self._clock())
        index = {
            Work.POSTING: keys.unposted,
            Work.SHOWING: keys.unshown,
            Work.POLICY: keys.looks,
        }[work]
        queued = 0
        for escalation_id in await self._idle(index, work, now_ms):
            body = make_job(
                keys.prefix, _JOB[work], escalation_id, generation=0, now_ms=now_ms
            ).body
            queued += await self._scripts.call(
                "requeue",
                [keys.record(escalation_id), keys.lease(escalation_id), index, keys.queue],
                [
                    escalation_id,
                    job_prefix(keys.prefix, _JOB[work], escalation_id),
                    body,
                    now_ms,
                    keys.wake,
                    _JOB_FIELD[work],
                    int(work is Work.POSTING),
                ],
            )
        return queued

    async def _idle(self, index: str, work: Work, now_ms: int) -> list[str]:
        """Find what no job waits to do, also behind whatever jobs do wait for."""
        overdue_ms = now_ms - int(OVERDUE.total_seconds() * 1000)
        idle: list[str] = []
        for passed_over in range(0, MOST_LOOKED_AT, LOOKED_AT):
            count, *found = await self._scripts.call(
                "find_idle",
                [index],
                [
                    overdue_ms,
                    passed_over,
                    LOOKED_AT,
                    self._keys.record(""),
                    _JOB_FIELD[work],
                    int(work is Work.POSTING),
                ],
            )
            idle += cast("list[str]", found)
            if count < LOOKED_AT:
                break
        return idle

    async def overdue(self) -> list[str]:
        """Ids of open questions whose deadline passed although no job ended them."""
        latest = to_ms(self._clock() - OVERDUE)
        async with translated_errors():
            ids = await self._redis.zrange(
                self._keys.open,
                cast("Any", "-inf"),
                latest,
                byscore=True,
                offset=0,
                num=MOST_OVERDUE,
            )
        return cast("list[str]", ids)

    async def forget(self, escalation_id: str) -> None:
        """Take a question whose record has expired off the indexes."""
        keys = self._keys
        indexes = (keys.open, keys.unposted, keys.unshown, keys.unread, keys.looks)
        await self._scripts.call("forget", [keys.record(escalation_id), *indexes], [escalation_id])

    async def unshown_score(self, escalation_id: str) -> int | None:
        """When the outcome that is still to be shown was decided (ms), if one is."""
        async with translated_errors():
            score = await self._redis.zscore(self._keys.unshown, escalation_id)
        return None if score is None else int(score)

    async def shown(self, escalation_id: str, score: int) -> None:
        """Note that people can see the outcome that was decided at `score`."""
        await self._scripts.call("forget_shown", [self._keys.unshown], [escalation_id, str(score)])

    async def showing_job(self, escalation_id: str) -> str | None:
        """See `Backlog.showing_job`."""
        record = self._keys.record(escalation_id)
        async with translated_errors():
            found = await cast("Any", self._redis).hget(record, _JOB_FIELD[Work.SHOWING])
        return cast("str | None", found)

    async def _prolong(self, lease: PostingLease, length_ms: int) -> bool:
        if lease.escalation is None:
            return False
        ours = await self._scripts.call(
            "renew_lease", [self._keys.lease(lease.escalation.id)], [lease.token, length_ms]
        )
        return ours == 1

"""`Discussion` on Redis: remarks, claims and votes, each one script."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from shared.escalation import (
    CLAIM_KEPT_EVERY,
    CLAIM_SOURCES_LIMIT,
    OPEN_STATES,
    REMARKS_LIMIT,
    Author,
    Claim,
    Outcome,
    Remark,
    State,
    Vote,
    states_before,
)
from shared.ports.clock import Clock, utc_now
from shared.ports.escalations import Concluded
from shared.ports.hold import Hold
from shared.redis_adapter.jobs import Job, JobName, make_job
from shared.redis_adapter.records import concluded, to_ms
from shared.redis_adapter.scripts import Replicas, Scripts

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from shared.redis_adapter.keys import Keys

_MAY_REMARK: Final = {
    Author.OPERATOR: states_before(State.NEEDS_INFO) | {State.NEEDS_INFO},
    Author.AGENT: OPEN_STATES,
}
_NOBODYS: Final = ""
_ANYBODYS: Final = "*"


class RedisDiscussion:
    """What passes between people and the agent before an answer."""

    def __init__(
        self,
        redis: Redis,
        keys: Keys,
        *,
        clock: Clock = utc_now,
        replicas: Replicas | None = None,
    ) -> None:
        self._keys = keys
        self._clock = clock
        self._scripts = Scripts(redis, replicas=replicas)

    async def remark(
        self, escalation_id: str, remark: Remark, hold: Hold | None = None
    ) -> Concluded | None:
        """See `Discussion.remark`."""
        keys, (now_ms, show) = self._keys, self._showing(escalation_id)
        applied, *record = await self._scripts.call(
            "remark",
            [
                keys.record(escalation_id),
                keys.asked_back(escalation_id),
                *self._shown_by(show),
                *keys.fenced_by(hold),
            ],
            [
                escalation_id,
                remark.author,
                remark.model_dump_json(),
                remark.source,
                REMARKS_LIMIT,
                *self._to_show(now_ms, show),
                hold.fence if hold else "",
                *sorted(_MAY_REMARK[remark.author]),
            ],
        )
        return concluded(applied, record)

    async def claim(
        self,
        escalation_id: str,
        claim: Claim,
        hold: Hold | None = None,
        *,
        take_over: bool = False,
    ) -> Concluded | None:
        """See `Discussion.claim`."""
        ends = _ANYBODYS if take_over else _NOBODYS
        return await self._claim(escalation_id, claim, ends, claim.source, hold)

    async def release(
        self,
        escalation_id: str,
        person_id: str | None,
        hold: Hold | None = None,
        *,
        source: str = "",
    ) -> Concluded | None:
        """See `Discussion.release`."""
        return await self._claim(escalation_id, None, person_id or _ANYBODYS, source, hold)

    async def _claim(
        self, escalation_id: str, claim: Claim | None, ends: str, source: str, hold: Hold | None
    ) -> Concluded | None:
        keys, (now_ms, show) = self._keys, self._showing(escalation_id)
        applied, *record = await self._scripts.call(
            "claim",
            [keys.record(escalation_id), *self._shown_by(show), *keys.fenced_by(hold)],
            [
                escalation_id,
                claim.model_dump_json() if claim else "",
                claim.by.id if claim else "",
                ends,
                source,
                int(claim is not None and claim.assigned_by is not None),
                *self._to_show(now_ms, show),
                hold.fence if hold else "",
                CLAIM_SOURCES_LIMIT,
                *sorted(OPEN_STATES),
            ],
        )
        return concluded(applied, record)

    async def keep_claim(
        self, escalation_id: str, person_id: str, at: datetime, hold: Hold | None = None
    ) -> Concluded | None:
        """See `Discussion.keep_claim`."""
        applied, *record = await self._scripts.call(
            "keep_claim",
            [self._keys.record(escalation_id), *self._keys.fenced_by(hold)],
            [
                person_id,
                to_ms(at),
                CLAIM_KEPT_EVERY // timedelta(milliseconds=1),
                hold.fence if hold else "",
                *sorted(OPEN_STATES),
            ],
        )
        return concluded(applied, record)

    async def vote(
        self,
        escalation_id: str,
        vote: Vote,
        outcome: Outcome,
        hold: Hold | None = None,
        *,
        needed: int,
    ) -> Concluded | None:
        """See `Discussion.vote`."""
        known, (now_ms, show) = self._keys, self._showing(escalation_id)
        applied, *record = await self._scripts.call(
            "vote",
            [
                known.record(escalation_id),
                known.reply(escalation_id),
                known.open,
                known.unposted,
                *self._shown_by(show),
                *known.fenced_by(hold),
            ],
            [
                escalation_id,
                vote.model_dump_json(),
                vote.by.id,
                int(vote.approve),
                needed,
                outcome.model_dump_json(),
                outcome.state,
                *self._to_show(now_ms, show),
                hold.fence if hold else "",
                *sorted(states_before(outcome.state)),
            ],
        )
        return concluded(applied, record)

    def _showing(self, escalation_id: str) -> tuple[int, Job]:
        """Make the job that shows what this changes."""
        now_ms = to_ms(self._clock())
        job = make_job(
            self._keys.prefix, JobName.SHOW_OUTCOME, escalation_id, generation=now_ms, now_ms=now_ms
        )
        return now_ms, job

    def _shown_by(self, show: Job) -> list[str]:
        return [self._keys.unshown, self._keys.queue, self._keys.job(show.id)]

    def _to_show(self, now_ms: int, show: Job) -> list[str | int]:
        return [now_ms, show.id, show.body, self._keys.changed, self._keys.wake]

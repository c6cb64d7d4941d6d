"""`EscalationStore` on Redis. Every decision is one script; this file only packs and unpacks."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, cast

from shared.errors import TooManyOpenError, UnreadableRecordError
from shared.escalation import (
    OPEN_STATES,
    Ask,
    Escalation,
    News,
    Outcome,
    State,
    may_be_id,
    new_id,
    states_before,
)
from shared.expiry import ARRIVAL, WORD
from shared.ports.clock import Clock, utc_now
from shared.ports.escalations import Accepted, Concluded
from shared.ports.hold import Hold
from shared.redis_adapter.connection import translated_errors
from shared.redis_adapter.jobs import Job, JobName, make_job
from shared.redis_adapter.listing import SCAN_LIMIT, Listing
from shared.redis_adapter.records import (
    concluded,
    delivered_field,
    from_flat,
    from_hash,
    from_ms,
    to_ms,
)
from shared.redis_adapter.scripts import Replicas, Scripts

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from redis.asyncio import Redis

    from shared.redis_adapter.keys import Keys

POSTS_PER_SECOND: Final = 10
"""Of one agent's questions, over time. Each takes two calls to Discord, which lets a bot make 50:
so a flood of one agent's leaves room for the others'."""
POSTS_AT_ONCE: Final = 20
LIST_LIMIT: Final = 100


class RedisEscalationStore:
    """Keeps every question in Redis, together with the jobs that move it on."""

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
        self._listing = Listing(redis, keys, self._scripts)

    async def accept(self, ask: Ask) -> Accepted:
        """See `EscalationStore.accept`."""
        keys, now = self._keys, _whole_ms(self._clock())
        escalation = Escalation(
            id=new_id(),
            agent=ask.agent,
            tenant=ask.tenant,
            question=ask.question,
            state=State.QUEUED,
            created_at=now,
            deadline=now + ask.timeout,
            kept_until=now + ask.timeout + ask.retention,
        )
        post, expire = (
            self._job(name, escalation.id, now=now) for name in (JobName.POST, JobName.EXPIRE)
        )
        identical = keys.identical(ask.owner, ask.question.fingerprint())
        named = [
            keys.record(escalation.id),
            keys.open,
            keys.unposted,
            keys.tenant(ask.owner),
            identical,
            keys.queue,
            keys.job(post.id),
            keys.job(expire.id),
            keys.asks(ask.owner, ask.agent),
            keys.posts(ask.owner, ask.agent),
            identical
            if ask.idempotency_key is None
            else keys.idempotency(ask.owner, ask.idempotency_key),
        ]
        if ask.question.conversation_id is not None:
            named.append(keys.conversation(ask.owner, ask.question.conversation_id))
        kept_id, *first_deadline = await self._scripts.call(
            "accept",
            named,
            [
                escalation.id,
                ask.agent,
                ask.question.model_dump_json(),
                to_ms(now),
                to_ms(escalation.deadline),
                to_ms(escalation.kept_until),
                post.id,
                post.body,
                expire.id,
                expire.body,
                keys.record(""),
                keys.changed,
                keys.wake,
                to_ms(escalation.deadline + ARRIVAL + WORD),
                ask.tenant or "",
                ask.open_limit or "",
                1000 // POSTS_PER_SECOND,
                POSTS_AT_ONCE,
                SCAN_LIMIT,
                int(ask.joins and ask.idempotency_key is not None),
            ],
        )
        if first_deadline:
            raise TooManyOpenError(ask.open_limit or 0, from_ms(first_deadline[0]) - now)
        if kept_id == escalation.id:
            return Accepted(escalation, joined=False)
        joined = await self.get(kept_id)
        if joined is None:  # it expired between two calls: ask afresh
            return await self.accept(ask)
        return Accepted(joined, joined=True)

    async def get(self, escalation_id: str) -> Escalation | None:
        """See `EscalationStore.get`."""
        if not may_be_id(escalation_id):
            return None  # with a `:` in it, it would name a key that is no record
        try:
            fields = await self._scripts.read("HGETALL", self._keys.record(escalation_id))
        except UnicodeDecodeError as error:
            raise UnreadableRecordError from error
        return from_hash(fields) if fields else None

    async def list_for_tenant(
        self,
        tenant: str,
        *,
        conversation_id: str | None = None,
        states: frozenset[State] | None = None,
        most: int = LIST_LIMIT,
    ) -> list[Escalation]:
        """See `EscalationStore.list_for_tenant`."""
        if conversation_id is None:
            kept = await self._listing.of_tenant(tenant)
        else:
            kept = await self._listing.of_conversation(tenant, conversation_id)
        return [each for each in kept if states is None or each.state in states][:most]

    async def list_open(self) -> list[Escalation]:
        """See `EscalationStore.list_open`."""
        return await self._listing.opened()

    def open_pages(self) -> AsyncGenerator[list[Escalation]]:
        """See `EscalationStore.open_pages`."""
        return self._listing.open_pages()

    async def count_open(self, tenant: str, agent: str) -> int:
        """See `EscalationStore.count_open`."""
        after_now = f"({to_ms(self._clock())}"
        async with translated_errors():
            return await self._redis.zcount(self._keys.asks(tenant, agent), after_now, "+inf")

    async def conclude(
        self, escalation_id: str, outcome: Outcome, hold: Hold | None = None
    ) -> Concluded | None:
        """See `EscalationStore.conclude`."""
        keys, now = self._keys, self._clock()
        show = self._job(JobName.SHOW_OUTCOME, escalation_id, now=now)
        applied, *record = await self._scripts.call(
            "conclude",
            [
                keys.record(escalation_id),
                keys.reply(escalation_id),
                keys.open,
                keys.unposted,
                keys.unshown,
                keys.queue,
                keys.job(show.id),
                keys.correctable,
                *keys.fenced_by(hold),
            ],
            [
                escalation_id,
                outcome.state,
                outcome.model_dump_json(),
                to_ms(now),
                show.id,
                show.body,
                keys.changed,
                keys.wake,
                hold.fence if hold else "",
                to_ms(outcome.correctable_until) if outcome.correctable_until else "",
                outcome.source or "",
                *sorted(states_before(outcome.state)),
            ],
        )
        return concluded(applied, record)

    async def keep_late_answer(
        self, escalation_id: str, answer: Outcome, hold: Hold | None = None
    ) -> Concluded | None:
        """See `EscalationStore.keep_late_answer`."""
        keys, now = self._keys, self._clock()
        show = self._job(JobName.SHOW_OUTCOME, escalation_id, now=now, generation=to_ms(now))
        applied, *record = await self._scripts.call(
            "keep_late_answer",
            [
                keys.record(escalation_id),
                keys.unshown,
                keys.queue,
                keys.job(show.id),
                *keys.fenced_by(hold),
            ],
            [
                escalation_id,
                answer.model_dump_json(),
                to_ms(now),
                show.id,
                show.body,
                keys.changed,
                keys.wake,
                hold.fence if hold else "",
            ],
        )
        return concluded(applied, record)

    async def hand_over(self, escalation_id: str) -> Escalation | None:
        """See `EscalationStore.hand_over`."""
        record = await self._scripts.call(
            "hand_over", [self._keys.record(escalation_id)], [to_ms(self._clock())]
        )
        return from_flat(record) if record else None

    async def note_delivery(self, escalation_id: str, news: News) -> Concluded | None:
        """See `EscalationStore.note_delivery`."""
        keys, now = self._keys, self._clock()
        show = self._job(JobName.SHOW_OUTCOME, escalation_id, now=now, generation=to_ms(now))
        applied, *record = await self._scripts.call(
            "note_delivery",
            [keys.record(escalation_id), keys.unshown, keys.queue, keys.job(show.id)],
            [
                escalation_id,
                news,
                delivered_field(news),
                to_ms(now),
                show.id,
                show.body,
                keys.changed,
                keys.wake,
            ],
        )
        return concluded(applied, record)

    async def note_caller(self, escalation_id: str, *, gone: bool) -> Concluded | None:
        """See `EscalationStore.note_caller`."""
        keys, now = self._keys, self._clock()
        show = self._job(JobName.SHOW_OUTCOME, escalation_id, now=now, generation=to_ms(now))
        applied, *record = await self._scripts.call(
            "note_caller",
            [keys.record(escalation_id), keys.unshown, keys.queue, keys.job(show.id)],
            [
                escalation_id,
                int(gone),
                to_ms(now),
                show.id,
                show.body,
                keys.changed,
                keys.wake,
                *sorted(OPEN_STATES),
            ],
        )
        return concluded(applied, record)

    async def ping(self) -> None:
        """Reach Redis.

        Raises:
            StoreUnavailableError: It can't be reached or refuses us.
        """
        async with translated_errors():
            await cast("Any", self._redis).ping()

    def _job(self, name: JobName, escalation_id: str, *, now: datetime, generation: int = 0) -> Job:
        return make_job(
            self._keys.prefix, name, escalation_id, generation=generation, now_ms=to_ms(now)
        )


def _whole_ms(moment: datetime) -> datetime:
    """Drop what Redis does not keep, so that a record equals itself read back."""
    return from_ms(to_ms(moment))

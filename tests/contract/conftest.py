"""One set of promises, held on memory, on fakeredis and on the real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta

import pytest
from fakeredis import FakeAsyncRedis
from support.clock import SteppedClock
from support.key_checker import leaking_keys

from shared.access_keys import AccessKeys
from shared.escalation import DEFAULT_BOT
from shared.limits import Admission
from shared.memory.access import MemoryAccessKeys, MemoryAdmission
from shared.memory.answer_files import MemoryAnswerFiles
from shared.memory.corrections import MemoryCorrections
from shared.memory.discussion import MemoryDiscussion
from shared.memory.escalations import MemoryEscalations
from shared.memory.form_drafts import MemoryFormDrafts
from shared.memory.listening import MemoryHearing, MemoryListenerSlots, MemorySlots
from shared.memory.policies import MemoryPolicyLog
from shared.memory.precedents import MemoryPrecedents
from shared.ports.answer_files import AnswerFiles
from shared.ports.corrections import Corrections
from shared.ports.discussion import Discussion
from shared.ports.escalations import EscalationStore
from shared.ports.form_drafts import FormDrafts
from shared.ports.listening import SLOT_LENGTH, ListenerSlots
from shared.ports.policies import PolicyLog
from shared.ports.postings import PostingLog
from shared.ports.precedents import Precedents
from shared.ports.waiting import ReplyWaiter
from shared.redis_adapter.access_keys import RedisAccessKeys, RedisAdmission
from shared.redis_adapter.connection import open_client, open_subscriber
from shared.redis_adapter.corrections import RedisCorrections
from shared.redis_adapter.discussion import RedisDiscussion
from shared.redis_adapter.drafts import RedisFormDrafts
from shared.redis_adapter.files import RedisAnswerFiles
from shared.redis_adapter.hearing import RedisHearing
from shared.redis_adapter.keys import Keys
from shared.redis_adapter.policies import RedisPolicyLog
from shared.redis_adapter.posting import RedisPostingLog
from shared.redis_adapter.precedents import RedisPrecedents
from shared.redis_adapter.slots import RedisListenerSlots
from shared.redis_adapter.store import RedisEscalationStore
from shared.redis_adapter.waiting import RedisReplyWaiter
from shared.settings import StoreSettings


@dataclass(frozen=True, slots=True)
class Backend:
    """One adapter of every port, on the same data, by a clock that the test moves."""

    store: EscalationStore
    waiter: ReplyWaiter
    log: PostingLog
    clock: SteppedClock
    discussion: Discussion
    hearing: MemoryHearing | RedisHearing
    policies: PolicyLog
    keys: AccessKeys
    admission: Admission
    make_drafts: Callable[[timedelta], FormDrafts]
    files: AnswerFiles
    corrections: Corrections
    make_slots: Callable[[str, int, timedelta], Callable[[], ListenerSlots]]
    make_precedents: Callable[[int], Precedents]
    """Of so many at most that a route remembers."""

    def workers(
        self,
        count: int,
        *,
        slots: int = 1,
        length: timedelta = SLOT_LENGTH,
        bot: str = DEFAULT_BOT,
    ) -> list[ListenerSlots]:
        """Let so many workers look for one of so many slots of a bot."""
        make = self.make_slots(bot, slots, length)
        return [make() for _ in range(count)]


@pytest.fixture(params=["memory", "fakeredis", "valkey"])
async def backend(request: pytest.FixtureRequest, keys: Keys) -> AsyncGenerator[Backend]:
    """Build the ports on one kind of storage."""
    clock = SteppedClock()
    if request.param == "memory":
        memory = MemoryEscalations(clock=clock)

        def in_memory(bot: str, slots: int, length: timedelta) -> Callable[[], ListenerSlots]:
            fleet = MemorySlots(memory, bot, slots=slots, length=length)
            return lambda: MemoryListenerSlots(fleet)

        yield Backend(
            memory,
            memory,
            memory,
            clock,
            MemoryDiscussion(memory),
            MemoryHearing(memory),
            MemoryPolicyLog(memory, clock=clock),
            MemoryAccessKeys(clock=clock),
            MemoryAdmission(),
            lambda length: MemoryFormDrafts(memory, length=length),
            MemoryAnswerFiles(memory),
            MemoryCorrections(memory),
            in_memory,
            lambda most: MemoryPrecedents(memory, clock=clock, most=most),
        )
        return
    async with AsyncExitStack() as stack:
        if request.param == "fakeredis":
            redis = subscriber = await stack.enter_async_context(
                FakeAsyncRedis(decode_responses=True)
            )
        else:
            settings: StoreSettings = request.getfixturevalue("store_settings")
            redis = await stack.enter_async_context(open_client(settings))
            subscriber = await stack.enter_async_context(open_subscriber(settings))
        waiter = RedisReplyWaiter(redis, subscriber, keys)
        running = asyncio.create_task(waiter.run())

        def on_redis(bot: str, slots: int, length: timedelta) -> Callable[[], ListenerSlots]:
            return lambda: RedisListenerSlots(redis, keys, bot, slots=slots, length=length)

        yield Backend(
            RedisEscalationStore(redis, keys, clock=clock),
            waiter,
            RedisPostingLog(redis, keys, clock=clock),
            clock,
            RedisDiscussion(redis, keys, clock=clock),
            RedisHearing(redis, keys),
            RedisPolicyLog(redis, keys, clock=clock),
            RedisAccessKeys(redis, keys, clock=clock),
            RedisAdmission(redis, keys),
            lambda length: RedisFormDrafts(redis, keys, length=length),
            RedisAnswerFiles(redis, keys),
            RedisCorrections(redis, keys, clock=clock),
            on_redis,
            lambda most: RedisPrecedents(redis, keys, clock=clock, most=most),
        )
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert not await leaking_keys(redis, keys)

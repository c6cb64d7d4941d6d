"""A server that was replaced and does not know it yet: it takes all, and has no replicas any more.

Any server alone is one, to a client that waits for replicas.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass

import pytest
from redis.asyncio import Redis
from support.make import a_posting, an_ask

from shared.errors import StoreUnavailableError, StoreUncertainError
from shared.escalation import DEFAULT_BOT, Escalation, new_id
from shared.ports.postings import Work
from shared.redis_adapter.connection import open_client
from shared.redis_adapter.keys import Keys
from shared.redis_adapter.posting import RedisPostingLog
from shared.redis_adapter.scripts import Replicas
from shared.redis_adapter.slots import RedisListenerSlots
from shared.redis_adapter.store import RedisEscalationStore
from shared.settings import StoreSettings


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """What a gateway and a worker do there, and a question that it knows."""

    redis: Redis
    keys: Keys
    replicas: Replicas
    asked: Escalation

    @property
    def store(self) -> RedisEscalationStore:
        """The store, as a gateway or a worker opens it."""
        return RedisEscalationStore(self.redis, self.keys, replicas=self.replicas)

    @property
    def log(self) -> RedisPostingLog:
        """The log, as a worker opens it."""
        return RedisPostingLog(self.redis, self.keys, replicas=self.replicas)

    async def post(self) -> object:
        """Ask for leave to post."""
        return await self.log.lease(self.asked.id)

    async def show(self) -> object:
        """Ask for leave to show an outcome."""
        return await self.log.lease(self.asked.id, Work.SHOWING)

    async def begin(self) -> object:
        """Say that a question's message was sent."""
        return await self.log.note_posting(self.asked.id, a_posting(), complete=False)

    async def listen(self) -> object:
        """Take a slot."""
        slots = RedisListenerSlots(
            self.redis, self.keys, DEFAULT_BOT, slots=1, replicas=self.replicas
        )
        return await slots.hold()


@pytest.fixture
async def left_behind(store_settings: StoreSettings, keys: Keys) -> AsyncGenerator[LeftBehind]:
    ask = an_ask(conversation_id="c1")
    async with open_client(store_settings) as redis:
        asked = (await RedisEscalationStore(redis, keys).accept(ask)).escalation
        yield LeftBehind(redis, keys, Replicas(1, 10, keys.replicated), asked)


@pytest.mark.parametrize(
    "act", [LeftBehind.post, LeftBehind.show, LeftBehind.begin, LeftBehind.listen]
)
async def test_nobody_posts_or_listens_by_its_word(
    left_behind: LeftBehind, act: Callable[[LeftBehind], Awaitable[object]]
) -> None:
    with pytest.raises(StoreUncertainError, match="too few replicas"):
        await act(left_behind)


async def test_it_is_not_believed_that_it_knows_nothing(left_behind: LeftBehind) -> None:
    with pytest.raises(StoreUnavailableError, match="still the primary"):
        await left_behind.store.get(new_id())
    with pytest.raises(StoreUnavailableError, match="still the primary"):
        await left_behind.log.find(DEFAULT_BOT, "posted since")


async def test_it_is_not_believed_that_its_lists_are_whole(left_behind: LeftBehind) -> None:
    """Neither that nothing is there, nor that what it knows is all there is."""
    for tenant in ("shop", "another"):
        for conversation in (None, "c1", "accepted since"):
            with pytest.raises(StoreUnavailableError, match="may not know all of it"):
                await left_behind.store.list_for_tenant(tenant, conversation_id=conversation)


async def test_what_it_knows_can_be_read(left_behind: LeftBehind) -> None:
    await RedisPostingLog(left_behind.redis, left_behind.keys).note_posting(
        left_behind.asked.id, a_posting("7"), complete=True
    )
    assert await left_behind.log.find(DEFAULT_BOT, "7") == left_behind.asked.id
    assert await left_behind.store.get(left_behind.asked.id) is not None
    assert [each.id for each in await left_behind.store.list_open()] == [left_behind.asked.id]

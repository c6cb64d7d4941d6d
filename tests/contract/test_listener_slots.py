"""Who may listen, on fakeredis and on the real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
from fakeredis import FakeAsyncRedis
from redis.asyncio import Redis
from support.key_checker import leaking_keys

from shared.redis_adapter.connection import open_client
from shared.redis_adapter.keys import Keys
from shared.redis_adapter.slots import RedisListenerSlots
from shared.settings import StoreSettings


@pytest.fixture(params=["fakeredis", "valkey"])
async def redis(request: pytest.FixtureRequest, keys: Keys) -> AsyncGenerator[Redis]:
    """Open a client of one kind of server."""
    settings: StoreSettings = request.getfixturevalue("store_settings")
    fake = request.param == "fakeredis"
    async with FakeAsyncRedis(decode_responses=True) if fake else open_client(settings) as client:
        yield client
        assert not await leaking_keys(client, keys)


async def test_one_worker_holds_the_slot_until_it_gives_it_back(redis: Redis, keys: Keys) -> None:
    first = RedisListenerSlots(redis, keys, slots=1)
    second = RedisListenerSlots(redis, keys, slots=1)
    assert await first.hold() == 1
    assert await second.hold() is None
    assert await first.hold() == 1, "keeping it is not taking it anew"
    await second.release()
    assert await second.hold() is None, "what one does not hold one can't give back"
    await first.release()
    assert await second.hold() == 2
    assert await first.hold() is None


async def test_a_slot_that_is_not_kept_goes_to_the_next_with_a_larger_number(
    redis: Redis, keys: Keys
) -> None:
    brief = timedelta(milliseconds=40)
    first = RedisListenerSlots(redis, keys, slots=1, length=brief)
    second = RedisListenerSlots(redis, keys, slots=1, length=brief)
    assert await first.hold() == 1
    async with asyncio.timeout(5):
        while (fence := await second.hold()) is None:
            await asyncio.sleep(0.01)
    assert fence == 2


async def test_as_many_hold_a_slot_as_there_are_slots(redis: Redis, keys: Keys) -> None:
    workers = [RedisListenerSlots(redis, keys, slots=2) for _ in range(4)]
    held = await asyncio.gather(*(worker.hold() for worker in workers))
    assert sorted(fence is not None for fence in held) == [False, False, True, True]

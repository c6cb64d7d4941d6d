from __future__ import annotations

import asyncio
import time

from fakeredis import FakeAsyncRedis
from redis.asyncio import Redis

from hitl.embedded_redis import free_port
from shared.escalation import DEFAULT_BOT
from shared.redis_adapter.keys import Keys
from shared.redis_adapter.pacing import RedisPace


async def test_without_redis_calls_leave_one_by_one_and_not_together() -> None:
    calls, per_second = 20, 100.0
    left: list[float] = []
    async with Redis(host="127.0.0.1", port=free_port()) as nobody_there:
        pace = RedisPace(nobody_there, Keys(), DEFAULT_BOT, per_second=per_second, burst=50)

        async def call() -> None:
            await pace.turn()
            left.append(time.monotonic() - started)

        started = time.monotonic()
        async with asyncio.timeout(10):
            await asyncio.gather(*(call() for _ in range(calls)))
    # The n-th can't have left before n intervals had passed, whatever else the machine did.
    assert all(at > 0.99 * number / per_second for number, at in enumerate(left, start=1)), left


async def test_a_bot_that_spent_its_budget_delays_no_other_bot() -> None:
    async with FakeAsyncRedis(decode_responses=True) as redis, asyncio.timeout(10):
        first, second = (
            RedisPace(redis, Keys(), bot, per_second=0.01, burst=1)
            for bot in (DEFAULT_BOT, "BILLING_TOKEN")
        )
        await first.turn()
        waiting = asyncio.create_task(first.turn())
        await second.turn()
        assert not waiting.done(), "the first bot's next turn comes in a hundred seconds"
        waiting.cancel()

"""A call to Redis that is cancelled ends, at whatever moment the cancellation comes."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from shared.escalation import DEFAULT_BOT
from shared.redis_adapter.connection import open_client, open_queue
from shared.redis_adapter.keys import Keys
from shared.redis_adapter.posting import RedisPostingLog
from shared.settings import StoreSettings

MOMENTS = 40
"""Turns of the event loop after which the call is cancelled; it needs about 15."""


async def test_a_cancelled_call_ends_at_every_moment(
    store_settings: StoreSettings, keys: Keys
) -> None:
    async with asyncio.timeout(60):
        for moment in range(MOMENTS):
            for fresh in (True, False):
                async with open_client(store_settings) as redis:
                    log = RedisPostingLog(redis, keys)
                    if not fresh:
                        await log.find(DEFAULT_BOT, "nobody")

                    async def again(log: RedisPostingLog = log) -> None:
                        while True:
                            await log.find(DEFAULT_BOT, "nobody")

                    await _cancelled_after(moment, again())


async def test_a_cancelled_call_of_arqs_ends_at_every_moment(
    store_settings: StoreSettings, keys: Keys
) -> None:
    async with asyncio.timeout(60), open_queue(store_settings, keys) as arq:
        for moment in range(MOMENTS):

            async def again() -> None:
                while True:
                    await arq.zcard(keys.queue)

            await _cancelled_after(moment, again())


async def _cancelled_after(moment: int, endless: Coroutine[None, None, None]) -> None:
    task = asyncio.create_task(endless)
    for _ in range(moment):
        await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=0.5)
    assert done, f"cancelled after {moment} turns, it went on"

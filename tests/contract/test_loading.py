"""A server that is still reading its append-only file."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr
from support.make import an_ask
from support.sentinel_set import a_server

from shared.errors import StoreUnavailableError
from shared.redis_adapter.connection import open_client
from shared.redis_adapter.keys import Keys
from shared.redis_adapter.store import RedisEscalationStore
from shared.settings import StoreSettings

pytestmark = pytest.mark.faults

KEYS = 600
"""With a delay of 5 ms for each, the server loads for three seconds."""


async def test_a_server_that_loads_says_so_and_then_serves(tmp_path: Path, keys: Keys) -> None:
    slow = a_server(
        tmp_path, "slow", "key-load-delay 5000", "loading-process-events-interval-bytes 1024"
    )
    slow.start()
    settings = StoreSettings(redis_url=SecretStr(slow.url))
    try:
        await slow.until("persistence", loading=0)
        async with asyncio.timeout(30), slow.client() as admin, open_client(settings) as redis:
            async with admin.pipeline(transaction=False) as pipe:
                for number in range(KEYS):
                    pipe.set(f"load-{number}", "x" * 50)
                await pipe.execute()
            # While it reads a snapshot it answers in between; while it reads commands, hardly.
            await admin.bgrewriteaof()
            await slow.until("persistence", aof_rewrite_in_progress=0, aof_rewrites=1)
            slow.kill()
            slow.start()
            await slow.until("persistence", loading=1)
            store = RedisEscalationStore(redis, keys)
            with pytest.raises(StoreUnavailableError, match="still loading"):
                await store.accept(an_ask())
            await slow.until("persistence", loading=0)
            assert not (await store.accept(an_ask())).joined
    finally:
        slow.kill()

"""One house for all clients: Valkey, a gateway that wants a key, a worker, and the double."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
import pytest_asyncio
from discord_double import DiscordDouble
from e2e.conftest import Fleet
from redis.asyncio import Redis
from support import processes
from support.discord_views import until_told
from support.key_checker import leaking_keys

from clients.program import KEY, Program
from hitl.embedded_redis import EmbeddedRedis
from shared.redis_adapter.keys import Keys

HOLD_SECONDS: Final = "6"
"""Longer than the 5 s after which some clients give up, and no longer than a test need wait."""


@dataclass(slots=True)
class House:
    """Where clients ask, and people answer."""

    fleet: Fleet
    url: str

    @property
    def double(self) -> DiscordDouble:
        """The Discord in which people answer."""
        return self.fleet.double

    async def answers(self, program: Program, question: str) -> dict[str, Any]:
        """Play a person who asks back before answering; return what the client then reports."""
        maya = self.double.person("Maya")
        await program.until("pending")
        thread = await self.double.until_thread(question)
        await maya.write(thread, "? Which order?")
        await program.until("needs_info")
        await until_told(self.double, thread, "Order 7")
        await maya.write(thread, "Yes, 10 %.")
        return await program.until("answered")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def house(
    tmp_path_factory: pytest.TempPathFactory, valkey: EmbeddedRedis
) -> AsyncGenerator[House]:
    """Start everything once."""
    folder: Path = tmp_path_factory.mktemp("house")
    keys = Keys(f"clients-{uuid4().hex[:12]}")
    async with AsyncExitStack() as stack:
        double = await stack.enter_async_context(DiscordDouble())
        fleet = Fleet(folder, valkey.url, keys, double)
        try:
            gateway = await fleet.add_gateway(
                {
                    "GATEWAY_AUTH": "required",
                    "GATEWAY_API_KEYS": f"clients:{KEY}",
                    "GATEWAY_HOLD_SECONDS": HOLD_SECONDS,
                }
            )
            await fleet.add_worker()
            yield House(fleet, processes.gateway_url(gateway))
        finally:
            await asyncio.to_thread(fleet.stop)
        redis = await stack.enter_async_context(Redis.from_url(valkey.url, decode_responses=True))
        assert not await leaking_keys(redis, keys)

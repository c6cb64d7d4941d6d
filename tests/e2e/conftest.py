"""The whole system as processes: Valkey, gateways, workers, and the Discord double."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from discord_double import DiscordDouble, defaults
from mcp import Client
from redis.asyncio import Redis
from support import processes
from support.key_checker import leaking_keys
from support.processes import Process

from hitl import embedded_redis
from shared.redis_adapter.keys import Keys


@dataclass(slots=True)
class Fleet:
    """Processes that talk to one Redis and one Discord double."""

    folder: Path
    redis_url: str
    keys: Keys
    double: DiscordDouble
    gateways: list[Process] = field(default_factory=list[Process])
    workers: list[Process] = field(default_factory=list[Process])

    @property
    def env(self) -> dict[str, str]:
        """What every process of this fleet is told."""
        return {
            "REDIS_URL": self.redis_url,
            "REDIS_KEY_PREFIX": self.keys.prefix,
            "DISCORD_TOKEN": defaults.BOT_TOKEN,
            "DISCORD_CHANNEL_ID": str(defaults.CHANNEL_ID),
            "DISCORD_USER_ID": str(defaults.MAYA_ID),
            "DISCORD_OPERATOR_ROLE_IDS": str(defaults.OPERATOR_ROLE_ID),
            "DISCORD_API_BASE": self.double.api_base,
            "DISCORD_GATEWAY_URL": self.double.gateway_url,
        }

    async def add_gateway(self, extra: Mapping[str, str] | None = None) -> Process:
        """Start a gateway and wait until it is ready."""
        process = processes.gateway(self.folder, {**self.env, **(extra or {})})
        self.gateways.append(process)
        process.start()
        await processes.until_ready(process)
        return process

    async def add_worker(self, extra: Mapping[str, str] | None = None) -> Process:
        """Start a worker and wait until it listens, or stands by while another one listens."""
        process = self.make_worker(extra)
        process.start()
        await process.until_logged("discord_listening", "discord_standby")
        return process

    def make_worker(self, extra: Mapping[str, str] | None = None) -> Process:
        """Describe a worker without starting it."""
        log = self.folder / f"worker-{len(self.workers)}.log"
        process = Process("escalation_worker", {**self.env, **(extra or {})}, log)
        self.workers.append(process)
        return process

    def client(self, number: int = 0) -> Client:
        """Make an MCP client of a gateway. Open it in the test, not in a fixture."""
        return Client(processes.gateway_url(self.gateways[number]))

    def stop(self) -> None:
        """End every process in order; one that won't leave does not keep the others alive."""
        with ExitStack() as stack:
            for process in (*self.gateways, *self.workers):
                stack.callback(process.stop)


@pytest.fixture
async def fleet(
    tmp_path: Path, valkey: embedded_redis.EmbeddedRedis, keys: Keys
) -> AsyncGenerator[Fleet]:
    """Provide Valkey and the double; each test starts the processes that it needs."""
    async with AsyncExitStack() as stack:
        double = await stack.enter_async_context(DiscordDouble())
        fleet = Fleet(tmp_path, valkey.url, keys, double)
        try:
            yield fleet
        finally:
            await asyncio.to_thread(fleet.stop)
        redis = await stack.enter_async_context(Redis.from_url(valkey.url, decode_responses=True))
        assert not await leaking_keys(redis, keys)

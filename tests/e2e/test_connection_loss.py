"""Connections, and the server, go away under load and come back. Nobody of ours is restarted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from discord_double import DiscordDouble
from redis.asyncio import Redis
from support import processes
from support.load import Load, load

from e2e.conftest import Fleet
from hitl import embedded_redis
from shared.redis_adapter.keys import Keys

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

CUTS, CRASHES = 10, 3


@asynccontextmanager
async def loaded(folder: Path, url: str) -> AsyncGenerator[Load]:
    """Ask through two gateways and two workers; all must outlive it without a traceback."""
    async with asyncio.timeout(100), DiscordDouble() as double:
        fleet = Fleet(folder, url, Keys("loss"), double)
        try:
            for _ in range(2):
                await fleet.add_gateway()
                await fleet.add_worker()
            urls = [processes.gateway_url(each) for each in fleet.gateways]
            async with load(double, urls) as asking:
                await asking.until_accepted_after(0, count=4)
                yield asking
        finally:
            await asyncio.to_thread(fleet.stop)
    for process in (*fleet.gateways, *fleet.workers):
        assert process.process is not None
        assert process.process.returncode == 0, process.text()[-2000:]
        assert "redis.exceptions" not in process.text(), "a traceback where a line would do"


def start(folder: Path, port: int | None = None) -> embedded_redis.EmbeddedRedis:
    """Start a server that flushes its append-only file every second."""
    binary = embedded_redis.find_wheel_server()
    return embedded_redis.start(folder, server=binary, port=port, appendfsync="everysec")


async def test_every_connection_is_cut_again_and_again(tmp_path: Path) -> None:
    server = start(tmp_path / "redis")
    try:
        async with loaded(tmp_path, server.url) as asking, Redis.from_url(server.url) as redis:
            cut = 0
            for _ in range(CUTS):
                for kind in ("normal", "pubsub"):
                    cut += int(
                        await cast("Any", redis).execute_command(
                            "CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes"
                        )
                    )
                await asyncio.sleep(0.3)
            whole = time.monotonic()
            since = await asking.until_accepted_after(whole, count=4) - whole
        print(  # noqa: T201
            f"{cut} connections cut in {CUTS} rounds; accepted {since:.1f} s after the last; "
            f"{len(asking.questions)} answered once, {len(asking.errors)} calls told to try again"
        )
    finally:
        server.stop()


async def test_the_server_is_killed_again_and_again(tmp_path: Path) -> None:
    """A process that dies loses nothing even under everysec: the kernel has what it wrote."""
    server = start(tmp_path / "redis")
    try:
        async with loaded(tmp_path, server.url) as asking:
            waits: list[float] = []
            for _ in range(CRASHES):
                server.kill()
                await asyncio.sleep(0.5)
                server = await asyncio.to_thread(start, tmp_path / "redis", server.port)
                back = time.monotonic()
                waits.append(await asking.until_accepted_after(back) - back)
        print(  # noqa: T201
            f"{CRASHES} crashes; accepted {max(waits):.1f} s after the server was back at most; "
            f"{len(asking.questions)} answered once, {len(asking.errors)} calls told to try again"
        )
    finally:
        server.stop()

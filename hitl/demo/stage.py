"""Sets the stage: Redis, gateway, worker with its desk, and agent, as separate processes."""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from redis import Redis
from redis.exceptions import RedisError

import hitl
from hitl import embedded_redis
from hitl.demo.processes import Child, DemoError
from hitl.embedded_redis import EmbeddedRedis, free_port

READY_SECONDS: Final = 40.0
HOST: Final = "127.0.0.1"
_INHERITED: Final = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TZ", "VIRTUAL_ENV")
"""All that a child gets from our environment: no token or address set there may reach the demo."""

OnReady = Callable[[str, float], None]
"""Told which part is ready, and after how many seconds."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything runs."""

    chat_url: str
    desk_url: str
    children: tuple[Child, ...]

    async def watch(self) -> None:
        """Wait until one of the processes ends by itself.

        Raises:
            DemoError: It did.
        """
        watches = [asyncio.ensure_future(child.watch()) for child in self.children]
        try:
            done, _ = await asyncio.wait(watches, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
        finally:
            for each in watches:
                each.cancel()
            await asyncio.gather(*watches, return_exceptions=True)


@asynccontextmanager
async def set_stage(folder: Path, *, on_ready: OnReady) -> AsyncGenerator[Stage]:
    """Start everything, and stop everything afterwards, the last first.

    Raises:
        DemoError: Something did not start.
    """
    began = time.monotonic()
    with _only_one(folder):
        redis = await asyncio.to_thread(embedded_redis.start, folder / "redis")
        try:
            on_ready("Redis", time.monotonic() - began)
            stage = _plan(folder, redis)
            try:
                await _start(stage.children, began, on_ready)
                yield stage
            finally:
                for child in reversed(stage.children):
                    await child.stop()
        finally:
            await asyncio.to_thread(_stop_redis, redis)


def _plan(folder: Path, redis: EmbeddedRedis) -> Stage:
    gateway, desk, chat = (free_port() for _ in range(3))
    key = secrets.token_urlsafe(32)
    base = _environment() | {"REDIS_URL": redis.url, "LOG_FORMAT": "console"}

    def child(name: str, module: str, port: int, health: str, **settings: str) -> Child:
        return Child(
            name,
            module,
            health_url=f"http://{HOST}:{port}{health}",
            folder=folder,
            env=base | settings,
        )

    return Stage(
        chat_url=f"http://{HOST}:{chat}",
        desk_url=f"http://{HOST}:{desk}",
        children=(
            child(
                "gateway",
                "mcp_gateway",
                gateway,
                "/readyz",
                GATEWAY_HOST=HOST,
                GATEWAY_PORT=str(gateway),
                GATEWAY_API_KEYS=f"shop-assistant:{key}",
            ),
            child(
                "worker", "escalation_worker", desk, "/healthz", DESK_HOST=HOST, DESK_PORT=str(desk)
            ),
            child(
                "agent",
                "customer_agent",
                chat,
                "/healthz",
                GATEWAY_URL=f"http://{HOST}:{gateway}/mcp",
                GATEWAY_API_KEY=key,
                CHAT_HOST=HOST,
                CHAT_PORT=str(chat),
            ),
        ),
    )


async def _start(children: tuple[Child, ...], began: float, on_ready: OnReady) -> None:
    async def bring_up(child: Child) -> None:
        await child.start()
        await child.healthy()
        on_ready(child.name, time.monotonic() - began)

    try:
        async with asyncio.timeout(READY_SECONDS), asyncio.TaskGroup() as group:
            for child in children:
                group.create_task(bring_up(child))
    except* DemoError as errors:
        raise errors.exceptions[0] from None
    except* TimeoutError:
        tails = "\n".join(f"  {child.name}:\n{child.tail()}" for child in children)
        raise DemoError(f"not everything was ready after {READY_SECONDS:.0f} s\n{tails}") from None


def _environment() -> dict[str, str]:
    """Make an environment in which the packages are found, installed or not."""
    kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    root = Path(hitl.__file__).resolve().parent.parent
    return kept | {"PYTHONPATH": str(root), "PYTHONUNBUFFERED": "1"}


@contextmanager
def _only_one(folder: Path) -> Generator[None]:
    """Keep a second demo out of the same folder: both would work on the same questions.

    Raises:
        DemoError: There is one, or the folder can't be used.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (folder / "lock").open("a")
    except OSError as error:
        raise DemoError(
            f"can't use the folder {folder} ({error.strerror}): name another one with --folder"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DemoError(
                f"a demo is running in {folder} already: stop it, or use another --folder"
            ) from error
        yield


def _stop_redis(redis: EmbeddedRedis) -> None:
    redis.stop()
    if redis.process is None:
        # Left behind by a demo that was killed: nobody else may use it, as the lock is ours.
        with suppress(RedisError, OSError), Redis.from_url(redis.url) as client:
            client.shutdown(nosave=True)

"""Redis is there and ill. The agent's call says of what and what to do, and nothing is half done.

Once it is mended everything goes on by itself; meanwhile the logs name the cause, in lines.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from discord_double import DiscordDouble
from mcp import Client
from redis.asyncio import Redis
from redis.exceptions import ResponseError
from support.discord_views import answer_text, structured
from support.load import LONGEST_CALL, answer_to

from e2e.conftest import Fleet
from hitl import embedded_redis
from shared.redis_adapter.keys import Keys

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

USER, PASSWORD = "hitl", "made-up-for-this-test"
ILL_SECONDS = 3.0
MOST_LINES = 40
"""What one process may log in that time."""


@dataclass(frozen=True, slots=True)
class Patient:
    """The server, and what makes it ill."""

    admin: Any
    server: embedded_redis.EmbeddedRedis
    folder: Path

    @asynccontextmanager
    async def full(self) -> AsyncGenerator[str]:
        await self.admin.config_set("maxmemory", 1)
        yield "Redis is full"
        await self.admin.config_set("maxmemory", 0)

    @asynccontextmanager
    async def read_only(self) -> AsyncGenerator[str]:
        await self.admin.replicaof("127.0.0.1", embedded_redis.free_port())
        yield "Redis is read-only"
        await self.admin.replicaof("NO", "ONE")

    @asynccontextmanager
    async def another_password(self) -> AsyncGenerator[str]:
        await self._set_user("resetpass", ">another-one")
        await self._cut_everybody_off()
        yield "Redis refused the password"
        await self._set_user("resetpass", f">{PASSWORD}")

    @asynccontextmanager
    async def fewer_rights(self) -> AsyncGenerator[str]:
        await self._set_user("-evalsha")
        yield "the Redis user may not do this"
        await self._set_user("+evalsha")

    @asynccontextmanager
    async def disk_fails(self) -> AsyncGenerator[str]:
        (self.folder / "dump.rdb" / "in the way").mkdir(parents=True)
        await self.admin.config_set("save", "3600 1")
        await self._save("err")
        yield "Redis can't write to its disk"
        shutil.rmtree(self.folder / "dump.rdb")
        await self._save("ok")
        await self.admin.config_set("save", "")

    @asynccontextmanager
    async def busy(self) -> AsyncGenerator[str]:
        await self.admin.config_set("busy-reply-threshold", 100)
        async with Redis.from_url(self.server.url) as other:
            endless = asyncio.create_task(cast("Any", other).eval("while true do end", 0))
            await asyncio.sleep(0.3)
            yield "Redis is busy with somebody's long script"
            await self.admin.script_kill()
            with contextlib.suppress(ResponseError):
                await endless

    async def _set_user(self, *rules: str) -> None:
        await self.admin.execute_command("ACL", "SETUSER", USER, *rules)

    async def _cut_everybody_off(self) -> None:
        for kind in ("normal", "pubsub"):
            await self.admin.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")

    async def _save(self, status: str) -> None:
        await self.admin.bgsave()
        async with asyncio.timeout(10):
            while True:
                told = await self.admin.info("persistence")
                if not told["rdb_bgsave_in_progress"] and told["rdb_last_bgsave_status"] == status:
                    return
                await asyncio.sleep(0.05)


ILLNESSES = (
    Patient.full,
    Patient.read_only,
    Patient.another_password,
    Patient.fewer_rights,
    Patient.disk_fails,
    Patient.busy,
)


async def test_each_illness_is_named_and_passes(tmp_path: Path) -> None:
    folder = tmp_path / "redis"
    server = embedded_redis.start(folder, server=embedded_redis.find_wheel_server())
    host = f"127.0.0.1:{server.port}"
    try:
        async with (
            asyncio.timeout(110),
            DiscordDouble() as double,
            Redis.from_url(server.url, decode_responses=True) as admin,
        ):
            await admin.acl_setuser(
                USER,
                enabled=True,
                passwords=[f"+{PASSWORD}"],
                keys=["*"],
                channels=["*"],
                categories=["+@all"],
            )
            await double.employ_operator(lambda question: answer_to(question.thread.name))
            fleet = Fleet(tmp_path, f"redis://{USER}:{PASSWORD}@{host}/0", Keys("ill"), double)
            try:
                await fleet.add_gateway()
                await fleet.add_worker()
                async with fleet.client() as agent:
                    for illness in ILLNESSES:
                        await fall_ill(fleet, agent, illness(Patient(admin, server, folder)))
            finally:
                await asyncio.to_thread(fleet.stop)
    finally:
        server.kill()
    for process in (*fleet.gateways, *fleet.workers):
        assert "Traceback" not in process.text(), process.text()
        assert PASSWORD not in process.text()


async def fall_ill(fleet: Fleet, agent: Client, illness: AbstractAsyncContextManager[str]) -> None:
    """Make Redis ill, ask, mend it, and ask again."""
    processes = (*fleet.gateways, *fleet.workers)
    before = [len(each.text().splitlines()) for each in processes]
    async with illness as name:
        question = f"While {name}?"
        began = time.monotonic()
        result = await agent.call_tool("ask_human", {"question": question})
        took = time.monotonic() - began
        assert result.is_error
        assert name in answer_text(result)
        assert "nothing was done: try again" in answer_text(result)
        assert took < LONGEST_CALL
        await asyncio.sleep(ILL_SECONDS)
        logged = [
            [line for line in each.text().splitlines()[seen:] if '"debug"' not in line]
            for each, seen in zip(processes, before, strict=True)
        ]
        assert all(len(lines) < MOST_LINES for lines in logged), (name, logged)
        assert any(name in line for lines in logged for line in lines), (name, logged)
    mended = time.monotonic()
    listed = structured(await until_done(agent, "list_questions", {}))
    assert question not in str(listed)
    told = await until_done(agent, "ask_human", {"question": question, "wait_seconds": 20})
    assert answer_text(told) == answer_to(question)
    print(f"{name}: said after {took:.1f} s, answered {time.monotonic() - mended:.1f} s after")  # noqa: T201


async def until_done(agent: Client, tool: str, arguments: dict[str, object]) -> Any:
    """Call until it is no error any more."""
    async with asyncio.timeout(15):
        while True:
            result = await agent.call_tool(tool, arguments)
            if not result.is_error:
                return result
            await asyncio.sleep(0.2)

"""The nginx of docs/examples/nginx.conf, as it stands there but for its ports and files."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from mcp import Client
from mcp.client.client import ConnectMode
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult
from support.certificates import Authority
from support.discord_views import answer_text
from support.hello import ACCEPT, HELLO
from support.processes import ROOT, Process, free_port

from e2e.conftest import Fleet

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin") or ""
pytestmark = [pytest.mark.e2e, pytest.mark.skipif(not NGINX, reason="there is no nginx")]

NAME = "ask.example.org"
KEY = "shop-key-0123456789"
ERAS = pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])


@dataclass(frozen=True, slots=True)
class Nginx:
    """A running nginx before two gateways."""

    port: int
    authority: Authority
    gateways: list[Process]
    log: Path

    @property
    def url(self) -> str:
        """Where MCP clients find the gateways."""
        return f"https://127.0.0.1:{self.port}/mcp"

    def http(self, **headers: str) -> httpx2.AsyncClient:
        """Make an HTTP client that names the gateways rightly and has a key."""
        named = {"Host": NAME, "Authorization": f"Bearer {KEY}", **headers}
        return httpx2.AsyncClient(verify=self.authority.trusted(), headers=named, timeout=60)

    @asynccontextmanager
    async def client(self, mode: ConnectMode) -> AsyncGenerator[Client]:
        """Open an MCP client of an era."""
        async with (
            self.http() as http,
            Client(streamable_http_client(self.url, http_client=http), mode=mode) as client,
        ):
            yield client

    def served_by(self) -> set[str]:
        """Tell which gateways' ports got something, by nginx's own log."""
        return set(re.findall(r"127\.0\.0\.1:(\d+)$", self.log.read_text(), re.MULTILINE))


@asynccontextmanager
async def behind_nginx(fleet: Fleet) -> AsyncGenerator[Nginx]:
    """Start two gateways as the example says, and nginx with the example."""
    text = (ROOT / "docs" / "examples" / "nginx.conf").read_text(encoding="utf-8")
    settings = dict(re.findall(r"^#   (GATEWAY_\w+)=(\S+)$", text, re.MULTILINE))
    assert len(settings) == 3
    both = [fleet.add_gateway({**settings, "GATEWAY_API_KEYS": f"shop:{KEY}"}) for _ in range(2)]
    gateways = await asyncio.gather(*both)
    authority, port, log = Authority(fleet.folder), free_port(), fleet.folder / "nginx-access.log"
    certificate, key = authority.certify(NAME)
    replaced = {
        "127.0.0.1:8765": f"127.0.0.1:{gateways[0].env['GATEWAY_PORT']}",
        "127.0.0.1:8766": f"127.0.0.1:{gateways[1].env['GATEWAY_PORT']}",
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        f"/etc/ssl/{NAME}.pem": str(certificate),
        f"/etc/ssl/{NAME}.key": str(key),
        "http {\n": f"http {{ log_format by '$upstream_addr'; access_log {log} by;\n",
    }
    for theirs, ours in replaced.items():
        assert theirs in text
        text = text.replace(theirs, ours)
    (fleet.folder / "nginx.conf").write_text(text, encoding="utf-8")
    directives = f"daemon off; master_process off; pid {fleet.folder}/nginx.pid;"
    process = await asyncio.create_subprocess_exec(
        NGINX, "-c", str(fleet.folder / "nginx.conf"), "-g", directives, "-e", "stderr"
    )
    try:
        yield await _listening(Nginx(port, authority, gateways, log))
    finally:
        process.terminate()
        await process.wait()


async def _listening(nginx: Nginx) -> Nginx:
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", nginx.port)
            except ConnectionError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            return nginx


@ERAS
async def test_progress_comes_through_while_a_call_is_held_and_then_the_answer(
    fleet: Fleet, mode: ConnectMode
) -> None:
    await fleet.add_worker()
    heard = asyncio.Event()

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        del progress, total, message
        heard.set()

    async with (
        asyncio.timeout(60),
        behind_nginx(fleet) as nginx,
        nginx.client(mode) as agent,
        asyncio.TaskGroup() as group,
    ):
        asking = group.create_task(
            agent.call_tool("ask_human", {"question": "10 % off?"}, progress_callback=on_progress)
        )
        thread = await fleet.double.until_thread("10 % off?")
        await heard.wait()
        for _ in range(2):
            await agent.call_tool("list_questions", {})
        assert not asking.done()
        await fleet.double.person("Maya").write(thread, "ten is fine")
        assert answer_text(await asking) == "ten is fine"
    assert len(nginx.served_by()) == 2


@ERAS
async def test_a_gateway_that_was_killed_in_mid_hold_is_passed_over(
    fleet: Fleet, mode: ConnectMode
) -> None:
    await fleet.add_worker()
    question = {"question": "10 % off?", "idempotency_key": "k"}
    async with asyncio.timeout(60), behind_nginx(fleet) as nginx:
        heard: list[CallToolResult] = []
        with suppress(Exception):  # how the loss of its gateway looks to a client is the SDK's
            async with nginx.client(mode) as agent, asyncio.TaskGroup() as group:
                asking = group.create_task(agent.call_tool("ask_human", question))
                await fleet.double.until_thread("10 % off?")
                (await _who_accepted(nginx.gateways)).kill()
                heard.append(await asking)
        assert all(each.is_error for each in heard)
        [thread] = fleet.double.threads
        async with nginx.client(mode) as agent, asyncio.TaskGroup() as group:
            again = group.create_task(agent.call_tool("ask_human", question))
            for _ in range(3):
                assert (await agent.list_tools()).tools
            await fleet.double.person("Maya").write(thread, "ten is fine")
            assert answer_text(await again) == "ten is fine"
    assert len(fleet.double.threads) == 1


async def test_a_foreign_name_is_refused_and_what_a_client_says_of_its_way_is_not_believed(
    fleet: Fleet,
) -> None:
    spoofed = {"X-Forwarded-Proto": "http", "X-Forwarded-For": "10.0.0.1"}
    async with asyncio.timeout(40), behind_nginx(fleet) as nginx, nginx.http() as http:

        async def say(**more: str) -> int:
            answer = await http.post(nginx.url, json=HELLO, headers={**ACCEPT, **more})
            return answer.status_code

        assert await say() == 200
        assert await say(Host="rebound.example") == 421
        assert await say(Origin="https://rebound.example") == 403
        assert await say(Authorization="Bearer wrong-key-0123456789") == 401
        assert await say(Authorization="Bearer another-key-0123456789", **spoofed) == 401
        refused = [each for gateway in nginx.gateways for each in gateway.text().splitlines()]
        came_from = {json.loads(each)["client"] for each in refused if "caller_refused" in each}
        assert came_from == {"127.0.0.1"}
        large = {**HELLO, "params": {"filler": "x" * 1_100_000}}
        assert (await http.post(nginx.url, json=large, headers=ACCEPT)).status_code == 413


async def _who_accepted(gateways: list[Process]) -> Process:
    while True:
        for each in gateways:
            if "question_accepted" in each.text():
                return each
        await asyncio.sleep(0.02)

"""Who is let in, and what is said when something is wrong."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from discord_double import defaults
from discord_double.permissions import Permission
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from redis.asyncio import Redis
from support import processes
from support.discord_views import answer_text, structured, until_told
from support.hello import ACCEPT, HELLO
from support.relay import relay_to

from e2e.conftest import Fleet
from hitl import embedded_redis
from shared.access_keys import AccessKey, as_token, digest_of, new_secret
from shared.ports.clock import utc_now
from shared.redis_adapter.access_keys import RedisAccessKeys

pytestmark = pytest.mark.e2e

SHOP_KEY, BANK_KEY = "shop-key-0123456789", "bank-key-0123456789"


@asynccontextmanager
async def with_key(url: str, key: str) -> AsyncGenerator[Client]:
    """Open a client that carries a bearer key."""
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        yield client


async def test_agents_on_other_hosts_need_a_key_and_see_only_their_own(fleet: Fleet) -> None:
    gateway = await fleet.add_gateway(
        {"GATEWAY_HOST": "0.0.0.0", "GATEWAY_API_KEYS": f"shop:{SHOP_KEY},bank:{BANK_KEY}"}  # noqa: S104
    )
    url = processes.gateway_url(gateway)
    async with asyncio.timeout(30):
        async with httpx2.AsyncClient() as http:
            for headers in ({}, {"Authorization": "Bearer wrong-key-0123456789"}):
                refused = await http.post(url, json={}, headers=headers)
                assert refused.status_code == 401
        async with with_key(url, SHOP_KEY) as shop, with_key(url, BANK_KEY) as bank:
            asked = structured(
                await shop.call_tool("ask_human", {"question": "Ours?", "wait_seconds": 0})
            )
            foreign = await bank.call_tool(
                "check_answer", {"escalation_id": asked["escalation_id"], "wait_seconds": 0}
            )
            unknown = await bank.call_tool(
                "check_answer",
                {"escalation_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "wait_seconds": 0},
            )
            assert foreign.is_error
            assert answer_text(foreign) == answer_text(unknown).replace(
                "01ARZ3NDEKTSV4RRFFQ69G5FAV", asked["escalation_id"]
            )
            assert structured(await bank.call_tool("list_questions", {}))["questions"] == []
            assert len(structured(await shop.call_tool("list_questions", {}))["questions"]) == 1
    assert SHOP_KEY not in gateway.text()


def test_a_gateway_open_to_other_hosts_without_keys_refuses_to_start(tmp_path: Path) -> None:
    process = processes.gateway(tmp_path, {"GATEWAY_HOST": "0.0.0.0"})  # noqa: S104
    process.start()
    assert process.process is not None
    assert process.process.wait(20) == 2
    assert "GATEWAY_API_KEYS" in process.text()
    assert "Traceback" not in process.text()


def test_a_gateway_whose_port_is_taken_names_the_setting_and_never_says_that_it_listens(
    tmp_path: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = processes.gateway(tmp_path, {"GATEWAY_PORT": str(port)})
        process.start()
        assert process.process is not None
        assert process.process.wait(20) == 2
    assert f"GATEWAY_PORT: can't listen on 127.0.0.1:{port}" in process.text()
    assert "gateway_listening" not in process.text()
    assert "Traceback" not in process.text()


async def test_a_gateway_without_redis_says_so_within_two_seconds_and_is_not_ready(
    tmp_path: Path,
) -> None:
    nowhere = f"redis://127.0.0.1:{processes.free_port()}/0"
    env = {"REDIS_URL": nowhere, "GATEWAY_API_KEYS": f"shop:{SHOP_KEY}"}
    process = processes.gateway(tmp_path, env)
    process.start()
    url = processes.gateway_url(process)
    try:
        async with asyncio.timeout(30):
            await process.until_logged("Uvicorn running")
            async with httpx2.AsyncClient() as http:
                base = url.removesuffix("/mcp")
                assert (await http.get(f"{base}/healthz")).status_code == 200
                assert (await http.get(f"{base}/readyz")).status_code == 503
            async with with_key(url, SHOP_KEY) as agent:
                started = time.monotonic()
                result = await agent.call_tool("ask_human", {"question": "Hello?"})
                assert time.monotonic() - started < 2.0
        assert result.is_error
        assert "Redis can't be reached" in answer_text(result)
    finally:
        await asyncio.to_thread(process.stop)


async def test_a_gateway_that_can_have_keys_is_closed_until_redis_says_that_it_has_none_or_some(
    fleet: Fleet, valkey: embedded_redis.EmbeddedRedis
) -> None:
    port = processes.free_port()
    nowhere = {**fleet.env, "REDIS_URL": fleet.redis_url.replace(f":{valkey.port}", f":{port}")}
    key_id, secret = new_secret()
    now = utc_now()
    key = AccessKey(
        id=key_id,
        agent="shop",
        tenant="shop",
        digest=digest_of(secret),
        created_at=now,
        expires_at=now + timedelta(days=1),
    )
    process = processes.gateway(fleet.folder, nowhere)
    fleet.gateways.append(process)
    process.start()
    url = processes.gateway_url(process)
    async with asyncio.timeout(60), httpx2.AsyncClient(headers=ACCEPT) as http:
        await process.until_logged("Uvicorn running")
        assert (await http.get(url.replace("/mcp", "/healthz"))).status_code == 200
        assert (await http.get(url.replace("/mcp", "/readyz"))).status_code == 503
        started = time.monotonic()
        refused = await http.post(url, json=HELLO)
        assert time.monotonic() - started < 2.0
        assert refused.status_code == 503
        assert "whether callers need a key" in refused.text
        async with Redis.from_url(fleet.redis_url, decode_responses=True) as redis:
            await RedisAccessKeys(redis, fleet.keys).keep(key)
        async with relay_to(valkey.port, port=port):
            await process.until_logged("keys_known")
            assert (await http.post(url, json=HELLO)).status_code == 401
            async with with_key(url, as_token(key_id, secret)) as shop:
                assert not (await shop.call_tool("list_questions", {})).is_error
            await asyncio.to_thread(process.stop)


async def test_the_gateway_speaks_over_standard_input_and_output_too(fleet: Fleet) -> None:
    await fleet.add_worker()
    stdio = StdioServerParameters(
        command=sys.executable,
        args=["-m", "mcp_gateway"],
        env={
            **fleet.env,
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(processes.ROOT),
            "GATEWAY_TRANSPORT": "stdio",
        },
        cwd=fleet.folder,
    )
    async with asyncio.timeout(40), Client(stdio) as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(agent.call_tool("ask_human", {"question": "Over a pipe?"}))
        thread = await fleet.double.until_thread("Over a pipe?")
        await fleet.double.person("Maya").write(thread, "over a pipe")
        assert answer_text(await asking) == "over a pipe"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"DISCORD_TOKEN": "not-a-token"}, "Discord refused DISCORD_TOKEN"),
        ({"DISCORD_CHANNEL_ID": "42"}, "DISCORD_CHANNEL_ID=42 is not known to the bot"),
    ],
)
async def test_a_wrong_discord_setting_is_said_in_one_line_and_tried_again(
    fleet: Fleet, wrong: dict[str, str], said: str
) -> None:
    worker = fleet.make_worker(wrong)
    worker.start()
    async with asyncio.timeout(40):
        await worker.until_logged(said, times=2)
    assert "Traceback" not in worker.text()
    assert "not-a-token" not in worker.text()


async def test_a_missing_permission_is_named(fleet: Fleet) -> None:
    fleet.double.deny(fleet.double.channel, defaults.BOT_ROLE_ID, Permission.CREATE_PUBLIC_THREADS)
    worker = await fleet.add_worker()
    assert "create public threads" in worker.text()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"DISCORD_CHANNEL_ID": ""}, "DISCORD_CHANNEL_ID"),
        ({"DISCORD_USER_ID": "", "DISCORD_OPERATOR_ROLE_IDS": ""}, "nobody may answer"),
        ({"DISCORD_CHANNEL_ID": "#help"}, "DISCORD_CHANNEL_ID"),
        ({"DISCORD_TOKEN": "", "DESK_HOST": "0.0.0.0"}, "DESK_PASSWORD"),  # noqa: S104
        ({"REDIS_URL": "http://secret-host"}, "REDIS_URL"),
    ],
)
def test_half_a_configuration_ends_the_worker_with_a_line_that_names_the_setting(
    tmp_path: Path, settings: dict[str, str], said: str
) -> None:
    base = {
        "DISCORD_TOKEN": "t",
        "DISCORD_CHANNEL_ID": "1",
        "DISCORD_USER_ID": "1",
    }
    worker = processes.Process("escalation_worker", {**base, **settings}, tmp_path / "worker.log")
    worker.start()
    assert worker.process is not None
    assert worker.process.wait(20) == 2
    assert said in worker.text()
    assert "secret-host" not in worker.text()
    assert "Traceback" not in worker.text()


async def test_discord_failing_for_a_while_delays_a_question_but_does_not_lose_it(
    fleet: Fleet,
) -> None:
    await fleet.add_gateway()
    await fleet.add_worker()
    double = fleet.double
    double.faults.fail(503, times=2, method="POST", path=r"/channels/\d+/messages$")
    async with asyncio.timeout(40), fleet.client() as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(agent.call_tool("ask_human", {"question": "Bad day?"}))
        thread = await double.until_thread("Bad day?")
        double.faults.drop(times=1, method="PATCH", path=r"/channels/\d+/messages/\d+$")
        await double.person("Maya").write(thread, "better now")
        assert answer_text(await asking) == "better now"
    assert len(list(double.channel.messages)) == 1


def test_no_import_of_the_gateway_or_the_worker_loads_the_agents_runtime() -> None:
    code = (
        "import mcp_gateway.app, escalation_worker.app, sys; "
        "sys.exit(any(name.split('.')[0] == 'videosdk' for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=processes.ROOT, timeout=60)  # noqa: S603


async def test_without_the_message_content_intent_it_says_so_and_a_mention_still_answers(
    fleet: Fleet,
) -> None:
    double = fleet.double
    double.bot.message_content = False
    await fleet.add_gateway()
    worker = await fleet.add_worker()
    assert "Message Content intent" in worker.text()
    async with asyncio.timeout(40), fleet.client() as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(agent.call_tool("ask_human", {"question": "Blind?"}))
        thread = await double.until_thread("Blind?")
        maya = double.person("Maya")
        await maya.write(thread, "yes")
        await until_told(double, thread, "mentioning me")
        await maya.write(thread, f"<@{defaults.BOT_USER_ID}> yes, blind")
        assert answer_text(await asking) == "yes, blind"


async def test_agents_start_no_bots_and_the_worker_asks_for_few_events(fleet: Fleet) -> None:
    await fleet.add_gateway()
    await fleet.add_worker()
    async with asyncio.timeout(30):
        for number in range(5):
            async with fleet.client() as agent:
                question = {"question": f"Who {number}?", "wait_seconds": 0}
                assert not (await agent.call_tool("ask_human", question)).is_error
    sessions = list(fleet.double.gateway.sessions.values())
    assert len(sessions) == 1
    guilds, guild_messages, message_content = 1 << 0, 1 << 9, 1 << 15
    assert sessions[0].intents == guilds | guild_messages | message_content

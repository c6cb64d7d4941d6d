"""Keys made by `hitl key`, in a real Redis: who gets in with them, how far, and until when."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from discord_double import defaults
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from support import processes
from support.discord_views import answer_text, structured
from support.hello import ACCEPT, HELLO
from support.task_client import TaskClient, task_client

from e2e.conftest import Fleet
from mcp_gateway.door.counting import TOO_MANY

pytestmark = pytest.mark.e2e

UNKNOWN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
ROUTES = """
[routes.default]
channels = [{channel}]
operators = {{ users = [{maya}] }}

[routes.billing]
channels = [{channel}]
operators = {{ users = [{maya}] }}
"""


@dataclass(frozen=True, slots=True)
class Agent:
    """Calls a gateway with a key."""

    client: Client

    async def call(self, tool: str, **arguments: Any) -> Any:
        """Call a tool without a wait; give its result."""
        if tool in {"ask_human", "check_answer", "send_to_operator"}:
            arguments["wait_seconds"] = 0
        return await self.client.call_tool(tool, arguments)

    async def refused(self, tool: str, **arguments: Any) -> str:
        """Call a tool that must refuse; give its words."""
        result = await self.call(tool, **arguments)
        assert result.is_error
        return answer_text(result)

    async def ask(self, question: str, **more: Any) -> str:
        """Ask; give the id."""
        return structured(await self.call("ask_human", question=question, **more))["escalation_id"]


@dataclass(frozen=True, slots=True)
class House:
    """Two gateways that let nobody in without a key, and `hitl key` beside them."""

    fleet: Fleet

    def hitl_key(self, *arguments: str, fails: bool = False) -> str:
        """Run the command; give what it printed on standard output."""
        done = subprocess.run(  # noqa: S603 (our own command)
            [sys.executable, "-m", "hitl", "key", *arguments],
            cwd=self.fleet.folder,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(processes.ROOT),
                "COLUMNS": "200",
                "REDIS_URL": self.fleet.redis_url,
                "REDIS_KEY_PREFIX": self.fleet.keys.prefix,
            },
            capture_output=True,
            check=False,
            text=True,
            timeout=60,
        )
        assert (done.returncode != 0) == fails, done.stderr
        return done.stderr if fails else done.stdout.strip()

    async def key(self, agent: str, *options: str) -> str:
        """Make a key; give it as its agent sends it."""
        return await asyncio.to_thread(self.hitl_key, "create", agent, *options)

    async def revoke(self, key: str) -> None:
        """Take a key back."""
        await asyncio.to_thread(self.hitl_key, "revoke", key.split("_")[1])

    @asynccontextmanager
    async def agent(self, key: str, gateway: int = 0) -> AsyncGenerator[Agent]:
        """Open an agent's client of a gateway."""
        url = processes.gateway_url(self.fleet.gateways[gateway])
        headers = {"Authorization": f"Bearer {key}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=30) as http,
            Client(streamable_http_client(url, http_client=http)) as client,
        ):
            yield Agent(client)

    async def knock(self, key: str | None, gateway: int = 0) -> httpx2.Response:
        """Say hello at a gateway's door."""
        headers = {**ACCEPT, **({} if key is None else {"Authorization": f"Bearer {key}"})}
        url = processes.gateway_url(self.fleet.gateways[gateway])
        async with httpx2.AsyncClient(timeout=10) as http:
            return await http.post(url, json=HELLO, headers=headers)


@asynccontextmanager
async def house(fleet: Fleet, **extra: str) -> AsyncGenerator[House]:
    """Start the gateways, to which other hosts may come; make a key for them to start with."""
    house = House(fleet)
    await house.key("somebody")
    closed = {"GATEWAY_HOST": "0.0.0.0", **extra}  # noqa: S104
    async with asyncio.timeout(60):
        await asyncio.gather(*(fleet.add_gateway(closed) for _ in range(2)))
        yield house
    secrets = re.compile(r"hitl_[0-9a-f]{12}_")
    assert not [each for each in fleet.gateways if secrets.search(each.text())]


async def test_an_agent_asks_with_a_key_from_the_command_until_it_is_revoked(fleet: Fleet) -> None:
    async with house(fleet) as home:
        await fleet.add_worker()
        key = await home.key("shop", "--expires", "90d")
        listed = await asyncio.to_thread(home.hitl_key, "list")
        key_id, secret = key.split("_")[1], key.split("_", 2)[2]
        assert key_id in listed
        assert secret not in listed
        async with home.agent(key, 0) as here, home.agent(key, 1) as there:
            escalation_id = await here.ask("10 % off?")
            thread = await fleet.double.until_thread("10 % off?")
            await fleet.double.person("Maya").write(thread, "ten is fine")
            told = await there.client.call_tool("check_answer", {"escalation_id": escalation_id})
            assert answer_text(told) == "ten is fine"
            await home.revoke(key)
            # From the next call on, at each of them: no gateway remembers a key.
            for agent in (here, there):
                with pytest.raises(MCPError):
                    await agent.call("list_questions")
        for gateway in (0, 1):
            assert (await home.knock(key, gateway)).status_code == 401
        assert key_id not in await asyncio.to_thread(home.hitl_key, "list")
        again = await asyncio.to_thread(home.hitl_key, "revoke", key_id, fails=True)
        assert "there is no key with the id" in again


async def test_a_stream_that_a_key_opened_tells_nothing_once_it_is_revoked(fleet: Fleet) -> None:
    async with house(fleet) as home:
        leaked = await home.key("phone", "--tenant", "shop")
        kept = await home.key("mail", "--tenant", "shop")
        url = processes.gateway_url(fleet.gateways[0])
        async with (
            task_client(url, key=leaked) as finder,
            task_client(url, key=kept) as ours,
            home.agent(kept, 1) as agent,
            asyncio.TaskGroup() as group,
        ):
            task_id = (await ours.call("ask_human", question="10 % off?"))["taskId"]
            streams = [group.create_task(each.listen(task_id)) for each in (finder, ours)]
            for each in (finder, ours):
                assert (await each.told())["status"] == "working"
            await home.revoke(leaked)
            await agent.call("cancel_question", escalation_id=task_id)
            assert (await ours.told())["status"] == "cancelled"
            await asyncio.gather(*streams)
            assert finder.was_told_all()


async def test_no_key_a_wrong_one_and_an_expired_one_are_told_apart_by_nobody(fleet: Fleet) -> None:
    async with house(fleet) as home:
        key = await home.key("shop")
        brief = await home.key("brief", "--expires", "1s")
        unknown = f"hitl_{'0' * 12}_{key.split('_', 2)[2]}"
        refused = [
            await home.knock(each, gateway)
            for gateway in (0, 1)
            for each in (None, f"{key}x", unknown, "no-key", "hitl_")
        ]
        while (expired := await home.knock(brief)).status_code == 200:
            await asyncio.sleep(0.05)
        for each in (*refused, expired):
            assert each.status_code == 401
            scheme, _, parameters = each.headers["www-authenticate"].partition(" ")
            assert scheme == "Bearer"
            assert 'error="invalid_token"' in parameters
        assert len({each.text for each in (*refused, expired)}) == 1
        assert (await home.knock(key)).status_code == 200


async def test_each_limit_of_a_key_is_named_where_it_is_reached_over_both_gateways(
    fleet: Fleet,
) -> None:
    routes = fleet.folder / "routes.toml"
    routes.write_text(ROUTES.format(channel=defaults.CHANNEL_ID, maya=defaults.MAYA_ID))
    async with house(fleet, ROUTES_FILE=str(routes)) as home:
        key = await home.key("shop", "--route", "billing", "--open-questions", "2")
        async with home.agent(key, 0) as here, home.agent(key, 1) as there:
            said = await here.refused("ask_human", question="May I?", route="default")
            assert said == "route: must be one of billing, not 'default'"
            assert "'billing'" not in await here.refused("ask_human", question="May I?", route="x")
            first = await here.ask("May I?", route="billing")
            await there.ask("And this?", route="billing")
            for agent in (here, there):
                said = await agent.refused("ask_human", question="More?", route="billing")
                assert "this agent has 2, which is the limit" in said
                assert re.search(r"the next does in \d+ seconds", said)
            assert await there.ask("May I?", route="billing") == first, "it joins its own"
            await there.call("cancel_question", escalation_id=first)
            await here.ask("More?", route="billing")


async def looked(client: TaskClient, task_id: str) -> bool:
    """Look at a task; tell whether it might."""
    try:
        await client.get(task_id)
    except MCPError as error:
        if error.error.code != TOO_MANY:
            raise
        return False
    return True


async def test_the_rate_is_one_over_both_gateways_and_every_kind_of_refusal_says_when(
    fleet: Fleet,
) -> None:
    async with house(fleet) as home:
        slow, other = await home.key("slow", "--calls-per-second", "0.01"), await home.key("other")
        urls = [processes.gateway_url(each) for each in fleet.gateways]
        async with task_client(urls[0], key=slow) as here, task_client(urls[1], key=slow) as there:
            task_id = (await here.call("ask_human", question="May I?"))["taskId"]
            for _ in range(4):
                await here.call("list_questions")
                await there.cancel(task_id)
            await there.update(task_id)  # the tenth; a new key may make ten at once
            said = await here.call("list_questions")
            assert said["isError"]
            assert re.search(r"Try again in [\d.]+ seconds", said["content"][0]["text"])
            for act in (there.update, there.cancel):
                with pytest.raises(MCPError) as refused:
                    await act(task_id)
                assert refused.value.error.code == TOO_MANY
                assert 80_000 < refused.value.error.data["retryAfterMs"] <= 100_000
            looks = [await looked((here, there)[each % 2], task_id) for each in range(40)]
            assert looks == sorted(looks, reverse=True), "one bucket for both gateways"
            assert 30 < sum(looks) < 40, "forty at once, hellos among them"
            with pytest.raises(MCPError) as refused:
                await here.listen(task_id)
            assert refused.value.error.code == TOO_MANY
        async with home.agent(other) as unhurt:
            assert structured(await unhurt.call("list_questions"))["questions"] == []


async def test_another_tenants_id_is_answered_word_for_word_as_one_that_never_was(
    fleet: Fleet,
) -> None:
    async with house(fleet) as home:
        shop, bank = await home.key("phone", "--tenant", "shop"), await home.key("bank")
        async with home.agent(shop) as ours, home.agent(bank, 1) as theirs:
            escalation_id = await ours.ask("May I?", conversation_id="c1")
            for tool, more in (
                ("check_answer", {}),
                ("send_to_operator", {"message": "Hello."}),
                ("cancel_question", {}),
                ("confirm_delivery", {}),
            ):
                foreign = await theirs.refused(tool, escalation_id=escalation_id, **more)
                never = await theirs.refused(tool, escalation_id=UNKNOWN, **more)
                assert foreign == never.replace(UNKNOWN, escalation_id)
            ended = await theirs.call("end_conversation", conversation_id="c1")
            assert structured(ended)["questions"] == []
            assert structured(await theirs.call("list_questions"))["questions"] == []
            still = structured(await ours.call("check_answer", escalation_id=escalation_id))
        mail = await home.key("mail", "--tenant", "shop")
        async with home.agent(mail, 1) as colleague:
            seen = structured(await colleague.call("list_questions"))["questions"]
    assert still["status"] == "pending"
    assert [each["escalation_id"] for each in seen] == [escalation_id]


async def test_a_gateway_for_other_hosts_starts_once_there_is_a_key(fleet: Fleet) -> None:
    home = House(fleet)
    env = {**fleet.env, "GATEWAY_HOST": "0.0.0.0"}  # noqa: S104
    async with asyncio.timeout(60):
        refusing = processes.gateway(fleet.folder, env)
        refusing.start()
        assert refusing.process is not None
        assert await asyncio.to_thread(refusing.process.wait, 20) == 2
        assert "hitl key create NAME" in refusing.text()
        key = await home.key("shop")
        await fleet.add_gateway(env)
        assert (await home.knock(key)).status_code == 200
        assert (await home.knock(None)).status_code == 401

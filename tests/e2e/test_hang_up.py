"""The customer hangs up, people go on or are spared, and the customer comes back."""

from __future__ import annotations

import asyncio
import importlib
from typing import Any

import pytest
from discord_double import defaults
from discord_double.reading import text_of
from support import processes
from support.agent_host import customer_at
from support.discord_views import (
    said_by_bot,
    starter_of,
    structured,
    until_outcome,
    until_told,
)
from support.processes import Process

from customer_agent.settings import OnHangup
from e2e.conftest import Fleet
from e2e.test_agent_hosts import started, until_delivered
from e2e.test_crash_points import END_POINTS, assert_shown_once, until_dead, until_nothing_is_due
from shared.crash_points import VARIABLE, CrashPoint

importlib.import_module("support.videosdk_runtime")
talking_module = importlib.import_module("support.talking")

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

GONE = "The customer has gone. The answer is still wanted."
BACK = "The customer is back."
ROUTE = """\
[routes.{name}]
channels = [{channel}]
operators = {{ users = [{maya}] }}
caller_gone = "{policy}"
"""


def client_of(gateway: Process) -> Any:
    """Make an agent's way to a gateway."""
    return talking_module.client_for(processes.gateway_url(gateway))


def call(client: Any) -> Any:
    """Let the customer call, always in the same conversation; they hang up at the block's end."""
    return talking_module.talking(client, conversation_id="c1", on_hangup=OnHangup.ROUTE)


def routes_file(fleet: Fleet, **policies: str) -> dict[str, str]:
    """Write a file of routes with these policies; the environment that names it."""
    file = fleet.folder / "routes.toml"
    channel, maya = defaults.CHANNEL_ID, defaults.MAYA_ID
    text = (
        ROUTE.format(name=name, channel=channel, maya=maya, policy=policy)
        for name, policy in policies.items()
    )
    file.write_text("".join(text), encoding="utf-8")
    return {"ROUTES_FILE": str(file)}


async def test_a_customer_who_hangs_up_hears_once_what_was_answered_when_they_are_back(
    fleet: Fleet,
) -> None:
    gateway = await fleet.add_gateway()
    await fleet.add_worker()
    client = client_of(gateway)
    async with asyncio.timeout(100):
        async with call(client) as first:
            await first.says("Can I get 10 % off?")
            thread = await fleet.double.until_thread("10 % off")
        await until_told(fleet.double, thread, GONE)
        assert GONE in text_of(starter_of(fleet.double, thread))
        await fleet.double.person("Maya").write(thread, "Ten is fine.")
        starter = await until_outcome(fleet.double, thread, "kept for when they are back")
        assert "Answered by Maya" in text_of(starter)

        async with call(client) as second:
            await second.heard.until("Ten is fine")
            await until_delivered(fleet, "10 % off", "Answered by Maya")
        async with call(client) as third:
            await third.says("When are you open?")
        assert first.heard.count("Ten is fine") == third.heard.count("Ten is fine") == 0
        assert second.heard.count("Ten is fine") == 1
        await until_nothing_is_due(fleet)
        assert_shown_once(fleet.double, thread, "10 % off")


async def test_a_customer_who_is_back_before_the_answer_is_waited_for_again(fleet: Fleet) -> None:
    gateway = await fleet.add_gateway()
    await fleet.add_worker()
    client = client_of(gateway)
    async with asyncio.timeout(100):
        async with call(client) as first:
            await first.says("Can I get 10 % off?")
            thread = await fleet.double.until_thread("10 % off")
        await until_told(fleet.double, thread, GONE)
        async with call(client) as second:
            await until_told(fleet.double, thread, BACK)
            assert GONE not in text_of(starter_of(fleet.double, thread))
            await fleet.double.person("Maya").write(thread, "Ten is fine.")
            await second.heard.until("Ten is fine")
            await until_delivered(fleet, "10 % off", "Answered by Maya")
    assert second.heard.count("Ten is fine") == 1
    assert said_by_bot(fleet.double, thread) == [f"🚪 {GONE}", f"👋 {BACK}"]


async def test_a_late_answer_waits_for_the_customer_and_is_told_as_one(fleet: Fleet) -> None:
    gateway = await fleet.add_gateway({"ESCALATION_TIMEOUT": "3"})
    await fleet.add_worker()
    client = client_of(gateway)
    async with asyncio.timeout(100), fleet.client() as agent:
        async with call(client) as first:
            await first.says("Can I get 10 % off?")
            thread = await fleet.double.until_thread("10 % off")
        await until_outcome(fleet.double, thread, "Nobody answered in time")
        await fleet.double.person("Maya").write(thread, "Ten is fine.")
        await until_outcome(fleet.double, thread, "late answer by Maya")
        listed = structured(await agent.call_tool("list_questions", {"conversation_id": "c1"}))
        (kept,) = listed["questions"]
        assert (kept["status"], kept["late_answer"]) == ("timed_out", "Ten is fine.")

        async with call(client) as second:
            assert "came late" in await second.heard.until("Ten is fine")
            await until_delivered(fleet, "10 % off", "late answer by Maya")
        async with call(client) as third:
            await third.says("When are you open?")
    assert second.heard.count("Ten is fine") == 1
    assert first.heard.count("Ten is fine") == third.heard.count("Ten is fine") == 0


async def test_what_its_route_drops_is_cancelled_and_answered_by_nobody(fleet: Fleet) -> None:
    routes = routes_file(fleet, default="drop")
    gateway = await fleet.add_gateway(routes)
    await fleet.add_worker(routes)
    client = client_of(gateway)
    async with asyncio.timeout(100), fleet.client() as agent:
        async with call(client) as first:
            await first.says("Can I get 10 % off?")
            thread = await fleet.double.until_thread("10 % off")
        line = "Cancelled: the conversation ended (the customer has left)"
        await until_outcome(fleet.double, thread, line)
        assert [line in each for each in said_by_bot(fleet.double, thread)] == [True]
        await fleet.double.person("Maya").write(thread, "Ten is fine.")
        await until_told(fleet.double, thread, "ended")
        async with call(client) as second:
            await second.says("When are you open?")
        listed = structured(await agent.call_tool("list_questions", {"conversation_id": "c1"}))
    assert [(each["status"], each["late_answer"]) for each in listed["questions"]] == [
        ("cancelled", None)
    ]
    assert second.heard.count("Ten is fine") == second.heard.count("taken back") == 0


@pytest.mark.parametrize("point", END_POINTS)
async def test_a_gateway_dies_as_a_conversation_ends(fleet: Fleet, point: CrashPoint) -> None:
    routes = routes_file(fleet, default="keep", drops="drop")
    doomed = await fleet.add_gateway({**routes, VARIABLE: point})
    await fleet.add_gateway(routes)
    await fleet.add_worker(routes)
    ends = {"conversation_id": "c1"}
    async with asyncio.timeout(100), fleet.client(1) as agent:
        ids: dict[str, str] = {}
        for text, route in (("Kept?", "default"), ("Dropped?", "drops")):
            ask = {"question": text, "route": route, "wait_seconds": 0, **ends}
            asked = structured(await agent.call_tool("ask_human", ask))
            ids[text] = asked["escalation_id"]
            await fleet.double.until_thread(text)
        with pytest.raises(Exception):  # noqa: B017, PT011 (it dies in many ways)
            async with fleet.client(0) as dying:
                await dying.call_tool("end_conversation", ends)
        await until_dead(doomed)
        # The newest is let go of first: it was dropped before the death, or is now.
        again = structured(await agent.call_tool("end_conversation", ends))["questions"]
        became = {each["escalation_id"]: each["became"] for each in again}
        dropped_now = {ids["Dropped?"]: "cancelled"}
        before = point is CrashPoint.CONVERSATION_END_HEARD
        assert became == {ids["Kept?"]: "kept", **(dropped_now if before else {})}

        kept = await fleet.double.until_thread("Kept?")
        dropped = await fleet.double.until_thread("Dropped?")
        await until_outcome(fleet.double, dropped, "Cancelled: the conversation ended")
        await until_told(fleet.double, kept, GONE)
        await fleet.double.person("Maya").write(kept, "once")
        await until_outcome(fleet.double, kept, "Answered by Maya")
        checked = {"escalation_id": ids["Kept?"], "wait_seconds": 20}
        assert structured(await agent.call_tool("check_answer", checked))["answer"] == "once"
        await until_nothing_is_due(fleet)
        for thread, question in ((kept, "Kept?"), (dropped, "Dropped?")):
            assert_shown_once(fleet.double, thread, question)


async def test_a_worker_dies_as_it_tells_people_that_the_customer_has_gone(fleet: Fleet) -> None:
    await fleet.add_gateway()
    doomed = await fleet.add_worker({VARIABLE: CrashPoint.CALLER_TOLD_OF})
    async with asyncio.timeout(100), fleet.client() as agent:
        ask = {"question": "Gone?", "conversation_id": "c1", "wait_seconds": 0}
        asked = structured(await agent.call_tool("ask_human", ask))
        thread = await fleet.double.until_thread("Gone?")
        await doomed.until_logged("question_posted")
        await agent.call_tool("end_conversation", {"conversation_id": "c1"})
        await until_dead(doomed)
        await until_told(fleet.double, thread, GONE)
        fleet.double.world.nonces.clear()  # as Discord forgets them after minutes
        await fleet.add_worker()
        await agent.call_tool(
            "check_answer", {"escalation_id": asked["escalation_id"], "wait_seconds": 0}
        )
        await until_told(fleet.double, thread, BACK)
        await fleet.double.person("Maya").write(thread, "once")
        await until_outcome(fleet.double, thread, "Answered by Maya")
        await until_nothing_is_due(fleet)
        assert_shown_once(fleet.double, thread, "Gone?")


async def test_a_host_dies_as_its_customer_hangs_up(fleet: Fleet) -> None:
    await fleet.add_gateway()
    await fleet.add_worker()
    doomed = await started(fleet, {VARIABLE: CrashPoint.HANGING_UP})
    async with asyncio.timeout(100):
        async with customer_at(doomed, "same") as customer:
            await customer.says("Can I get 10 % off?")
            thread = await fleet.double.until_thread("10 % off")
            await customer.hang_up()
            await until_dead(doomed)
        assert said_by_bot(fleet.double, thread) == [], "who died tells nobody anything"
        await fleet.double.person("Maya").write(thread, "Ten is fine.")
        async with customer_at(await started(fleet), "same") as customer:
            await customer.hears("Ten is fine")
            await until_delivered(fleet, "10 % off", "Answered by Maya")
            assert customer.count("Ten is fine") == 1

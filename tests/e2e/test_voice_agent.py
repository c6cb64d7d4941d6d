"""VideoSDK's real runtime in this test; gateway, worker, Redis and Discord around it."""

from __future__ import annotations

import asyncio
import importlib

import pytest
from support import processes
from support.discord_views import until_outcome

from e2e.conftest import Fleet

importlib.import_module("support.videosdk_runtime")
talking_module = importlib.import_module("support.talking")

pytestmark = pytest.mark.e2e


async def test_a_customers_question_reaches_discord_and_the_reply_is_spoken_once(
    fleet: Fleet,
) -> None:
    gateway = await fleet.add_gateway()
    await fleet.add_worker()
    client = talking_module.client_for(processes.gateway_url(gateway))
    async with asyncio.timeout(60), talking_module.talking(client) as talk:
        await talk.says("Can I get 10 % off?")
        thread = await fleet.double.until_thread("10 % off")
        await talk.says("When are you open?")
        assert talk.heard.count("Monday to Friday") == 1, "the conversation must not freeze"
        await fleet.double.person("Maya").write(thread, "Yes, ten per cent until Friday.")
        await talk.heard.until("ten per cent until Friday")
        await until_outcome(fleet.double, thread, "Answered by Maya")
    assert talk.heard.count("ten per cent until Friday") == 1


async def test_two_questions_of_one_customer_are_each_answered_with_their_own_answer(
    fleet: Fleet,
) -> None:
    gateway = await fleet.add_gateway()
    await fleet.add_worker()
    client = talking_module.client_for(processes.gateway_url(gateway))
    async with asyncio.timeout(60), talking_module.talking(client) as talk:
        await talk.says("Can I get a discount?")
        await talk.says("I want my money back for the lamp.")
        discount = await fleet.double.until_thread("discount")
        refund = await fleet.double.until_thread("money back")
        maya = fleet.double.person("Maya")
        await maya.write(refund, "Refund approved.")
        await maya.write(discount, "Five per cent.")
        assert "money back" in await talk.heard.until("Refund approved")
        assert "discount" in await talk.heard.until("Five per cent")


async def test_a_gateway_restart_while_the_customer_waits_is_not_noticed(fleet: Fleet) -> None:
    gateway = await fleet.add_gateway()
    await fleet.add_worker()
    client = talking_module.client_for(processes.gateway_url(gateway))
    async with asyncio.timeout(60), talking_module.talking(client) as talk:
        await talk.says("Can I get 15 % off?")
        thread = await fleet.double.until_thread("15 % off")
        gateway.kill()
        await fleet.double.person("Maya").write(thread, "Fifteen is fine.")
        gateway.start()
        await talk.heard.until("Fifteen is fine")
        assert talk.heard.count("Fifteen is fine") == 1
    assert len(fleet.double.threads) == 1


async def test_a_time_out_is_told_as_one(fleet: Fleet) -> None:
    gateway = await fleet.add_gateway({"ESCALATION_TIMEOUT": "2"})
    await fleet.add_worker()
    client = talking_module.client_for(processes.gateway_url(gateway))
    async with asyncio.timeout(60), talking_module.talking(client) as talk:
        await talk.says("Can I get a discount?")
        told = await talk.heard.until("in time")
    assert "says" not in told

"""A question back, all the way from Discord to the customer, and the reply back again."""

from __future__ import annotations

import asyncio
import importlib

import pytest
from discord_double.reading import text_of
from support import processes
from support.discord_views import starter_of, until_outcome, until_told

from e2e.conftest import Fleet

importlib.import_module("support.videosdk_runtime")
talking_module = importlib.import_module("support.talking")

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]


async def test_a_question_back_reaches_the_customer_once_and_the_reply_reaches_its_asker(
    fleet: Fleet,
) -> None:
    gateway = await fleet.add_gateway()
    worker = await fleet.add_worker()
    client = talking_module.client_for(processes.gateway_url(gateway))
    maya = fleet.double.person("Maya")
    async with asyncio.timeout(100), talking_module.talking(client) as talk:
        await talk.says("Can I get 10 % off?")
        thread = await fleet.double.until_thread("10 % off")
        await maya.write(thread, "? How many shelves?")
        await talk.heard.until("How many shelves?")
        # Both die while the customer thinks.
        worker.kill()
        gateway.kill()
        gateway.start()
        await fleet.add_worker()
        await talk.says("Three, and a lamp.")
        reply = await until_told(fleet.double, thread, "Three, and a lamp.")
        assert maya.mention in reply.content
        await maya.write(thread, "Then ten is fine.")
        await talk.heard.until("Then ten is fine.")
        await until_outcome(fleet.double, thread, "Answered by Maya")
        starter = starter_of(fleet.double, thread)
        await fleet.double.until(lambda: "Delivered" in text_of(starter) or None)
    assert talk.heard.count("How many shelves?") == 1
    assert talk.heard.count("Then ten is fine.") == 1

"""One worker listens; another takes over when it is gone, and nothing is lost in between."""

from __future__ import annotations

import asyncio
import time

import pytest
from support.discord_views import answer_text
from support.processes import Process

from e2e.conftest import Fleet

pytestmark = pytest.mark.e2e


async def listener_and_standby(fleet: Fleet) -> tuple[Process, Process]:
    """Start two workers, one after the other."""
    await fleet.add_gateway()
    first, second = await fleet.add_worker(), await fleet.add_worker()
    assert "discord_listening" in first.text()
    assert "discord_standby" in second.text()
    assert len(fleet.double.gateway.connected) == 1
    return first, second


@pytest.mark.parametrize("killed", [True, False], ids=["killed", "told to stop"])
async def test_the_standby_takes_over_and_hears_what_was_written_meanwhile(
    fleet: Fleet, killed: bool
) -> None:
    first, second = await listener_and_standby(fleet)
    async with asyncio.timeout(60), fleet.client() as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(
            agent.call_tool("ask_human", {"question": "Who hears?", "wait_seconds": 50})
        )
        thread = await fleet.double.until_thread("Who hears?")
        if killed:
            first.kill()
        else:
            group.create_task(asyncio.to_thread(first.stop))
            await first.until_logged("worker_stopping")
        gone = time.monotonic()
        await fleet.double.person("Maya").write(thread, "the next one")
        await second.until_logged("slot_taken")
        print(f"took over {time.monotonic() - gone:.1f} s after the other was gone")  # noqa: T201
        assert answer_text(await asking) == "the next one"


async def test_a_worker_that_stands_by_posts_as_well(fleet: Fleet) -> None:
    await listener_and_standby(fleet)
    async with asyncio.timeout(60), fleet.client() as agent:
        for number in range(20):
            question = {"question": f"Number {number}?", "wait_seconds": 0}
            await agent.call_tool("ask_human", question)
        await fleet.double.until(lambda: len(fleet.double.threads) == 20)
        while not all("question_posted" in worker.text() for worker in fleet.workers):
            await agent.call_tool("ask_human", {"question": f"{time.time()}", "wait_seconds": 0})


async def test_a_worker_whose_slot_another_took_stops_listening(fleet: Fleet) -> None:
    first, second = await listener_and_standby(fleet)
    async with asyncio.timeout(40), fleet.client() as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(
            agent.call_tool("ask_human", {"question": "Paused?", "wait_seconds": 30})
        )
        thread = await fleet.double.until_thread("Paused?")
        while not any("question_posted" in each.text() for each in (first, second)):
            await asyncio.sleep(0.02)  # either of them posts
        first.pause()
        await fleet.double.person("Maya").write(thread, "into its socket")
        await second.until_logged("discord_listening")
        assert answer_text(await asking) == "into its socket"
        first.resume()
        await first.until_logged("slot_lost")
        assert "reply_accepted" not in first.text()
        await first.until_logged("discord_standby")
        await fleet.double.until(lambda: len(fleet.double.gateway.connected) == 1)


async def test_two_listeners_at_once_do_no_harm(fleet: Fleet) -> None:
    await fleet.add_gateway()
    for _ in range(2):
        await fleet.add_worker({"DISCORD_LISTENERS": "2"})
    assert len(fleet.double.gateway.connected) == 2
    async with asyncio.timeout(30), fleet.client() as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(agent.call_tool("ask_human", {"question": "Both?"}))
        thread = await fleet.double.until_thread("Both?")
        await fleet.double.person("Maya").write(thread, "both heard it")
        assert answer_text(await asking) == "both heard it"
        for worker in fleet.workers:
            assert "discord_listening" in worker.text()

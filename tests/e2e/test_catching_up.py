"""Replies count even when nobody listened."""

from __future__ import annotations

import asyncio

import pytest
from mcp import Client
from redis.asyncio import Redis
from support.discord_views import answer_text, structured, until_outcome, until_told

from e2e.conftest import Fleet
from shared.escalation import DEFAULT_BOT
from shared.redis_adapter.hearing import RedisHearing

pytestmark = pytest.mark.e2e


async def ask(agent: Client, question: str) -> str:
    """Ask without waiting; return the id."""
    asked = await agent.call_tool("ask_human", {"question": question, "wait_seconds": 0})
    return str(structured(asked)["escalation_id"])


async def test_a_reply_written_while_every_worker_was_down_is_found_at_the_next_start(
    fleet: Fleet,
) -> None:
    await fleet.add_gateway()
    worker = await fleet.add_worker()
    double = fleet.double
    async with asyncio.timeout(60), fleet.client() as agent:
        ids = {name: await ask(agent, f"{name}?") for name in ("Plain", "Archived", "Crowded")}
        threads = {name: await double.until_thread(name) for name in ids}
        for escalation_id in ids.values():
            await worker.until_logged('"question_posted", "level": "info"')
            assert escalation_id
        await worker.until_logged("question_posted", times=3)
        cancelled = await ask(agent, "Cancelled meanwhile?")
        gone = await double.until_thread("Cancelled meanwhile?")
        await worker.until_logged("question_posted", times=4)
        worker.kill()
        await agent.call_tool("cancel_question", {"escalation_id": cancelled})
        maya, mallory = double.person("Maya"), double.person("Mallory")
        noor = double.person("Noor")  # may answer by her role, which no history tells
        await mallory.write(threads["Plain"], "free for all!")
        first = await maya.write(threads["Plain"], "plane")
        await maya.edit(first, "plain")
        await maya.write(threads["Plain"], "a second thought")
        await noor.write(threads["Archived"], "archived")
        double.auto_archive(threads["Archived"])
        for number in range(130):
            await mallory.write(threads["Crowded"], f"noise {number}")
        await maya.write(threads["Crowded"], "crowded")

        await fleet.add_worker()
        for name, escalation_id in ids.items():
            result = await agent.call_tool(
                "check_answer", {"escalation_id": escalation_id, "wait_seconds": 40}
            )
            assert answer_text(result) == name.lower()
        await until_told(double, threads["Plain"], "already ended")
        await until_outcome(double, threads["Plain"], "Answered by Maya")
        await until_outcome(double, gone, "Cancelled by the agent")


async def until_all_heard(fleet: Fleet) -> None:
    """Wait until the listener heard the message with which Discord begins each thread."""
    threads = [str(thread.id) for thread in fleet.double.threads]
    async with Redis.from_url(fleet.redis_url, decode_responses=True) as redis:
        hearing = RedisHearing(redis, fleet.keys)
        while any(
            heard == thread
            for thread, heard in (await hearing.cursors(DEFAULT_BOT, threads)).items()
        ):
            await asyncio.sleep(0.02)


async def test_only_threads_that_moved_are_read(fleet: Fleet) -> None:
    await fleet.add_gateway()
    worker = await fleet.add_worker()
    double = fleet.double
    async with asyncio.timeout(90), fleet.client() as agent:
        for number in range(40):
            await ask(agent, f"number {number:02}?")
        await worker.until_logged("question_posted", times=40)
        await until_all_heard(fleet)
        worker.kill()
        before = len(double.requests)
        for number in (7, 23):
            thread = await double.until_thread(f"number {number:02}")
            await double.person("Maya").write(thread, "yes")
        second = await fleet.add_worker()
        await second.until_logged("caught_up")
        await second.until_logged("outcome_shown", times=2)
    made = [each for each in double.requests[before:] if each.method == "GET"]
    histories = [each for each in made if each.path.endswith("/messages")]
    assert len(histories) == 3, "the two threads, and the channel itself"
    assert len([each for each in made if "threads/active" in each.path]) == 1

"""Things go wrong at Discord, at Redis, or while nobody works. Nothing is lost, nothing repeats."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from discord_double import DiscordDouble, defaults
from discord_double.permissions import Permission
from support.discord_views import answer_text, starter_of, structured, until_outcome, until_told

from e2e.conftest import Fleet
from hitl import embedded_redis
from shared.redis_adapter.keys import Keys

pytestmark = pytest.mark.e2e


async def test_a_reply_written_while_redis_is_away_is_taken_when_it_is_back(
    tmp_path: Path,
) -> None:
    binary = embedded_redis.find_wheel_server()
    server = embedded_redis.start(tmp_path / "redis", server=binary)
    async with asyncio.timeout(60), DiscordDouble() as double:
        fleet = Fleet(tmp_path, server.url, Keys("away"), double)
        try:
            await fleet.add_gateway()
            worker = await fleet.add_worker()
            async with fleet.client() as agent, asyncio.TaskGroup() as group:
                asking = group.create_task(
                    agent.call_tool("ask_human", {"question": "Meanwhile?", "wait_seconds": 50})
                )
                thread = await double.until_thread("Meanwhile?")
                await worker.until_logged("question_posted")
                server.kill()
                await double.person("Maya").write(thread, "written meanwhile")
                await worker.until_logged("reply_waits_for_store")
                server = await asyncio.to_thread(
                    embedded_redis.start, tmp_path / "redis", server=binary, port=server.port
                )
                assert answer_text(await asking) == "written meanwhile"
        finally:
            await asyncio.to_thread(fleet.stop)
            server.stop()


async def test_an_answer_given_in_time_counts_although_every_worker_was_down_at_the_deadline(
    fleet: Fleet,
) -> None:
    await fleet.add_gateway({"ESCALATION_TIMEOUT": "6"})
    worker = await fleet.add_worker()
    double = fleet.double
    async with asyncio.timeout(60), fleet.client() as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(
            agent.call_tool("ask_human", {"question": "In time?", "wait_seconds": 50})
        )
        thread = await double.until_thread("In time?")
        await worker.until_logged("question_posted")
        worker.kill()
        await double.person("Maya").write(thread, "in time")
        await asyncio.sleep(7)  # let the deadline pass while nobody works
        await fleet.add_worker()
        assert answer_text(await asking) == "in time"


async def test_where_no_thread_may_be_opened_a_reply_to_the_message_answers(fleet: Fleet) -> None:
    double = fleet.double
    double.deny(double.channel, defaults.BOT_ROLE_ID, Permission.CREATE_PUBLIC_THREADS)
    await fleet.add_gateway()
    worker = await fleet.add_worker()
    async with asyncio.timeout(40), fleet.client() as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(
            agent.call_tool("ask_human", {"question": "Threadless? " + "long " * 780})
        )
        starter = await double.until_message(double.channel, "eply to this message")
        await worker.until_logged("question_posted")
        await double.person("Maya").reply(starter, "beside")
        assert answer_text(await asking) == "beside"
        await double.until_message(double.channel, "Answered by Maya")


async def test_a_full_server_shows_the_question_without_a_thread(fleet: Fleet) -> None:
    double = fleet.double
    double.settings.max_active_threads = 0
    await fleet.add_gateway()
    await fleet.add_worker()
    async with asyncio.timeout(40), fleet.client() as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(agent.call_tool("ask_human", {"question": "Full?"}))
        starter = await double.until_message(double.channel, "Full?")
        await double.person("Maya").reply(starter, "answered all the same")
        assert answer_text(await asking) == "answered all the same"


async def test_a_deleted_message_does_not_keep_the_worker_trying_for_ever(fleet: Fleet) -> None:
    await fleet.add_gateway()
    worker = await fleet.add_worker()
    double = fleet.double
    async with asyncio.timeout(40), fleet.client() as agent:
        asked = structured(
            await agent.call_tool("ask_human", {"question": "Gone?", "wait_seconds": 0})
        )
        thread = await double.until_thread("Gone?")
        await worker.until_logged("question_posted")
        double.delete_message(starter_of(double, thread))
        await agent.call_tool("cancel_question", {"escalation_id": asked["escalation_id"]})
        await until_told(double, thread, "Cancelled")
        await worker.until_logged("outcome_shown")
        await double.until(lambda: thread.archived)
    assert "job_put_off" not in worker.text()


async def test_a_channel_that_is_gone_is_told_to_the_agent_at_once(fleet: Fleet) -> None:
    await fleet.add_gateway()
    await fleet.add_worker()
    fleet.double.delete_channel(fleet.double.channel)
    async with asyncio.timeout(20), fleet.client() as agent:
        result = await agent.call_tool("ask_human", {"question": "Where?", "wait_seconds": 15})
    told = structured(result)
    assert told["status"] == "undeliverable"
    assert "DISCORD_CHANNEL_ID" in told["reason"]


async def test_a_lost_gateway_connection_loses_no_reply(fleet: Fleet) -> None:
    await fleet.add_gateway()
    worker = await fleet.add_worker()
    double = fleet.double
    async with asyncio.timeout(60), fleet.client() as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(
            agent.call_tool("ask_human", {"question": "Cut off?", "wait_seconds": 50})
        )
        thread = await double.until_thread("Cut off?")
        await worker.until_logged("question_posted")
        double.gateway.forget_sessions()
        await double.person("Maya").write(thread, "never heard live")
        double.gateway.cut()
        assert answer_text(await asking) == "never heard live"
        await until_outcome(double, thread, "Answered by Maya")

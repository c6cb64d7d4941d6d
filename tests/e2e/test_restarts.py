"""Components come and go; questions stay."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from discord_double import DiscordDouble
from support.discord_views import answer_text, structured, until_outcome

from e2e.conftest import Fleet
from hitl import embedded_redis
from shared.redis_adapter.keys import Keys

pytestmark = pytest.mark.e2e


async def test_a_question_asked_while_no_worker_runs_is_posted_by_the_next_one(
    fleet: Fleet,
) -> None:
    await fleet.add_gateway()
    async with asyncio.timeout(40), fleet.client() as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(agent.call_tool("ask_human", {"question": "Anyone there?"}))
        await fleet.gateways[0].until_logged("question_accepted")
        await fleet.add_worker()
        thread = await fleet.double.until_thread("Anyone there?")
        await fleet.double.person("Maya").write(thread, "now we are")
        assert answer_text(await asking) == "now we are"


@pytest.mark.parametrize("nonce_seconds", [180, 0], ids=["by its nonce", "by its marker"])
async def test_a_worker_killed_while_it_posts_leaves_one_posting_which_another_finds(
    fleet: Fleet, nonce_seconds: float
) -> None:
    fleet.double.settings.nonce_window = nonce_seconds
    await fleet.add_gateway()
    doomed = await fleet.add_worker()
    double = fleet.double
    # The message is sent, but its answer never comes back: the worker dies not knowing.
    double.faults.slow(60, method="POST", path=r"/channels/\d+/messages$", after_effect=True)
    async with asyncio.timeout(60), fleet.client() as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(
            agent.call_tool("ask_human", {"question": "Twice?", "wait_seconds": 50})
        )
        await double.until_message(double.channel, "Twice?")
        doomed.kill()
        await fleet.add_worker()
        thread = await double.until_thread("Twice?")
        await double.person("Maya").write(thread, "once")
        assert answer_text(await asking) == "once"
        await until_outcome(double, thread, "Answered by Maya")
    assert len(list(double.channel.messages)) == 1


async def ask_of(fleet: Fleet, gateway: int, arguments: dict[str, str]) -> str:
    """Ask one of the gateways."""
    async with fleet.client(gateway) as agent:
        return answer_text(await agent.call_tool("ask_human", arguments))


async def test_an_agent_whose_gateway_was_killed_asks_again_elsewhere_and_gets_the_answer(
    fleet: Fleet,
) -> None:
    await fleet.add_gateway()
    await fleet.add_gateway()
    await fleet.add_worker()
    arguments = {"question": "Still there?", "idempotency_key": "k1"}
    async with asyncio.timeout(40):
        asked = asyncio.create_task(ask_of(fleet, 0, arguments))
        thread = await fleet.double.until_thread("Still there?")
        fleet.gateways[0].kill()
        # The SDK raises a group of transport errors; which ones is its own affair.
        assert isinstance((await asyncio.gather(asked, return_exceptions=True))[0], Exception)
        await fleet.double.person("Maya").write(thread, "yes")
        assert await ask_of(fleet, 1, arguments) == "yes"
    assert len(fleet.double.threads) == 1


async def test_a_gateway_told_to_stop_lets_go_of_held_calls_with_their_ids(fleet: Fleet) -> None:
    gateway = await fleet.add_gateway()
    async with asyncio.timeout(30), fleet.client() as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(agent.call_tool("ask_human", {"question": "Held?"}))
        await gateway.until_logged("question_accepted")
        stopping = group.create_task(asyncio.to_thread(gateway.stop))
        pending = structured(await asking)
        assert pending["status"] == "pending"
        assert pending["escalation_id"]
    assert stopping.result() == 0


async def test_a_worker_told_to_stop_leaves_in_order(fleet: Fleet) -> None:
    worker = await fleet.add_worker()
    async with asyncio.timeout(20):
        assert await asyncio.to_thread(worker.stop) == 0
    assert "worker_stopped" in worker.text()
    assert "Traceback" not in worker.text()


async def test_everything_outlives_a_crash_of_redis(tmp_path: Path) -> None:
    server = embedded_redis.start(tmp_path / "redis", server=embedded_redis.find_wheel_server())
    async with asyncio.timeout(60), DiscordDouble() as double:
        fleet = Fleet(tmp_path, server.url, Keys("crash"), double)
        try:
            await fleet.add_gateway()
            worker = await fleet.add_worker()
            async with fleet.client() as agent, asyncio.TaskGroup() as group:
                asking = group.create_task(
                    agent.call_tool("ask_human", {"question": "Before?", "wait_seconds": 40})
                )
                thread = await double.until_thread("Before?")
                server.kill()
                restarting = asyncio.to_thread(
                    embedded_redis.start,
                    tmp_path / "redis",
                    server=embedded_redis.find_wheel_server(),
                    port=server.port,
                )
                server = await restarting
                await worker.until_logged("subscription_lost")
                await double.person("Maya").write(thread, "after")
                assert answer_text(await asking) == "after"

                again = group.create_task(agent.call_tool("ask_human", {"question": "Next?"}))
                next_thread = await double.until_thread("Next?")
                await double.person("Maya").write(next_thread, "works")
                assert answer_text(await again) == "works"
        finally:
            await asyncio.to_thread(fleet.stop)
            server.stop()

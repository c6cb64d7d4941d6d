"""Two bots in one worker, as processes: takeover, a refused token, a route that changes its bot."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest
from discord_double import defaults
from discord_double.model import Thread
from mcp import Client
from support.discord_views import answer_text, starter_of, structured, until_outcome
from support.processes import Process

from e2e.conftest import Fleet

pytestmark = pytest.mark.e2e

BILLING = "BILLING_TOKEN"
SECRET = "second-token-of-this-test"
FILE = f"""
[routes.default]
channels = [{defaults.CHANNEL_ID}]
operators = {{ users = [{defaults.MAYA_ID}] }}

[routes.billing]
token_env = "{BILLING}"
channels = [{defaults.SECOND_CHANNEL_ID}]
operators = {{ users = [{defaults.NOOR_ID}] }}
"""


def routes_of(fleet: Fleet) -> Path:
    """Write the file of routes, and invite the second bot."""
    fleet.double.add_bot("Billing", SECRET)
    path = fleet.folder / "routes.toml"
    path.write_text(FILE, encoding="utf-8")
    return path


async def add_worker(fleet: Fleet, routes: Path, token: str = SECRET) -> Process:
    """Start a worker, and wait until both bots listen or stand by, or one is refused."""
    worker = fleet.make_worker({"ROUTES_FILE": str(routes), BILLING: token})
    worker.start()
    await worker.until_logged(
        "discord_listening", "discord_standby", f"Discord refused {BILLING}", times=2
    )
    return worker


async def ask(agent: Client, route: str, question: str) -> str:
    """Ask without waiting; return the id."""
    arguments = {"question": question, "route": route, "wait_seconds": 0}
    return str(structured(await agent.call_tool("ask_human", arguments))["escalation_id"])


async def answer(agent: Client, escalation_id: str) -> str:
    """Wait for the answer."""
    arguments = {"escalation_id": escalation_id, "wait_seconds": 40}
    return answer_text(await agent.call_tool("check_answer", arguments))


def posted_by(fleet: Fleet, thread: Thread) -> str:
    """Name the bot whose message the question is."""
    return starter_of(fleet.double, thread).author.username


async def test_each_bots_questions_survive_the_worker_that_listened(fleet: Fleet) -> None:
    routes, double = routes_of(fleet), fleet.double
    await fleet.add_gateway({"ROUTES_FILE": str(routes)})
    first, second = await add_worker(fleet, routes), await add_worker(fleet, routes)
    assert second.text().count("discord_standby") == 2
    async with asyncio.timeout(60), fleet.client() as agent:
        ids = [await ask(agent, "default", "A discount?"), await ask(agent, "billing", "A refund?")]
        discount = await double.until_thread("A discount?")
        refund = await double.until_thread("A refund?")
        assert posted_by(fleet, discount) == defaults.BOT_NAME
        assert posted_by(fleet, refund) == "Billing"
        first.kill()
        await double.person("Noor").write(discount, "not mine to say")
        await double.person("Maya").write(discount, "10 %")
        await double.person("Maya").write(refund, "nor is this mine")
        await double.person("Noor").write(refund, "all of it")
        await second.until_logged("slot_taken", times=2)
        assert [await answer(agent, each) for each in ids] == ["10 %", "all of it"]
        await until_outcome(double, discount, "Answered by Maya")
        await until_outcome(double, refund, "Answered by Noor")
    for worker in (first, second):
        assert SECRET not in worker.text()
        assert defaults.BOT_TOKEN not in worker.text()
        assert f'"bot": "{BILLING}"' in worker.text()
    assert await asyncio.to_thread(second.stop) == 0


async def test_a_refused_bot_delays_no_other_and_its_questions_wait_for_it(fleet: Fleet) -> None:
    routes, double = routes_of(fleet), fleet.double
    await fleet.add_gateway({"ROUTES_FILE": str(routes)})
    halved = await add_worker(fleet, routes, "reset-since")
    async with asyncio.timeout(60), fleet.client() as agent:
        waiting = await ask(agent, "billing", "A refund?")
        asked = await ask(agent, "default", "A discount?")
        discount = await double.until_thread("A discount?")
        await double.person("Maya").write(discount, "10 %")
        assert await answer(agent, asked) == "10 %"
        await until_outcome(double, discount, "Answered by Maya")
        assert "reset-since" not in halved.text()
        assert await asyncio.to_thread(halved.stop) == 0

        await add_worker(fleet, routes)
        refund = await double.until_thread("A refund?")
        await double.person("Noor").write(refund, "all of it")
        assert await answer(agent, waiting) == "all of it"


async def test_a_route_that_changes_its_bot_leaves_what_is_open_to_the_one_before(
    fleet: Fleet,
) -> None:
    routes, double = routes_of(fleet), fleet.double
    gateway = await fleet.add_gateway({"ROUTES_FILE": str(routes)})
    worker = await add_worker(fleet, routes)
    async with asyncio.timeout(60), fleet.client() as agent:
        asked = await ask(agent, "billing", "A refund?")
        refund = await double.until_thread("A refund?")
        await worker.until_logged("question_posted")

        routes.write_text(FILE.replace(BILLING, "OTHER_TOKEN"), encoding="utf-8")
        hang_up(worker)
        await worker.until_logged("restart the worker")
        routes.write_text(FILE.replace(BILLING, "DISCORD_TOKEN"), encoding="utf-8")
        hang_up(worker, gateway)
        await worker.until_logged('"routes_reloaded"')

        newer = await ask(agent, "billing", "Another one?")
        by_the_new_one = await double.until_thread("Another one?")
        assert posted_by(fleet, by_the_new_one) == defaults.BOT_NAME
        for thread in (refund, by_the_new_one):
            await double.person("Noor").write(thread, "all of it")
        assert [await answer(agent, each) for each in (asked, newer)] == ["all of it"] * 2
        await until_outcome(double, refund, "Answered by Noor")
        await until_outcome(double, by_the_new_one, "Answered by Noor")


def hang_up(*told: Process) -> None:
    """Let processes read their file of routes again."""
    for each in told:
        assert each.process is not None
        each.process.send_signal(signal.SIGHUP)

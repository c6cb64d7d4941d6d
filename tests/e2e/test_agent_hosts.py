"""Hosts of agents die or are told to stop; the next one goes on where they were."""

from __future__ import annotations

import asyncio

import pytest
from discord_double.reading import text_of
from support import processes
from support.agent_host import agent_host, customer_at
from support.discord_views import starter_of
from support.processes import Process

from e2e.conftest import Fleet
from e2e.test_crash_points import AGENT_POINTS
from shared.crash_points import VARIABLE, CrashPoint

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]


async def started(fleet: Fleet, extra: dict[str, str] | None = None) -> Process:
    """Start an agent's process, which the fleet ends."""
    host = agent_host(fleet.folder, processes.gateway_url(fleet.gateways[0]), extra)
    fleet.workers.append(host)
    host.start()
    await host.until_logged("chat_listening")
    return host


async def until_delivered(fleet: Fleet, question: str, outcome: str) -> None:
    """Wait until people see that the customer knows this outcome."""
    thread = await fleet.double.until_thread(question)

    def shown() -> bool | None:
        seen = text_of(starter_of(fleet.double, thread))
        return (outcome in seen and "Delivered to the customer" in seen) or None

    await fleet.double.until(shown)


@pytest.mark.parametrize("point", AGENT_POINTS)
async def test_a_host_dies_with_an_answer(fleet: Fleet, point: CrashPoint) -> None:
    await fleet.add_gateway()
    await fleet.add_worker()
    doomed = await started(fleet, {VARIABLE: point})
    async with asyncio.timeout(100):
        async with customer_at(doomed, "same") as customer:
            await customer.says("Can I get 10 % off?")
            thread = await fleet.double.until_thread("10 % off")
            await fleet.double.person("Maya").write(thread, "Ten is fine.")
            assert doomed.process is not None
            assert await asyncio.to_thread(doomed.process.wait, 40) == -9
            # Spoken or not: what the dead host had to say may or may not have left it.
            assert customer.count("Ten is fine") <= (point is CrashPoint.OUTCOME_SPOKEN)
        async with customer_at(await started(fleet), "same") as customer:
            await customer.hears("Ten is fine")
            await until_delivered(fleet, "10 % off", "Answered by Maya")
            assert customer.count("Ten is fine") == 1
        async with customer_at(await started(fleet), "same") as customer:
            await customer.says("When are you open?")
            await customer.hears("Monday to Friday")
            assert customer.count("Ten is fine") == 0
    assert len(fleet.double.threads) == 1


async def test_a_host_that_is_told_to_stop_hands_its_open_question_over(fleet: Fleet) -> None:
    await fleet.add_gateway()
    await fleet.add_worker()
    leaving = await started(fleet)
    async with asyncio.timeout(100):
        async with customer_at(leaving, "same") as customer:
            await customer.says("Can I get 10 % off?")
            thread = await fleet.double.until_thread("10 % off")
            assert await asyncio.to_thread(leaving.stop) == 0
        await fleet.double.person("Maya").write(thread, "Ten is fine.")
        async with customer_at(await started(fleet), "same") as customer:
            await customer.hears("Ten is fine")
            await until_delivered(fleet, "10 % off", "Answered by Maya")
            assert customer.count("Ten is fine") == 1
    assert "Traceback" not in leaving.text()


async def test_an_answer_after_the_time_out_is_told_late_and_people_see_that_it_arrived(
    fleet: Fleet,
) -> None:
    await fleet.add_gateway({"ESCALATION_TIMEOUT": "2"})
    await fleet.add_worker()
    async with asyncio.timeout(100), customer_at(await started(fleet), "late") as customer:
        await customer.says("Can I get 10 % off?")
        await customer.hears("neither a yes nor a no")
        thread = await fleet.double.until_thread("10 % off")
        await until_delivered(fleet, "10 % off", "Nobody answered in time")
        await fleet.double.person("Maya").write(thread, "Ten is fine.")
        assert "came late" in await customer.hears("Ten is fine")
        await until_delivered(fleet, "10 % off", "late answer by Maya")

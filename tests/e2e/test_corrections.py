"""An operator edits their answer while processes die: what an agent has read never changes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from discord_double.model import Message, Thread
from support.discord_views import said_by_bot, structured, until_outcome
from support.route_files import with_grace

from e2e.conftest import Fleet
from e2e.test_crash_points import read, until_dead, until_nothing_is_due
from shared.crash_points import VARIABLE, CrashPoint
from shared.escalation import Escalation, State

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

GRACE = 15
QUESTION = "What discount?"
FIRST, EDITED = "10 per cent", "15 per cent"


def routes(fleet: Fleet) -> dict[str, str]:
    """Let people correct their answers for a while."""
    return {"ROUTES_FILE": str(with_grace(fleet.folder / "routes.toml", grace=GRACE))}


async def until_answered(fleet: Fleet, escalation_id: str) -> tuple[Thread, Message]:
    """Let Maya answer, and wait until that counts."""
    thread = await fleet.double.until_thread(QUESTION)
    message = await fleet.double.person("Maya").write(thread, FIRST)
    while (await read(fleet, escalation_id)).state is not State.ANSWERED:
        await asyncio.sleep(0.05)
    return thread, message


async def until_corrected(fleet: Fleet, escalation_id: str) -> Escalation:
    """Wait until the edit was taken in."""
    while True:
        kept = await read(fleet, escalation_id)
        if any(each and each.text == EDITED for each in (kept.outcome, kept.late_answer)):
            return kept
        await asyncio.sleep(0.05)


async def check(fleet: Fleet, gateway: int, escalation_id: str) -> dict[str, Any]:
    """Read the answer as an agent does."""
    async with fleet.client(gateway) as agent:
        reading = {"escalation_id": escalation_id, "wait_seconds": 0}
        return structured(await agent.call_tool("check_answer", reading))


async def ask(fleet: Fleet) -> str:
    """Ask, and don't wait."""
    async with fleet.client(len(fleet.gateways) - 1) as agent:
        asking = {"question": QUESTION, "idempotency_key": "k", "wait_seconds": 0}
        return structured(await agent.call_tool("ask_human", asking))["escalation_id"]


@pytest.mark.parametrize("has_been_read", [False, True])
@pytest.mark.parametrize("point", [CrashPoint.EDIT_HEARD, CrashPoint.EDIT_NOTED])
async def test_a_worker_dies_as_an_answer_is_edited(
    fleet: Fleet, point: CrashPoint, has_been_read: bool
) -> None:
    await fleet.add_gateway(routes(fleet))
    doomed = await fleet.add_worker({**routes(fleet), VARIABLE: point})
    async with asyncio.timeout(100):
        escalation_id = await ask(fleet)
        thread, message = await until_answered(fleet, escalation_id)
        if has_been_read:
            assert (await check(fleet, 0, escalation_id))["answer"] == FIRST
        await fleet.double.person("Maya").edit(message, EDITED)
        await until_dead(doomed)
        await fleet.add_worker(routes(fleet))
        await until_corrected(fleet, escalation_id)
        told = await check(fleet, 0, escalation_id)
        expected = (FIRST, EDITED) if has_been_read else (EDITED, None)
        assert (told["answer"], told["late_answer"]) == expected
        shown = f"Corrected afterwards: {EDITED}" if has_been_read else f"(corrected): {EDITED}"
        await until_outcome(fleet.double, thread, shown)
        await until_nothing_is_due(fleet)
        assert len(said_by_bot(fleet.double, thread)) == has_been_read
        assert await check(fleet, 0, escalation_id) | {"next": ""} == told | {
            "correctable_until": None,
            "next": "",
        }


async def test_a_gateway_dies_between_handing_an_answer_over_and_returning_it(
    fleet: Fleet,
) -> None:
    doomed = await fleet.add_gateway({**routes(fleet), VARIABLE: CrashPoint.ANSWER_HANDED_OVER})
    await fleet.add_gateway(routes(fleet))
    await fleet.add_worker(routes(fleet))
    async with asyncio.timeout(100), asyncio.TaskGroup() as group:
        escalation_id = await ask(fleet)
        thread, message = await until_answered(fleet, escalation_id)
        group.create_task(_read_in_vain(fleet, escalation_id))
        await until_dead(doomed)
        await fleet.double.person("Maya").edit(message, EDITED)
        await until_corrected(fleet, escalation_id)
        told = await check(fleet, 1, escalation_id)
        assert (told["answer"], told["late_answer"]) == (FIRST, EDITED)
        await until_outcome(fleet.double, thread, f"Corrected afterwards: {EDITED}")


async def _read_in_vain(fleet: Fleet, escalation_id: str) -> None:
    try:
        await check(fleet, 0, escalation_id)
    except Exception:  # noqa: BLE001 (a gateway that dies shows itself in many ways)
        return
    raise AssertionError("the gateway lives")

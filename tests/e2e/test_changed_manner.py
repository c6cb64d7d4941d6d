"""Workers are restarted with a file by which people answer otherwise, and one dies over it."""

from __future__ import annotations

import asyncio

import pytest
from discord_double import defaults
from discord_double.reading import text_of
from support.discord_views import answer_text, starter_of, until_outcome

from e2e.conftest import Fleet
from e2e.test_crash_points import assert_shown_once, until_dead, until_nothing_is_due
from shared.crash_points import VARIABLE, CrashPoint

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]


@pytest.mark.parametrize(
    ("before", "after"),
    [("first_message", "send_button"), ("send_button", "first_message")],
)
async def test_a_worker_dies_between_showing_how_people_answer_now_and_noting_it(
    fleet: Fleet, before: str, after: str
) -> None:
    routes = fleet.folder / "routes.toml"
    file = (
        f"[routes.default]\nchannels = [{defaults.CHANNEL_ID}]\n"
        f"operators = {{ users = [{defaults.MAYA_ID}, {defaults.NOOR_ID}] }}\n"
    )
    routes.write_text(f'{file}answer_mode = "{before}"\n', encoding="utf-8")
    with_routes = {"ROUTES_FILE": str(routes)}
    await fleet.add_gateway(with_routes)
    first = await fleet.add_worker(with_routes)
    maya, noor = fleet.double.person("Maya"), fleet.double.person("Noor")
    async with asyncio.timeout(100), fleet.client() as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(
            agent.call_tool("ask_human", {"question": "Answered how?", "wait_seconds": 90})
        )
        thread = await fleet.double.until_thread("Answered how?")
        await first.until_logged("question_posted")
        await asyncio.to_thread(first.stop)
        routes.write_text(f'{file}answer_mode = "{after}"\n', encoding="utf-8")
        doomed = fleet.make_worker({**with_routes, VARIABLE: CrashPoint.MANNER_SHOWN})
        doomed.start()
        await until_dead(doomed)
        talk = await noor.write(thread, "What a nuisance.")
        await fleet.add_worker(with_routes)
        await fleet.double.until(lambda: talk.reactions.get("📝"))
        await until_nothing_is_due(fleet, still_open=1)
        starter = starter_of(fleet.double, thread)
        assert ("until you press “Send”" in text_of(starter)) == (after == "send_button")
        await maya.write(thread, "once")
        if after == "send_button":
            await maya.click(starter, "Send")
        assert answer_text(await asking) == "once"
        await until_outcome(fleet.double, thread, "Answered by Maya")
        await until_nothing_is_due(fleet)
        assert_shown_once(fleet.double, thread, "Answered how?")

"""Discord is told of the slash commands by the worker that listens, when that is needed."""

from __future__ import annotations

import asyncio

import structlog
from discord_double import defaults

from listening.commanding import LISTING, SYNC, told, until_registered
from listening.conftest import Scene
from shared.escalation import State


async def test_the_commands_are_registered_once_for_all_workers(scene: Scene) -> None:
    async with asyncio.timeout(30):
        async with scene.listening():
            await until_registered(scene)
        async with scene.listening() as second:
            await scene.double.until(lambda: scene.double.counts[LISTING] == 2 or None)
            asked = await scene.ask(second, "who hears it now?")
            assert "You are on it" in await told(scene, "Maya", "claim", asked)
        assert scene.double.counts[SYNC] == 1
        assert scene.double.counts[LISTING] == 2


async def test_commands_of_another_version_are_replaced(scene: Scene) -> None:
    async with asyncio.timeout(30):
        async with scene.listening():
            await until_registered(scene)
        known = scene.double.bot.commands[defaults.GUILD_ID]
        before = {str(each["name"]): key for key, each in known.items()}
        known[before["claim"]]["description"] = "An older one"
        del known[before["deny"]]
        async with scene.listening():
            await scene.double.until(lambda: scene.double.counts[SYNC] == 2 or None)
        after = {str(each["name"]): key for key, each in known.items()}
        assert after.keys() == before.keys()
        assert after["claim"] == before["claim"]
        assert known[after["claim"]]["description"] != "An older one"


async def test_a_bot_without_the_scope_listens_all_the_same_and_says_what_to_mend(
    scene: Scene,
) -> None:
    scene.double.bot.commands_scope = False
    with structlog.testing.capture_logs() as logged:
        async with asyncio.timeout(30), scene.listening() as worker:
            await scene.double.until(lambda: scene.double.counts[LISTING] or None)
            asked = await scene.ask(worker, "heard?")
            await scene.double.person("Maya").write(scene.thread(asked), "Yes.")
            assert (await scene.until_ended(asked)).state is State.ANSWERED
            scene.double.bot.commands_scope = True
            await until_registered(scene)
    mends = [str(each["mend"]) for each in logged if each["event"] == "needs_mending"]
    assert mends
    assert "applications.commands" in mends[0]

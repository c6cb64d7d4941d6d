"""A question is given to somebody else: by a button and by a command, to those who may have it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import structlog
from discord_double import defaults
from discord_double.model import Message
from discord_double.people import Person
from discord_double.reading import text_of
from support.clock import SteppedClock

from escalation_worker.discord_channel.showing.controls import Act, ControlId
from listening.commanding import told, until_registered
from listening.conftest import Scene
from listening.test_controls import said_to, shown
from listening.test_routes import FILE, ask_tiers, calls_in, of_file
from shared.escalation import Escalation, State
from shared.escalation import Person as Somebody
from shared.ports.clock import utc_now

MAYA, NOOR, MALLORY = (
    str(each) for each in (defaults.MAYA_ID, defaults.NOOR_ID, defaults.MALLORY_ID)
)


async def menu_of(scene: Scene, who: Person, asked: Escalation) -> Message:
    """Press the button and give the message, seen by that person alone, with the menu."""
    click = await who.click(scene.starter(asked), "Reassign")
    assert "Who shall take" in await said_to(scene, click)
    assert click.response is not None
    assert click.response.only_for == who.id
    return click.response


async def choose(scene: Scene, who: Person, asked: Escalation, whom: str) -> str:
    """Choose from the menu, and read what its message says then."""
    menu = await menu_of(scene, who, asked)
    choice = await who.choose(menu, str(ControlId(Act.ASSIGN, asked.id)), whom)
    await scene.double.until(lambda: choice.is_acknowledged or None)
    assert menu.components == [], "it can be used once"
    return menu.content


def told_to_assignee(scene: Scene, asked: Escalation) -> list[Message]:
    """List what whoever was given a question was told."""
    assert asked.posting is not None
    place = scene.thread(asked) if asked.posting.threaded else scene.double.channel
    return [each for each in place.messages if "Reassigned (" in each.content]


@pytest.mark.parametrize("full", [False, True])
async def test_whoever_is_chosen_is_on_it_and_is_told_once(scene: Scene, full: bool) -> None:
    scene.double.settings.nonce_window = 0  # as long after
    scene.double.settings.max_active_threads = 0 if full else 1000
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "who?")
        maya, noor = scene.double.person("Maya"), scene.double.person("Noor")
        await said_to(scene, await maya.click(scene.starter(asked), "I'm on it"))
        assert await choose(scene, maya, asked, NOOR) == "They are on it now, and are told."
        claim = (await scene.read(asked)).claim
        assert claim is not None
        assert claim.assigned_by is not None
        assert (claim.by, claim.assigned_by.name) == (Somebody(id=NOOR, name="Noor"), "Maya")
        # Each further time stands for a worker that died before it could note it.
        record, score = scene.keys.unshown, await scene.redis.zscore(scene.keys.unshown, asked.id)
        assert score is not None
        for _ in range(3):
            await scene.redis.zadd(record, {asked.id: score})
            await shown(scene, worker, asked)
        (call,) = told_to_assignee(scene, asked)
        assert call.mentions.users == [noor.id]
        assert "Maya asks you" in call.content
        assert "Noor (asked by Maya)" in text_of(scene.starter(asked))
        if full:
            assert call.reference is not None
            assert str(call.reference["message_id"]) == str(scene.starter(asked).id)


async def test_by_command_too_and_each_time_anew(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        await until_registered(scene)
        asked = await scene.ask(worker, "who?")
        for number in (1, 2):
            words = await told(scene, "Maya", "reassign", asked, person=NOOR)
            assert words == "They are on it now, and are told."
            await shown(scene, worker, asked)
            assert [each.content[:14] for each in told_to_assignee(scene, asked)] == [
                f"📌 Reassigned ({each})"[:14] for each in range(1, number + 1)
            ]
            assert "already" in await told(scene, "Maya", "reassign", asked, person=NOOR)
            await told(scene, "Noor", "release", asked)


async def test_whoever_chooses_themselves_takes_it_over_and_is_told_nothing(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        await until_registered(scene)
        asked = await scene.ask(worker, "mine?")
        await told(scene, "Noor", "claim", asked)
        assert "You are on it" in await told(scene, "Maya", "reassign", asked, person=MAYA)
        claim = (await scene.read(asked)).claim
        assert claim is not None
        assert (claim.by.name, claim.assigned_by) == ("Maya", None)
        await shown(scene, worker, asked)
        assert told_to_assignee(scene, asked) == []


async def test_nobody_is_told_of_what_is_no_longer_theirs(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        await until_registered(scene)
        asked = await scene.ask(worker, "whose?")
        await told(scene, "Maya", "reassign", asked, person=NOOR)
        await told(scene, "Noor", "reassign", asked, person=MAYA)
        await shown(scene, worker, asked)
        (call,) = told_to_assignee(scene, asked)
        assert call.mentions.users == [int(MAYA)]
        await told(scene, "Maya", "release", asked)
        await told(scene, "Maya", "reassign", asked, person=NOOR)
        await told(scene, "Noor", "answer", asked, text="Yes.")
        await shown(scene, worker, asked)
        assert len(told_to_assignee(scene, asked)) == 1, "it has ended"


@pytest.mark.parametrize("whom", [MALLORY, str(defaults.BOT_USER_ID)])
async def test_who_may_not_answer_is_given_nothing(scene: Scene, whom: str) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        await until_registered(scene)
        asked = await scene.ask(worker, "who?")
        maya = scene.double.person("Maya")
        words = "Whoever you chose may not answer this question, so nothing was changed."
        with structlog.testing.capture_logs() as logged:
            assert await choose(scene, maya, asked, whom) == words
            assert await told(scene, maya, "reassign", asked, person=whom) == words
        refused = [each for each in logged if each["event"] == "assignee_refused"]
        assert len(refused) == (2 if whom == MALLORY else 0)
        assert (await scene.read(asked)).claim is None


async def test_a_role_that_was_taken_away_does_not_count(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        await until_registered(scene)
        asked = await scene.ask(worker, "who?")
        await scene.double.person("Noor").set_roles()
        assert "may not answer" in await told(scene, "Maya", "reassign", asked, person=NOOR)


async def test_who_has_left_the_server_has_no_roles_there(scene: Scene) -> None:
    from discord_double.acts import guilds  # noqa: PLC0415

    async with asyncio.timeout(30), scene.listening() as worker:
        await until_registered(scene)
        asked = await scene.ask(worker, "who?")
        guilds.remove_member(scene.double.world, scene.double.guild, int(NOOR))
        assert "may not answer" in await told(scene, "Maya", "reassign", asked, person=NOOR)


async def test_a_stranger_is_shown_no_menu_and_may_not_use_anothers(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "who?")
        maya, mallory = scene.double.person("Maya"), scene.double.person("Mallory")
        click = await mallory.click(scene.starter(asked), "Reassign")
        assert "may not act" in await said_to(scene, click)
        menu = await menu_of(scene, maya, asked)
        menu.only_for = mallory.id  # as if Discord let them
        await mallory.choose(menu, str(ControlId(Act.ASSIGN, asked.id)), NOOR)
        await scene.double.until(lambda: "may not act" in menu.content or None)
        assert (await scene.read(asked)).claim is None


async def test_once_it_has_ended_it_is_given_to_nobody(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "who?", options=("yes", "no"))
        maya = scene.double.person("Maya")
        menu, starter = await menu_of(scene, maya, asked), scene.starter(asked)
        await said_to(scene, await maya.click(starter, "yes"))
        await maya.choose(menu, str(ControlId(Act.ASSIGN, asked.id)), NOOR)
        await scene.double.until(lambda: "already ended" in menu.content or None)
        click = await maya.click(starter, "Reassign")
        assert "already ended" in await said_to(scene, click)


async def test_a_menu_that_names_a_question_which_is_not_kept_changes_nothing(
    scene: Scene,
) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "who?")
        maya = scene.double.person("Maya")
        menu = await menu_of(scene, maya, asked)
        forged = str(ControlId(Act.ASSIGN, "01UNKNOWN"))
        menu.components[0]["components"][0]["custom_id"] = forged
        await maya.choose(menu, forged, NOOR)
        await scene.double.until(lambda: "no longer kept" in menu.content or None)


async def test_a_silent_assignee_is_reminded_alone_and_then_released_as_any_other(
    scene: Scene,
) -> None:
    clock = SteppedClock()
    text = FILE.replace('at_end = "fallback"', 'at_end = "fallback"\nclaim_timeout = "90s"')
    worker = scene.make_worker(routes=of_file(text), clock=clock)
    async with asyncio.timeout(30), scene.listening(worker):
        await until_registered(scene)
        asked = await ask_tiers(scene, worker)
        await told(scene, "Maya", "reassign", asked, person=NOOR)
        clock.now = utc_now() + timedelta(seconds=61)
        await worker.escalating.follow(asked.id)
        (reminder,) = calls_in(scene.thread(asked))
        assert reminder.mentions.users == [int(NOOR)]
        clock.now = utc_now() + timedelta(seconds=91)
        await worker.escalating.follow(asked.id)
        read = await scene.read(asked)
        assert (read.claim, read.state) == (None, State.POSTED)
        assert "asked by" not in text_of(await shown(scene, worker, asked))
        assert len(calls_in(scene.thread(asked))) == 2, "its tier begins anew"

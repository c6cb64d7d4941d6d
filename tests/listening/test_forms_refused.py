"""Forms that nobody may fill in, or not here, or not any more."""

from __future__ import annotations

import asyncio

import pytest
from discord_double.acts import interactions
from discord_double.acts.interactions import Interaction, InteractionType
from discord_double.forms import interactive
from discord_double.model import Message
from discord_double.people import Person
from support.make import an_outcome

from escalation_worker.discord_channel.showing.controls import Act, ControlId
from listening.conftest import Scene
from listening.test_controls import FORM, said_to
from listening.test_forms import LONG, buttons, opened, sent
from shared.escalation import Escalation, State
from shared.ports.clock import utc_now


async def end(scene: Scene, escalation: Escalation, state: State) -> None:
    """End a question while somebody is at its form."""
    source = None if state is State.TIMED_OUT else "m1"
    outcome = an_outcome(escalation, state, at=utc_now(), source=source)
    await scene.store.conclude(escalation.id, outcome)


async def submitted(
    scene: Scene, person: Person, form: Interaction, custom_id: str, **values: str
) -> Interaction:
    """Send a form as a client would that makes up its id."""
    assert form.modal is not None
    form.modal["custom_id"] = custom_id
    return await person.submit(form, values)


async def test_a_stranger_opens_no_form_and_their_page_is_not_kept(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "the order?", form=LONG)
        mallory, starter = scene.double.person("Mallory"), scene.starter(asked)
        click = await mallory.click(starter, "Fill in the form")
        assert "may not act" in await said_to(scene, click)
        assert click.modal is None

        # As if they had lost the role while the form was open.
        maya = scene.double.person("Maya")
        form = await opened(scene, maya, starter)
        form.user = mallory.member.user
        submission = await mallory.submit(form, {"part2": "mine"})
        assert "may not act" in await said_to(scene, submission)
        assert await scene.stores.drafts.read(asked.id, str(mallory.id)) == {}
        assert (await scene.read(asked)).state is State.POSTED


@pytest.mark.parametrize(
    ("state", "kept_late"), [(State.CANCELLED, False), (State.TIMED_OUT, True)]
)
async def test_a_form_that_was_open_when_its_question_ended_is_told_so(
    scene: Scene, state: State, kept_late: bool
) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "how much?", form=FORM)
        maya, starter = scene.double.person("Maya"), scene.starter(asked)
        form = await opened(scene, maya, starter)
        await end(scene, asked, state)
        told = await sent(scene, maya, form, percent="5")
        assert ("kept as a late answer" if kept_late else "already ended") in told.content
        ended = await scene.read(asked)
        assert (ended.state, ended.late_answer is not None) == (state, kept_late)
        click = await maya.click(starter, "Fill in the form")
        assert "already ended" in await said_to(scene, click)
        assert await scene.stores.drafts.read(asked.id, str(maya.id)) == {}


@pytest.mark.parametrize("state", [State.CANCELLED, State.TIMED_OUT])
async def test_a_page_is_not_kept_after_the_end(scene: Scene, state: State) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "the order?", form=LONG)
        maya, told = scene.double.person("Maya"), scene.starter(asked)
        told = await sent(scene, maya, await opened(scene, maya, told), part2="two")
        second = await opened(scene, maya, told, "Fill in page 2 of 3")
        await end(scene, asked, state)
        told = await sent(scene, maya, second, colour="red")
        assert "already ended" in told.content
        assert buttons(told) == []
        assert "colour" not in await scene.stores.drafts.read(asked.id, str(maya.id))
        assert (await scene.read(asked)).late_answer is None


async def test_a_form_that_names_another_question_is_refused(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        mine = await scene.ask(worker, "mine?", form=FORM)
        other = await scene.ask(worker, "other?", form=FORM)
        maya = scene.double.person("Maya")
        form = await opened(scene, maya, scene.starter(mine))
        named = str(ControlId(Act.FILL_IN, other.id, form=True))
        submission = await submitted(scene, maya, form, named, percent="5")
        assert "no longer kept" in await said_to(scene, submission)
        for each in (mine, other):
            assert (await scene.read(each)).state is State.POSTED
            assert await scene.stores.drafts.read(each.id, str(maya.id)) == {}


async def test_a_button_in_a_message_that_is_neither_the_questions_nor_our_whisper_does_nothing(
    scene: Scene,
) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "the order?", form=LONG)
        other = await scene.ask(worker, "other?")
        maya, world = scene.double.person("Maya"), scene.double.world
        told = await sent(scene, maya, await opened(scene, maya, scene.starter(asked)), part2="two")

        async def used(message: Message, act: Act = Act.FILL_IN) -> Interaction:
            data = {"component_type": 2, "id": 1, "custom_id": str(ControlId(act, asked.id, 1))}
            return interactions.open_interaction(
                world,
                maya.member.user,
                scene.double.channel,
                scene.double.bot,
                InteractionType.COMPONENT,
                data,
                message,
            )

        # Another question's message, and somebody else's message that looks ephemeral.
        forged = await maya.write(scene.double.channel, "press here")
        forged.flags |= told.flags
        for message in (scene.starter(other), forged):
            click = await used(message)
            assert "no longer kept" in await said_to(scene, click)
            assert click.modal is None
        # Our own whisper opens pages, and is good for nothing else.
        click = await used(told, Act.DECLINE)
        assert "no longer kept" in await said_to(scene, click)
        assert click.modal is None
        assert (await scene.read(asked)).state is State.POSTED


@pytest.mark.parametrize("as_form", [False, True])
async def test_a_page_that_the_form_does_not_have_is_refused(scene: Scene, as_form: bool) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "the order?", form=LONG)
        maya, starter = scene.double.person("Maya"), scene.starter(asked)
        if as_form:
            named = str(ControlId(Act.FILL_IN, asked.id, 3, form=True))
            form = await opened(scene, maya, starter)
            click = await submitted(scene, maya, form, named, part2="two")
        else:
            button = next(
                each for each in interactive(starter.components) if ":fill:" in each["custom_id"]
            )
            button["custom_id"] = str(ControlId(Act.FILL_IN, asked.id, 3))
            click = await maya.click(starter, "Fill in the form")
        assert "no such page" in await said_to(scene, click)
        assert await scene.stores.drafts.read(asked.id, str(maya.id)) == {}


async def test_a_form_for_a_question_that_has_none_is_refused(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "may I?")
        maya, starter = scene.double.person("Maya"), scene.starter(asked)
        interactive(starter.components)[0]["custom_id"] = str(ControlId(Act.FILL_IN, asked.id))
        click = await maya.click(starter, "Answer")
        assert "not answered in writing" in await said_to(scene, click)
        assert (await scene.read(asked)).state is State.POSTED

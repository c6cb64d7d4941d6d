"""Messages that have no words of their writer's: forwards and polls."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from discord_double.model import Message, Thread
from discord_double.people import Person
from support.discord_views import said_by_bot

from listening.conftest import Scene
from listening.test_send_button import a_sender, outcome_of, send, until_read
from shared.escalation import Escalation, State

Write = Callable[[Scene, Person, Thread], Awaitable[Message]]


async def a_forward(scene: Scene, person: Person, place: Thread) -> Message:
    elsewhere = await scene.double.person("Noor").write(scene.double.channel, "10 % since May.")
    return await person.forward(elsewhere, place)


async def a_poll(_: Scene, person: Person, place: Thread) -> Message:
    return await person.ask_all(place, "10 %?", "yes", "no")


async def until_told_of_replies(scene: Scene, asked: Escalation) -> list[Message]:
    """Let a stranger reply to a question's message, and list who was told something beside it."""
    reply = await scene.double.person("Mallory").reply(scene.starter(asked), "Me?")
    told = await scene.double.until_message(containing="Only the operators")
    assert told.reference is not None
    assert told.reference["message_id"] == str(reply.id)
    return [each for each in scene.double.channel.messages if each.author.bot and each.reference]


@pytest.mark.parametrize(
    ("write", "told"), [(a_forward, "You forwarded a message"), (a_poll, "You started a poll")]
)
async def test_what_has_no_words_of_theirs_is_named_and_deleted_the_rest_is_sent(
    scene: Scene, write: Write, told: str
) -> None:
    async with asyncio.timeout(30), scene.listening(a_sender(scene)) as worker:
        asked = await scene.ask(worker, "a discount?")
        maya, thread = scene.double.person("Maya"), scene.thread(asked)
        await maya.write(thread, "Yes, 10 %.")
        aside = await write(scene, maya, thread)
        words, _ = await send(scene, maya, asked)
        assert told in words
        assert "intent" not in words
        assert (await scene.read(asked)).state.is_open
        await maya.delete(aside)
        assert "Sent" in (await send(scene, maya, asked))[0]
        assert (await outcome_of(scene, asked)).text == "Yes, 10 %."


@pytest.mark.parametrize(
    ("write", "told"), [(a_forward, "A forwarded message can't"), (a_poll, "A poll can't")]
)
async def test_where_the_first_message_answers_they_are_refused_by_what_they_are(
    scene: Scene, write: Write, told: str
) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "a discount?")
        maya, thread = scene.double.person("Maya"), scene.thread(asked)
        await until_read(scene, await write(scene, maya, thread))
        (said,) = said_by_bot(scene.double, thread)
        assert told in said
        await maya.write(thread, "Yes.")
        assert (await outcome_of(scene, asked)).text == "Yes."


async def test_a_question_that_is_forwarded_elsewhere_is_not_replied_to_by_that(
    scene: Scene,
) -> None:
    async with asyncio.timeout(30), scene.listening(a_sender(scene)) as worker:
        asked = await scene.ask(worker, "a discount?")
        maya, starter = scene.double.person("Maya"), scene.starter(asked)
        await maya.forward(starter, scene.double.channel)
        last = await maya.reply(starter, "Yes.")
        assert "Sent" in (await send(scene, maya, asked))[0]
        outcome = await outcome_of(scene, asked)
        assert (outcome.text, outcome.source) == ("Yes.", str(last.id))


async def test_a_forward_beside_the_question_gets_no_word(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "a discount?")
        await scene.double.person("Maya").forward(scene.starter(asked), scene.double.channel)
        assert len(await until_told_of_replies(scene, asked)) == 1
        assert (await scene.read(asked)).state is State.POSTED


async def test_nor_does_one_that_is_found_later(scene: Scene) -> None:
    asked = await scene.asked_before("a discount?")
    await scene.vouch()
    await scene.double.person("Maya").forward(scene.starter(asked), scene.double.channel)
    async with asyncio.timeout(30), scene.listening():
        assert len(await until_told_of_replies(scene, asked)) == 1
        assert (await scene.read(asked)).state is State.POSTED

"""Presses of Send that pass nothing on, and what whoever pressed is told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from discord_double import Upload, defaults
from discord_double.forms import interactive
from support.discord_views import said_by_bot
from support.make import an_outcome

from escalation_worker.discord_channel.showing.controls import Act, ControlId
from listening.conftest import Scene
from listening.test_controls import FORM, labels, said_to
from listening.test_send_button import a_sender, outcome_of, send, until_read
from shared.escalation import State
from shared.ports.clock import utc_now


async def test_with_nothing_written_the_person_is_told_what_to_do(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening(a_sender(scene)) as worker:
        asked = await scene.ask(worker, "a discount?")
        maya, thread = scene.double.person("Maya"), scene.thread(asked)
        await scene.double.person("Noor").write(thread, "Ask Maya.")
        await maya.write(thread, "? How many?")
        await maya.write(thread, "\u200b")
        words, _ = await send(scene, maya, asked)
        assert "not written anything here yet" in words
        assert "“Send”" in words
        assert (await scene.read(asked)).state.is_open


async def test_more_than_an_answer_may_have_is_not_passed_on_until_it_is_shortened(
    scene: Scene,
) -> None:
    async with asyncio.timeout(30), scene.listening(a_sender(scene)) as worker:
        asked = await scene.ask(worker, "a discount?")
        maya, thread = scene.double.person("Maya"), scene.thread(asked)
        await maya.write(thread, "x" * 2_000)
        await maya.write(thread, "y" * 1_998)
        longest = await maya.write(thread, "zz")
        assert "more than 4,000 characters" in (await send(scene, maya, asked))[0]
        assert (await scene.read(asked)).state.is_open
        await maya.edit(longest, "z")
        await maya.write(thread, "? never mind")
        assert "more than 4,000" in (await send(scene, maya, asked))[0], "line breaks count too"
        await maya.delete(longest)
        assert "Sent" in (await send(scene, maya, asked))[0]
        assert len((await outcome_of(scene, asked)).text or "") == 3_999


async def test_files_of_what_is_sent_go_with_it_and_those_over_a_limit_are_named(
    scene: Scene,
) -> None:
    async with asyncio.timeout(30), scene.listening(a_sender(scene)) as worker:
        asked = await scene.ask(worker, "a discount?")
        maya, thread = scene.double.person("Maya"), scene.thread(asked)
        price_list = Upload("prices.txt", b"10 %")
        await maya.write(thread, files=[price_list])
        await maya.write(thread, "? which shelf", files=[Upload("aside.txt", b"x")])
        await maya.write(thread, "This one.", files=[Upload("scan.zip", b"PK")])
        words, _ = await send(scene, maya, asked)
        assert "Sent" in words
        assert "scan.zip was not passed on" in words
        outcome = await outcome_of(scene, asked)
        assert outcome.text == "This one."
        assert [each.name for each in outcome.attachments] == ["prices.txt"]


async def test_files_alone_can_be_sent(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening(a_sender(scene)) as worker:
        asked = await scene.ask(worker, "the price list?")
        maya, thread = scene.double.person("Maya"), scene.thread(asked)
        await maya.write(thread, files=[Upload("prices.txt", b"10 %")])
        assert "Sent" in (await send(scene, maya, asked))[0]
        outcome = await outcome_of(scene, asked)
        assert outcome.text is None
        assert [each.name for each in outcome.attachments] == ["prices.txt"]


async def test_who_may_not_answer_sends_nothing_not_even_their_own_words(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening(a_sender(scene)) as worker:
        asked = await scene.ask(worker, "a discount?")
        mallory, thread = scene.double.person("Mallory"), scene.thread(asked)
        await scene.double.person("Maya").write(thread, "Yes.")
        await mallory.write(thread, "Everything is free.")
        start = len(scene.double.requests)
        words, _ = await send(scene, mallory, asked)
        assert "may not act" in words
        assert not [path for path in scene.reads_since(start) if "messages" in path]
        assert (await scene.read(asked)).state is State.POSTED


async def test_a_send_after_somebody_elses_is_told_so_and_changes_nothing(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening(a_sender(scene)) as worker:
        asked = await scene.ask(worker, "a discount?")
        maya, noor, thread = *map(scene.double.person, ("Maya", "Noor")), scene.thread(asked)
        starter = scene.starter(asked)
        await maya.write(thread, "Yes.")
        await noor.write(thread, "No.")
        mallory = scene.double.person("Mallory")
        assert "Sent" in (await send(scene, maya, asked))[0]
        for person, told in ((noor, "already ended"), (mallory, "may not act")):
            assert told in await said_to(scene, await person.click(starter, "Send"))
        ended = await scene.read(asked)
        assert ended.outcome is not None
        assert (ended.outcome.text, ended.late_answer) == ("Yes.", None)


async def test_an_id_that_names_another_question_sends_nothing(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening(a_sender(scene)) as worker:
        mine, other = await scene.ask(worker, "mine?"), await scene.ask(worker, "other?")
        maya, starter = scene.double.person("Maya"), scene.starter(mine)
        for each in (mine, other):
            await maya.write(scene.thread(each), "Yes.")
        for each in interactive(starter.components):
            each["custom_id"] = str(each["custom_id"]).replace(mine.id, other.id)
        assert "no longer kept" in await said_to(scene, await maya.click(starter, "Send"))
        for each in (mine, other):
            assert (await scene.read(each)).state is State.POSTED


@pytest.mark.parametrize(
    "shape",
    [{"form": FORM}, {"approvals_needed": 1}, {"options": ("yes", "no"), "options_only": True}],
)
async def test_a_question_that_is_not_answered_in_words_has_no_send_and_takes_none(
    scene: Scene, shape: dict[str, Any]
) -> None:
    async with asyncio.timeout(30), scene.listening(a_sender(scene)) as worker:
        asked = await scene.ask(worker, "which?", **shape)
        maya, starter = scene.double.person("Maya"), scene.starter(asked)
        assert "Send" not in labels(starter)
        thread = scene.thread(asked)
        first = await maya.write(thread, "Let me see.")
        await until_read(scene, first)
        await until_read(scene, await scene.double.person("Noor").write(thread, "I would."))
        assert (await scene.read(asked)).state is State.POSTED, "said among colleagues"
        (said,) = said_by_bot(scene.double, thread)
        assert "not answered in writing" in said, "once, so that nobody waits for it"
        assert not first.reactions
        forged = interactive(starter.components)[0]
        forged["custom_id"] = str(ControlId(Act.SEND, asked.id))
        words = await said_to(scene, await maya.click(starter, forged["custom_id"]))
        assert "not answered in writing" in words
        assert (await scene.read(asked)).state is State.POSTED


async def test_where_only_the_offered_answers_will_do_one_of_them_in_writing_needs_no_send(
    scene: Scene,
) -> None:
    async with asyncio.timeout(30), scene.listening(a_sender(scene)) as worker:
        asked = await scene.ask(worker, "which?", options=("5 %", "10 %"), options_only=True)
        maya, thread = scene.double.person("Maya"), scene.thread(asked)
        await scene.double.person("Mallory").write(thread, "5 %")
        answer = await maya.write(thread, "10 %")
        outcome = await outcome_of(scene, asked)
        assert (outcome.text, outcome.source) == ("10 %", str(answer.id))
        await scene.double.person("Noor").write(thread, "5 %")
        await scene.double.until(lambda: said_by_bot(scene.double, thread))
        (said,) = said_by_bot(scene.double, thread)
        assert "already ended" in said


async def test_without_the_message_content_intent_it_says_so_and_answer_remains(
    scene: Scene,
) -> None:
    scene.double.bot.message_content = False
    worker = a_sender(scene, message_content=False)
    async with asyncio.timeout(30), scene.listening(worker):
        asked = await scene.ask(worker, "a discount?")
        maya, thread = scene.double.person("Maya"), scene.thread(asked)
        first = await maya.write(thread, f"<@{defaults.BOT_USER_ID}> Yes,")
        second = await maya.write(thread, "but not today.")
        words, _ = await send(scene, maya, asked)
        assert "Message Content intent" in words
        assert "“Answer”" in words
        assert (await scene.read(asked)).state.is_open, "half of an answer is none"
        assert "Answer" in labels(scene.starter(asked))
        await maya.delete(second)
        assert first.content
        assert "Sent" in (await send(scene, maya, asked))[0]
        assert (await outcome_of(scene, asked)).text == "Yes,"


async def test_a_click_that_can_not_be_read_for_passes_nothing_on_and_can_be_repeated(
    scene: Scene,
) -> None:
    async with asyncio.timeout(30), scene.listening(a_sender(scene)) as worker:
        asked = await scene.ask(worker, "a discount?")
        maya, thread = scene.double.person("Maya"), scene.thread(asked)
        await maya.write(thread, "Yes.")
        scene.double.faults.fail(403, method="GET", path=f"/channels/{thread.id}/messages")
        words, _ = await send(scene, maya, asked)
        assert "did not let me read" in words
        assert (await scene.read(asked)).state.is_open
        assert "Sent" in (await send(scene, maya, asked))[0]


async def test_what_is_written_after_another_end_is_told_to_be_too_late(
    scene: Scene,
) -> None:
    async with asyncio.timeout(30), scene.listening(a_sender(scene)) as worker:
        asked = await scene.ask(worker, "a discount?")
        await scene.store.conclude(asked.id, an_outcome(asked, State.CANCELLED, at=utc_now()))
        maya, thread = scene.double.person("Maya"), scene.thread(asked)
        for words in ("Yes.", "Or no.", "Well."):
            await until_read(scene, await maya.write(thread, words))
        await until_read(scene, await scene.double.person("Noor").write(thread, "What was it?"))
        (said,) = said_by_bot(scene.double, thread)
        assert "already ended" in said, "once, and then they can talk"

"""Edits beside what else answers have and routes say: files, Send, and bots of their own."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from discord_double import Upload
from discord_double.reading import text_of
from support.clock import SteppedClock
from support.discord_views import said_by_bot, until_told

from listening.bots import BILLING, SAME_CHANNEL, Named, invite_billing, with_both
from listening.conftest import Scene, in_force, until
from listening.test_bots import FIRST, SECOND
from listening.test_edits import NOT_PASSED_ON, WITH_GRACE, a_worker, edit, until_text
from listening.test_send_button import outcome_of, send, until_read
from shared.escalation import Escalation
from shared.ports.clock import utc_now
from shared.ports.hold import Hold
from shared.routes.route import AnswerMode

PHOTO = Upload("photo.png", b"\x89PNG\r\n\x1a\n" + b"a small one" * 20)
SENT_WITH_GRACE = WITH_GRACE.model_copy(update={"answer_mode": AnswerMode.SEND_BUTTON})
GRACE_FOR_BOTH = SAME_CHANNEL.replace("operators", 'correction_grace = "2m"\noperators')


async def test_an_edit_of_an_answer_with_files_corrects_the_words_and_keeps_the_files(
    scene: Scene,
) -> None:
    async with asyncio.timeout(30), scene.listening(a_worker(scene)) as worker:
        asked = await scene.ask(worker, "which?")
        maya = scene.double.person("Maya")
        message = await maya.write(scene.thread(asked), "This one.", files=[PHOTO])
        first = await outcome_of(scene, asked)
        await edit(message, scene, "No, not this one.")
        corrected = (await until_text(scene, asked, "No, not this one.")).outcome
        assert corrected is not None
        (photo,) = corrected.attachments
        assert (photo,) == first.attachments
        assert photo.content in await scene.stores.files.read(asked.id, corrected.source or "")
        await worker.concluding.show_outcome(asked.id)
        shown = text_of(scene.starter(asked))
        assert "with photo.png (corrected): No, not this one." in shown
        assert said_by_bot(scene.double, scene.thread(asked)) == []


async def test_words_that_come_to_an_answer_of_files_alone_are_a_correction(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening(a_worker(scene)) as worker:
        asked = await scene.ask(worker, "which?")
        message = await scene.double.person("Maya").write(scene.thread(asked), "", files=[PHOTO])
        first = await outcome_of(scene, asked)
        assert first.text is None
        await scene.store.hand_over(asked.id)
        await edit(message, scene, "The red one.")
        corrected = await until_text(scene, asked, "The red one.")
        assert corrected.outcome == first, "an agent has read it"
        await worker.concluding.show_outcome(asked.id)
        assert "with photo.png. Corrected afterwards: The red one." in text_of(scene.starter(asked))


async def test_what_was_sent_stands_whatever_is_edited_afterwards(scene: Scene) -> None:
    worker = scene.make_worker(routes=in_force(SENT_WITH_GRACE))
    async with asyncio.timeout(30), scene.listening(worker):
        asked = await scene.ask(worker, "a discount?")
        maya, thread = scene.double.person("Maya"), scene.thread(asked)
        first = await maya.write(thread, "Yes,")
        last = await maya.write(thread, "10 %")
        await edit(last, scene, "15 %")
        await until_read(scene, last)
        await send(scene, maya, asked)
        sent = await outcome_of(scene, asked)
        assert (sent.text, sent.correctable_until) == ("Yes,\n15 %", None)
        told = len(said_by_bot(scene.double, thread))
        await edit(last, scene, "20 %")
        await until_told(scene.double, thread, NOT_PASSED_ON)
        assert (await scene.read(asked)).outcome == sent
        assert len(said_by_bot(scene.double, thread)) == told + 1
        await edit(first, scene, "No,")

        async def told_of_both() -> bool:
            return len(said_by_bot(scene.double, thread)) == told + 2

        await until(told_of_both)
        assert said_by_bot(scene.double, thread)[-1].startswith(NOT_PASSED_ON)
        assert (await scene.read(asked)).outcome == sent
        await worker.concluding.show_outcome(asked.id)
        assert thread.archived, "nothing can be corrected"


async def test_each_bot_looks_for_the_edits_of_its_own_answers_alone(scene: Scene) -> None:
    invite_billing(scene)
    routes = Named(GRACE_FOR_BOTH).routes
    async with asyncio.timeout(30):
        both = with_both(scene, routes)
        maya = scene.double.person("Maya")
        messages = dict[str, tuple[Escalation, int]]()
        async with both.listening():
            for route in ("default", "billing"):
                asked = await both.ask(f"{route}?", route)
                message = await maya.write(scene.thread(asked), "Yes")
                await scene.until_ended(asked)
                messages[route] = asked, message.id
        for _, message_id in messages.values():
            message = scene.double.world.find_message(message_id)
            assert message is not None
            await edit(message, scene, "No")
        start = len(scene.double.requests)
        async with with_both(scene, routes).listening():
            for asked, _ in messages.values():
                await until_text(scene, asked, "No")
        for route, (_, message_id) in messages.items():
            readers = [
                each.bot
                for each in scene.double.requests[start:]
                if each.method == "GET" and each.path.endswith(f"/messages/{message_id}")
            ]
            assert readers == [FIRST if route == "default" else SECOND]


async def test_the_time_for_corrections_ends_when_the_questions_own_bot_has_heard_all(
    scene: Scene,
) -> None:
    invite_billing(scene)
    clock = SteppedClock()
    both = with_both(scene, Named(GRACE_FOR_BOTH).routes, clock=clock)
    async with asyncio.timeout(30):
        async with both.listening():
            asked = await both.ask("a refund?", "billing")
            await scene.double.person("Maya").write(scene.thread(asked), "Yes")
            await scene.until_ended(asked)
        clock.now = utc_now() + timedelta(minutes=3)
        await scene.hearing.note_heard_until(clock.now, Hold(0, 99))
        await both.concluding.sweep()
        assert not (await scene.read(asked)).grace_over, "another bot's listener said it"
        await scene.hearing.note_heard_until(clock.now, Hold(0, 99, BILLING))
        await both.concluding.sweep()
        assert (await scene.read(asked)).grace_over

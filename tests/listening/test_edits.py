"""People edit the messages that answered: in time, too late, unheard, and when nobody edited."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from discord_double.model import Message
from discord_double.reading import text_of
from support.clock import SteppedClock
from support.discord_views import said_by_bot, until_told

from listening.conftest import CHANNEL_ROUTE, Scene, Worker, in_force, until
from shared.escalation import DEFAULT_BOT, Escalation
from shared.ports.clock import Clock, utc_now

NOT_PASSED_ON = "Your edit was not passed on"
WITH_GRACE = CHANNEL_ROUTE.model_copy(update={"correction_grace": timedelta(minutes=2)})


def a_worker(scene: Scene, clock: Clock = utc_now) -> Worker:
    """Make a worker whose route lets people correct their answers for two minutes."""
    return scene.make_worker(routes=in_force(WITH_GRACE), clock=clock)


async def answered(
    scene: Scene, worker: Worker, text: str = "Yes, 10 %", **shape: object
) -> tuple[Escalation, Message]:
    """Ask, let Maya answer, and have it shown."""
    asked = await scene.ask(worker, "a discount?", **shape)  # pyright: ignore[reportArgumentType]
    message = await scene.double.person("Maya").write(scene.thread(asked), text)
    await scene.until_ended(asked)
    await worker.concluding.show_outcome(asked.id)
    return await scene.read(asked), message


async def edit(message: Message, scene: Scene, text: str, *, by: str = "Maya") -> None:
    """Edit a message, in another millisecond than that of whatever was before."""
    await asyncio.sleep(0.002)
    await scene.double.person(by).edit(message, text)


async def until_text(scene: Scene, escalation: Escalation, text: str) -> Escalation:
    """Wait until this is the answer, or the correction beside it."""

    async def is_so() -> bool:
        now = await scene.read(escalation)
        return any(
            each is not None and each.text == text for each in (now.outcome, now.late_answer)
        )

    await until(is_so)
    return await scene.read(escalation)


def outcome_shown(scene: Scene, escalation: Escalation) -> str:
    """Read the question's message."""
    return text_of(scene.starter(escalation))


async def test_an_edited_answer_takes_the_place_of_one_that_no_agent_has_read(
    scene: Scene,
) -> None:
    async with asyncio.timeout(30), scene.listening(a_worker(scene)) as worker:
        asked, message = await answered(scene, worker)
        assert not scene.thread(asked).archived, "nobody could edit anything in it"
        await edit(message, scene, "Yes, 15 %")
        corrected = await until_text(scene, asked, "Yes, 15 %")
        await worker.concluding.show_outcome(asked.id)
    assert corrected.late_answer is None
    shown = outcome_shown(scene, asked)
    assert "Answered by Maya" in shown
    assert "(corrected): Yes, 15 %" in shown
    assert said_by_bot(scene.double, scene.thread(asked)) == []


async def test_an_edit_of_what_the_agent_has_is_shown_as_a_correction(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening(a_worker(scene)) as worker:
        asked, message = await answered(scene, worker)
        await scene.store.hand_over(asked.id)
        await edit(message, scene, "Yes, 15 %")
        corrected = await until_text(scene, asked, "Yes, 15 %")
        for _ in range(2):
            await worker.concluding.show_outcome(asked.id)
        await edit(message, scene, "Yes, 20 %")
        await until_text(scene, asked, "Yes, 20 %")
        await worker.concluding.show_outcome(asked.id)
    assert corrected.outcome is not None
    assert corrected.outcome.text == "Yes, 10 %"
    shown = outcome_shown(scene, asked)
    assert ": Yes, 10 %. Corrected afterwards: Yes, 20 %" in shown
    (said,) = said_by_bot(scene.double, scene.thread(asked))
    assert "It is told the correction" in said


async def test_the_thread_is_closed_once_every_edit_in_time_was_heard(scene: Scene) -> None:
    clock = SteppedClock()
    async with asyncio.timeout(30), scene.listening(a_worker(scene, clock)) as worker:
        asked, _ = await answered(scene, worker)
        clock.now = utc_now() + timedelta(minutes=3)
        await worker.concluding.sweep()
        await worker.concluding.show_outcome(asked.id)
        assert not scene.thread(asked).archived, "an edit in time may still be unheard"
        hold = worker.turn.hold()
        assert hold is not None
        await scene.hearing.note_heard_until(clock.now, hold)
        await worker.concluding.sweep()
        await worker.concluding.show_outcome(asked.id)
        assert scene.thread(asked).archived
        assert await scene.stores.corrections.correctable() == []


async def test_without_a_grace_the_thread_is_closed_at_once_and_an_edit_is_refused(
    scene: Scene,
) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked, message = await answered(scene, worker)
        thread = scene.thread(asked)
        assert thread.archived
        await scene.double.person("Maya").edit_thread(thread, archived=False)
        await edit(message, scene, "Yes, 15 %")
        await until_told(scene.double, thread, NOT_PASSED_ON)
        await edit(message, scene, "Yes, 20 %")
        await scene.double.until(lambda: len(said_by_bot(scene.double, thread)) == 2 or None)
    after = await scene.read(asked)
    assert after.outcome == asked.outcome
    assert after.late_answer is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("? How many?", "can't be asked back"),
        ("x", "only one of the offered answers will do"),
    ],
)
async def test_an_edit_that_can_not_be_the_answer_is_refused_once(
    scene: Scene, text: str, why: str
) -> None:
    shape = {"options": ("Yes", "No"), "options_only": True}
    async with asyncio.timeout(30), scene.listening(a_worker(scene)) as worker:
        asked, message = await answered(scene, worker, "yes", **shape)
        thread = scene.thread(asked)
        await edit(message, scene, text)
        await until_told(scene.double, thread, why)
        scene.double.unfold(message, "https://example.org/")
        await edit(message, scene, "No")
        await until_text(scene, asked, "No")
        said = said_by_bot(scene.double, thread)
    assert len(said) == 1, "the preview is no second edit"


async def test_who_may_no_longer_answer_is_told_so(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening(a_worker(scene)) as worker:
        asked = await scene.ask(worker, "a discount?")
        noor = scene.double.person("Noor")  # may answer by a role
        message = await noor.write(scene.thread(asked), "Yes")
        await scene.until_ended(asked)
        await noor.set_roles()
        await edit(message, scene, "No", by="Noor")
        await until_told(scene.double, scene.thread(asked), "only the operators")
    after = await scene.read(asked)
    assert after.outcome is not None
    assert after.outcome.text == "Yes"


async def test_a_preview_a_pin_and_other_peoples_edits_are_nobodys_business(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening(a_worker(scene)) as worker:
        asked, message = await answered(scene, worker, "See https://example.org/")
        thread = scene.thread(asked)
        other = await scene.double.person("Mallory").write(thread, "Me too")
        await until_told(scene.double, thread, "Only the operators")
        said = said_by_bot(scene.double, thread)
        scene.double.unfold(message, "https://example.org/")
        await edit(other, scene, "Me three", by="Mallory")
        await edit(message, scene, "See https://example.com/")
        await until_text(scene, asked, "See https://example.com/")
        scene.double.unfold(message, "https://example.com/")
        await edit(message, scene, "See https://example.net/")
        await until_text(scene, asked, "See https://example.net/")
    assert said_by_bot(scene.double, thread) == said


@pytest.mark.parametrize("handed_over", [False, True])
async def test_an_edit_that_nobody_heard_is_found_by_the_next_listener(
    scene: Scene, handed_over: bool
) -> None:
    async with asyncio.timeout(30):
        async with scene.listening(a_worker(scene)) as worker:
            asked, message = await answered(scene, worker)
        if handed_over:
            await scene.store.hand_over(asked.id)
        await edit(message, scene, "Yes, 15 %")
        start = len(scene.double.requests)
        async with scene.listening(a_worker(scene)):
            corrected = await until_text(scene, asked, "Yes, 15 %")
            looked_at = [each for each in scene.reads_since(start) if str(message.id) in each]
    assert (corrected.late_answer is not None) == handed_over
    assert len(looked_at) == 1


async def test_an_edit_by_somebody_with_a_role_is_found_too(scene: Scene) -> None:
    async with asyncio.timeout(30):
        noor = scene.double.person("Noor")
        async with scene.listening(a_worker(scene)) as worker:
            asked = await scene.ask(worker, "a discount?")
            message = await noor.write(scene.thread(asked), "Yes")
            await scene.until_ended(asked)
        await edit(message, scene, "No", by="Noor")
        async with scene.listening(a_worker(scene)):
            await until_text(scene, asked, "No")


async def test_a_reply_beside_a_thread_is_corrected_too(scene: Scene) -> None:
    scene.double.settings.max_active_threads = 0
    async with asyncio.timeout(30):
        async with scene.listening(a_worker(scene)) as worker:
            asked = await scene.ask(worker, "no room?")
            maya = scene.double.person("Maya")
            message = await maya.reply(scene.starter(asked), "Yes")
            await scene.until_ended(asked)
            await edit(message, scene, "No")
            await until_text(scene, asked, "No")
        await edit(message, scene, "Perhaps")
        async with scene.listening(a_worker(scene)) as worker:
            await until_text(scene, asked, "Perhaps")
            await worker.concluding.show_outcome(asked.id)
    assert "(corrected): Perhaps" in outcome_shown(scene, asked)


async def test_a_deleted_answer_keeps_nobody_from_listening(scene: Scene) -> None:
    async with asyncio.timeout(30):
        async with scene.listening(a_worker(scene)) as worker:
            _, message = await answered(scene, worker)
        await scene.double.person("Maya").delete(message)
        async with scene.listening(a_worker(scene)) as worker:
            asked = await scene.ask(worker, "another?")
            await scene.double.person("Maya").write(scene.thread(asked), "Yes")
            await scene.until_ended(asked)


async def test_nothing_is_looked_at_where_nothing_can_be_corrected(scene: Scene) -> None:
    async with asyncio.timeout(30):
        async with scene.listening() as worker:
            _, message = await answered(scene, worker)
        start = len(scene.double.requests)
        async with scene.listening():
            assert not any(str(message.id) in each for each in scene.reads_since(start))


async def test_an_edit_of_what_is_not_taken_in_yet_waits_for_it(scene: Scene) -> None:
    """The answer waits for Redis, and is edited meanwhile."""
    free = asyncio.Event()

    async def find(reference: str) -> str | None:
        await free.wait()
        return await scene.postings.find(DEFAULT_BOT, reference)

    worker = scene.make_worker(find, routes=in_force(WITH_GRACE))
    async with asyncio.timeout(30), scene.listening(worker):
        asked = await scene.ask(worker, "a discount?")
        message = await scene.double.person("Maya").write(scene.thread(asked), "Yes")
        await edit(message, scene, "No")
        free.set()
        corrected = await until_text(scene, asked, "No")
    assert corrected.outcome is not None
    assert corrected.outcome.corrected_at is not None

"""What people in Discord see of a customer who has gone, comes back, or is not waited for."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from discord_double import defaults
from discord_double.reading import text_of
from support.clock import SteppedClock
from support.discord_views import said_by_bot
from support.make import an_ask, an_outcome

from escalation_worker.discord_channel.showing.presence import BACK, GONE, TOLD_LIMIT
from listening.conftest import CHANNEL_ROUTE, Scene, Worker, in_force
from listening.test_controls import shown
from shared.escalation import Escalation, Outcome, Provenance, State
from shared.ports.clock import utc_now
from shared.routes.route import Tier


async def leaves(scene: Scene, worker: Worker, escalation: Escalation, *, gone: bool = True) -> str:
    """Let the caller go or come back, let the worker show it, and read the question's message."""
    noted = await scene.store.note_caller(escalation.id, gone=gone)
    assert noted is not None
    assert noted.applied
    return text_of(await shown(scene, worker, escalation))


def cancelled(escalation: Escalation, provenance: Provenance, reason: str | None) -> Outcome:
    """Make a cancellation."""
    ending = an_outcome(escalation, State.CANCELLED, at=utc_now())
    return ending.model_copy(update={"provenance": provenance, "reason": reason})


async def test_the_message_and_the_thread_say_that_the_customer_has_gone_and_is_back(
    scene: Scene,
) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "a discount?")
        thread = scene.thread(asked)
        assert GONE in await leaves(scene, worker, asked)
        assert said_by_bot(scene.double, thread) == [f"🚪 {GONE}"]
        assert not thread.archived, "the answer is still wanted"
        assert GONE not in await leaves(scene, worker, asked, gone=False)
        assert said_by_bot(scene.double, thread)[1:] == [f"👋 {BACK}"]
        await leaves(scene, worker, asked)
        await leaves(scene, worker, asked, gone=False)
        assert said_by_bot(scene.double, thread)[2:] == [f"🚪 {GONE} (2)", f"👋 {BACK} (2)"]


async def test_it_is_said_once_however_often_it_is_shown(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "a discount?")
        await leaves(scene, worker, asked)
        gone = await scene.read(asked)
        scene.double.world.nonces.clear()
        for _ in range(2):
            await worker.channel.show_outcome(gone)
        assert said_by_bot(scene.double, scene.thread(asked)) == [f"🚪 {GONE}"]


async def test_who_was_back_before_anybody_was_told_is_not_mentioned(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "a discount?")
        await scene.store.note_caller(asked.id, gone=True)
        assert GONE not in await leaves(scene, worker, asked, gone=False)
        assert said_by_bot(scene.double, scene.thread(asked)) == []


async def test_who_comes_and_goes_all_the_time_does_not_fill_the_thread(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "a discount?")
        for _ in range(TOLD_LIMIT + 1):
            assert GONE in await leaves(scene, worker, asked)
            await scene.store.note_caller(asked.id, gone=False)
        said = said_by_bot(scene.double, scene.thread(asked))
        assert len(said) == TOLD_LIMIT
        assert len(set(said)) == TOLD_LIMIT


async def test_without_a_thread_it_is_said_beside_the_message(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "a discount?")
        assert asked.posting is not None
        beside = asked.posting.model_copy(update={"threaded": False})
        await scene.postings.note_posting(asked.id, beside, complete=True)
        for gone in (True, False):
            await leaves(scene, worker, asked, gone=gone)
        starter = scene.starter(asked)
        said = [
            each.content
            for each in scene.double.channel.messages
            if each.reference and str(each.reference["message_id"]) == str(starter.id)
        ]
        assert said == [f"🚪 {GONE}", f"👋 {BACK}"]


async def test_a_question_that_was_posted_after_its_customer_had_gone_says_so(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = (await scene.store.accept(an_ask("a discount?"))).escalation
        await scene.store.note_caller(asked.id, gone=True)
        await worker.posting.post(asked.id)
        assert GONE in text_of(scene.starter(await scene.read(asked)))


async def test_an_answer_for_a_customer_who_has_gone_counts_and_is_shown_as_kept(
    scene: Scene,
) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "a discount?")
        await leaves(scene, worker, asked)
        await scene.double.person("Maya").write(scene.thread(asked), "Ten is fine.")
        assert (await scene.until_ended(asked)).state is State.ANSWERED
        starter = text_of(await shown(scene, worker, asked))
        assert "Answered by Maya" in starter
        assert "kept for when they are back" in starter
        assert said_by_bot(scene.double, scene.thread(asked)) == [f"🚪 {GONE}"]


async def test_a_thread_says_who_cancelled_its_question_and_why(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        for provenance, reason, line in (
            (Provenance.AGENT, "not wanted", "✖️ Cancelled by the agent: not wanted"),
            (Provenance.AGENT, None, "✖️ Cancelled by the agent"),
            (
                Provenance.SYSTEM,
                "the conversation ended",
                "✖️ Cancelled: the conversation ended",
            ),
        ):
            asked = await scene.ask(worker, f"{line}?")
            await scene.store.conclude(asked.id, cancelled(asked, provenance, reason))
            starter = await shown(scene, worker, asked)
            assert line in text_of(starter)
            assert said_by_bot(scene.double, scene.thread(asked)) == [line]
            assert scene.thread(asked).archived


async def test_the_policy_goes_on_for_a_customer_who_has_gone(scene: Scene) -> None:
    clock = SteppedClock()
    tier = Tier(users=CHANNEL_ROUTE.operators.users, reminders=(timedelta(minutes=1),))
    route = CHANNEL_ROUTE.model_copy(update={"tiers": (tier,)})
    worker = scene.make_worker(routes=in_force(route), clock=clock)
    async with asyncio.timeout(30), scene.listening(worker):
        asked = await scene.ask(worker, "a discount?")
        await worker.escalating.follow(asked.id)
        await leaves(scene, worker, asked)
        clock.advance(seconds=61)
        await worker.escalating.follow(asked.id)
        reminder = said_by_bot(scene.double, scene.thread(asked))[-1]
        assert "⏰ Reminder" in reminder
        assert f"<@{defaults.MAYA_ID}>" in reminder

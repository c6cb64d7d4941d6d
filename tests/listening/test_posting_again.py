"""What was posted is found again, however much was written since. Discord forgets a nonce soon."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from discord_double import DiscordDouble
from discord_double.model import Channel, Message, MessageFlag
from discord_double.ratelimit import RateLimits
from discord_double.reading import text_of
from support.discord_views import said_by_bot
from support.make import an_ask, an_outcome

from escalation_worker.discord_channel.showing import threads
from listening.conftest import Scene
from shared.errors import ChannelUnavailableError
from shared.escalation import Posting, State
from shared.ports.clock import utc_now

LONG = "Is all of this so? " + "word " * 790


@dataclass(slots=True)
class SecondTry:
    """A fake of `PostingJournal`: an earlier try got as far as it got."""

    attempt: int = 2

    async def started(self, posting: Posting) -> None:
        """Write nothing down."""

    def found(self) -> None:
        """Likewise."""


def chatter(double: DiscordDouble, place: Channel, count: int) -> None:
    """Let people have written so much."""
    maya = double.person("Maya").member.user
    for number in range(count):
        place.messages.add(Message(double.world.ids.next(), place.id, maya, content=f"{number}"))


def behind_other_messages(double: DiscordDouble) -> None:
    """Leave things as they are: there is room for threads."""


def beside_the_message(double: DiscordDouble) -> None:
    double.settings.max_active_threads = 0


@pytest.mark.parametrize("arrange", [behind_other_messages, beside_the_message])
async def test_the_parts_of_a_long_question_are_not_repeated(
    scene: Scene, arrange: Callable[[DiscordDouble], None]
) -> None:
    double = scene.double
    double.settings.nonce_window = 0
    arrange(double)
    async with asyncio.timeout(30), scene.listening() as worker:
        escalation = await scene.ask(worker, LONG)
        assert escalation.posting is not None
        threaded = escalation.posting.threaded
        place = scene.thread(escalation) if threaded else double.channel
        chatter(double, place, 150)
        before = [each.content for each in place.messages]
        posting = await worker.channel.post(escalation, SecondTry())
        assert [each.content for each in place.messages] == before
    assert posting.threaded is threaded
    assert len([each for each in before if "The question goes on" in each]) == 1


async def test_a_question_whose_thread_discord_does_not_open_yet_is_seen_and_waits_in_the_queue(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "THREAD_SECONDS", 0.5)
    double, maya = scene.double, scene.double.person("Maya")
    few = RateLimits().with_rule(r"POST /channels/.*/threads$", 1, 300.0)
    double.settings.rate_limits = few
    async with asyncio.timeout(30), scene.listening() as worker:
        last = await scene.ask(worker, "the last thread?")
        assert last.state is State.POSTED
        waiting = (await scene.store.accept(an_ask("no thread yet?"))).escalation
        for _ in range(2):
            with pytest.raises(ChannelUnavailableError, match="no thread"):
                await worker.posting.post(waiting.id)
        starter = list(double.channel.messages)[-1]
        assert "no thread yet?" in text_of(starter)
        assert len(double.threads) == 1
        await maya.reply(starter, "Yes.")
        ended = await scene.until_ended(waiting)
    assert ended.outcome is not None
    assert ended.outcome.text == "Yes."


async def test_while_no_thread_is_opened_one_question_at_a_time_waits_for_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "THREAD_SECONDS", 0.3)
    monkeypatch.setattr(threads, "AGAIN_SECONDS", 3600.0)
    double = scene.double
    few = RateLimits().with_rule(r"POST /channels/.*/threads$", 1, 2.0)
    double.settings.rate_limits = few
    async with asyncio.timeout(30), scene.listening() as worker:
        await scene.ask(worker, "the last thread?")
        first, second = [
            (await scene.store.accept(an_ask(text))).escalation for text in ("first?", "second?")
        ]
        with pytest.raises(ChannelUnavailableError, match="no thread"):
            await worker.posting.post(first.id)
        monkeypatch.setattr(threads, "THREAD_SECONDS", 3600.0)
        with pytest.raises(ChannelUnavailableError, match="no thread"):
            await worker.posting.post(second.id)  # by itself it would wait until one is opened
        assert "second?" in text_of(list(double.channel.messages)[-1])
        assert len(double.threads) == 1


async def test_where_no_thread_was_opened_the_next_one_that_looks_may_find_that_it_is_over(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "THREAD_SECONDS", 0.3)
    monkeypatch.setattr(threads, "AGAIN_SECONDS", 0.0)
    double = scene.double
    few = RateLimits().with_rule(r"POST /channels/.*/threads$", 1, 1.0)
    double.settings.rate_limits = few
    async with asyncio.timeout(30), scene.listening() as worker:
        await scene.ask(worker, "the last thread?")
        waiting = (await scene.store.accept(an_ask("no thread yet?"))).escalation
        with pytest.raises(ChannelUnavailableError, match="no thread"):
            await worker.posting.post(waiting.id)
        monkeypatch.setattr(threads, "THREAD_SECONDS", 20.0)
        await worker.posting.post(waiting.id)
        assert len(double.threads) == 2
        assert (await scene.ask(worker, "and this one?")).state is State.POSTED


async def test_a_thread_that_another_worker_had_instead_is_not_waited_for_any_longer(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "THREAD_SECONDS", 0.5)
    double = scene.double
    few = RateLimits().with_rule(r"POST /channels/.*/threads$", 2, 300.0)
    double.settings.rate_limits = few
    async with asyncio.timeout(30), scene.listening() as worker:
        await scene.ask(worker, "the last thread but one?")
        # discord.py counts on one more; told that it is gone, it would sleep for it twice.
        double.faults.rate_limit(300.0, method="POST", path="/threads$")
        waiting = (await scene.store.accept(an_ask("no thread yet?"))).escalation
        async with asyncio.timeout(5):
            with pytest.raises(ChannelUnavailableError, match="no thread"):
                await worker.posting.post(waiting.id)


async def test_no_request_waits_for_ever_because_a_thread_was_not_waited_for(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "THREAD_SECONDS", 0.3)
    monkeypatch.setattr(threads, "AGAIN_SECONDS", 0.0)
    double = scene.double
    async with asyncio.timeout(30), scene.listening() as worker:
        double.faults.rate_limit(1.0, method="POST", path="/threads$", is_global=True)
        waiting = (await scene.store.accept(an_ask("no thread yet?"))).escalation
        with pytest.raises(ChannelUnavailableError, match="no thread"):
            await worker.posting.post(waiting.id)
        assert (await scene.ask(worker, "and this one?")).state is State.POSTED


async def test_a_question_is_found_behind_more_messages_than_one_would_read(scene: Scene) -> None:
    double = scene.double
    double.settings.nonce_window = 0
    async with asyncio.timeout(30), scene.listening() as worker:
        escalation = await scene.ask(worker, "posted once?")
        for message in list(double.channel.messages):
            double.channel.messages.remove(message.id)
        chatter(double, double.channel, 1_100)
        again = escalation.model_copy(update={"posting": None})
        first = await worker.channel.post(again, SecondTry())
        chatter(double, double.channel, 100)
        second = await worker.channel.post(again, SecondTry())
    assert first.reference == second.reference


async def test_an_outcome_is_said_once_however_much_is_said_after_it(scene: Scene) -> None:
    double = scene.double
    double.settings.nonce_window = 0
    async with asyncio.timeout(30), scene.listening() as worker:
        escalation = await scene.ask(worker, "over?")
        outcome = an_outcome(escalation, State.CANCELLED, at=utc_now(), source=None)
        await scene.store.conclude(escalation.id, outcome)
        ended = await scene.read(escalation)
        await worker.channel.show_outcome(ended)
        chatter(double, scene.thread(escalation), 150)
        await worker.channel.show_outcome(ended)
    assert len(said_by_bot(double, scene.thread(escalation))) == 1


async def test_who_replies_to_a_message_before_it_was_noted_is_heard(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent, may_note = asyncio.Event(), asyncio.Event()
    note = scene.postings.note_posting

    async def slowly(
        escalation_id: str, posting: Posting, *, complete: bool, shown_before: bool = False
    ) -> State:
        sent.set()
        await may_note.wait()
        return await note(escalation_id, posting, complete=complete, shown_before=shown_before)

    monkeypatch.setattr(scene.postings, "note_posting", slowly)
    async with asyncio.timeout(30), scene.listening() as worker, asyncio.TaskGroup() as group:
        asking = group.create_task(scene.ask(worker, "so soon?"))
        await sent.wait()
        (starter,) = scene.double.channel.messages
        await scene.double.person("Mallory").reply(starter, "me first")
        await scene.double.person("Maya").reply(starter, "at once")
        (known,) = await scene.store.list_open()
        answered = await scene.until_ended(known)
        may_note.set()
        await asking
    assert answered.outcome is not None
    assert answered.outcome.text == "at once"
    assert "Answered by Maya" in text_of(starter)


async def test_what_only_looks_like_a_question_is_not_answered(scene: Scene) -> None:
    escalation = await scene.asked_before("forged?")
    mallory = scene.double.person("Mallory")
    forged = Message(
        scene.double.world.ids.next(),
        scene.double.channel.id,
        mallory.member.user,
        embeds=[{"type": "rich", "footer": {"text": f"Question {escalation.id}"}}],
    )
    scene.double.channel.messages.add(forged)
    maya = scene.double.person("Maya")
    async with asyncio.timeout(30), scene.listening():
        await maya.reply(forged, "not to this")
        await maya.write(scene.thread(escalation), "but here")
        answered = await scene.until_ended(escalation)
    assert answered.outcome is not None
    assert answered.outcome.text == "but here"


async def test_an_outcome_waits_to_be_shown_until_somebody_mends_the_place(scene: Scene) -> None:
    worker = scene.make_worker()
    worker.channel.refuse("the channel is not there")
    escalation = await scene.ask(worker, "shown to nobody?")
    assert escalation.state is State.UNDELIVERABLE
    with pytest.raises(ChannelUnavailableError, match="the channel is not there"):
        await worker.concluding.show_outcome(escalation.id)
    async with asyncio.timeout(30), scene.listening() as mended:
        await mended.concluding.show_outcome(escalation.id)
    assert await scene.postings.unshown_score(escalation.id) is None


async def test_a_thread_that_was_deleted_while_it_was_posted_is_not_posted_into(
    scene: Scene,
) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        escalation = await scene.ask(worker, LONG)
        scene.double.delete_channel(scene.thread(escalation))
        # Whether Discord makes a second thread is not documented: here it does not.
        scene.starter(escalation).flags |= MessageFlag.HAS_THREAD
        posting = await worker.channel.post(escalation, SecondTry())
    assert not posting.threaded

"""A route that waits for Send: what people write is talk until whoever wrote it presses Send."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from discord.utils import snowflake_time
from discord_double.acts.interactions import Interaction
from discord_double.forms import interactive
from discord_double.model import Message
from discord_double.people import Person
from discord_double.reading import text_of
from support.clock import SteppedClock
from support.discord_views import said_by_bot

from escalation_worker.discord_channel.showing.controls import Act, ControlId
from escalation_worker.reloading import Reloading
from listening.conftest import CHANNEL_ROUTE, Scene, Worker, in_force, until
from listening.test_controls import labels, said_to, shown
from shared.escalation import DEFAULT_BOT, Escalation, Outcome, State
from shared.ports.clock import utc_now
from shared.ports.hold import Hold
from shared.redis_adapter.policies import RedisPolicyLog
from shared.routes.route import AnswerMode
from shared.routes_in_force import InForce

SENDING = CHANNEL_ROUTE.model_copy(update={"answer_mode": AnswerMode.SEND_BUTTON})


def a_sender(scene: Scene, **more: Any) -> Worker:
    """Make a worker whose one route waits for Send."""
    return scene.make_worker(routes=in_force(SENDING), **more)


async def send(scene: Scene, person: Person, escalation: Escalation) -> tuple[str, Interaction]:
    """Press Send, and wait for what the person is told."""
    click = await person.click(scene.starter(escalation), "Send")
    return await said_to(scene, click), click


async def outcome_of(scene: Scene, escalation: Escalation) -> Outcome:
    """Wait for the outcome."""
    outcome = (await scene.until_ended(escalation)).outcome
    assert outcome is not None
    return outcome


async def until_read(scene: Scene, message: Message) -> None:
    """Wait until the listener has taken a message in."""
    newest = str(message.id)

    async def read() -> bool:
        cursors = await scene.hearing.cursors(DEFAULT_BOT, [str(message.channel_id)])
        return int(cursors.get(str(message.channel_id), 0)) >= int(newest)

    await until(read)


async def time_out(scene: Scene, worker: Worker, clock: SteppedClock, asked: Escalation) -> None:
    """Let a question's deadline pass, and show it."""
    clock.advance(seconds=700)
    await scene.hearing.note_heard_until(clock.now, Hold(0, 10**6))
    assert await worker.concluding.expire(asked.id)
    await worker.concluding.show_outcome(asked.id)


def told_of_send(scene: Scene, escalation: Escalation) -> list[str]:
    """List where people were told how to send a late answer."""
    said = said_by_bot(scene.double, scene.thread(escalation))
    return [each for each in said if "Send late answer" in each]


async def test_what_one_person_wrote_is_joined_and_what_others_wrote_is_not(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening(a_sender(scene)) as worker:
        asked = await scene.ask(worker, "a discount?")
        maya, noor = scene.double.person("Maya"), scene.double.person("Noor")
        thread, starter = scene.thread(asked), scene.starter(asked)
        assert labels(starter)[:2] == ["Send", "Answer"]
        assert "until you press “Send”" in text_of(starter)
        await maya.write(thread, "Yes, 10 %,")
        await noor.write(thread, "This customer is a nuisance!")
        await maya.write(thread, "? Which shelf?")
        last = await maya.write(thread, "on the small one.")
        await until_read(scene, await noor.write(thread, "Never again."))
        assert (await scene.read(asked)).state is State.NEEDS_INFO, "only the question back counts"

        words, click = await send(scene, maya, asked)
        assert "Sent" in words
        assert click.response is not None
        assert click.response.only_for == maya.id
        outcome = await outcome_of(scene, asked)
        assert outcome.text == "Yes, 10 %,\non the small one."
        assert (outcome.by and outcome.by.name, outcome.source) == ("Maya", str(last.id))
        await shown(scene, worker, asked)
        marked = [each.content for each in thread.messages if "✅" in each.reactions]
        assert marked == ["on the small one."]
        assert interactive(scene.starter(asked).components) == []


async def test_the_first_message_of_an_operator_is_marked_as_read_and_no_other(
    scene: Scene,
) -> None:
    async with asyncio.timeout(30), scene.listening(a_sender(scene)) as worker:
        asked = await scene.ask(worker, "a discount?")
        thread, maya = scene.thread(asked), scene.double.person("Maya")
        await scene.double.person("Mallory").write(thread, "I would not.")
        first = await maya.write(thread, "Let me see")
        await scene.double.until(lambda: first.reactions.get("📝"))
        await scene.double.person("Noor").write(thread, "Me too")
        await until_read(scene, await maya.write(thread, "So:"))
        assert [each.content for each in thread.messages if each.reactions] == ["Let me see"]
        assert said_by_bot(scene.double, thread) == []
        assert (await scene.read(asked)).state is State.POSTED


async def test_edits_and_deletions_count_and_what_is_written_after_the_click_does_not(
    scene: Scene,
) -> None:
    async with asyncio.timeout(30), scene.listening(a_sender(scene)) as worker:
        asked = await scene.ask(worker, "a discount?")
        thread, maya = scene.thread(asked), scene.double.person("Maya")
        wrong = await maya.write(thread, "20 %")
        spare = await maya.write(thread, "No, wait.")
        await maya.edit(wrong, "10 %")
        await maya.delete(spare)
        scene.double.faults.slow(0.2, method="GET", path=f"/channels/{thread.id}/messages")
        click = await maya.click(scene.starter(asked), "Send")
        await maya.write(thread, "She has no idea.")
        assert "Sent" in await said_to(scene, click)
        assert (await outcome_of(scene, asked)).text == "10 %"


async def test_a_reply_beside_the_thread_is_no_answer_and_is_sent_with_the_others(
    scene: Scene,
) -> None:
    async with asyncio.timeout(30), scene.listening(a_sender(scene)) as worker:
        asked = await scene.ask(worker, "a discount?")
        maya, starter = scene.double.person("Maya"), scene.starter(asked)
        beside = await maya.reply(starter, "Yes,")
        await scene.double.until(lambda: beside.reactions.get("📝"))
        await maya.write(scene.double.channel, "Who wants coffee?")
        await maya.write(scene.thread(asked), "10 %.")
        assert "Sent" in (await send(scene, maya, asked))[0]
        assert (await outcome_of(scene, asked)).text == "Yes,\n10 %."


async def test_without_a_thread_the_replies_to_the_message_are_sent(scene: Scene) -> None:
    scene.double.settings.max_active_threads = 0
    async with asyncio.timeout(30), scene.listening(a_sender(scene)) as worker:
        asked = await scene.ask(worker, "a discount?")
        maya, starter = scene.double.person("Maya"), scene.starter(asked)
        assert "Reply to this message, in as many" in text_of(starter)
        await maya.reply(starter, "Yes,")
        last = await maya.reply(starter, "10 %.")
        assert "Sent" in (await send(scene, maya, asked))[0]
        assert (await outcome_of(scene, asked)).text == "Yes,\n10 %."
        await shown(scene, worker, asked)
        assert "✅" in last.reactions


async def test_a_doubled_click_is_one_answer(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening(a_sender(scene)) as worker:
        asked = await scene.ask(worker, "a discount?")
        maya = scene.double.person("Maya")
        await maya.write(scene.thread(asked), "Yes.")
        clicks = [await maya.click(scene.starter(asked), "Send") for _ in range(2)]
        words = sorted([await said_to(scene, click) for click in clicks])
        assert words[0].startswith("Sent")
        assert "counts once" in words[1]
        assert (await outcome_of(scene, asked)).text == "Yes."


@pytest.mark.parametrize("count", [2, 5, 25])
async def test_options_stand_beside_send_and_either_answers(scene: Scene, count: int) -> None:
    async with asyncio.timeout(30), scene.listening(a_sender(scene)) as worker:
        options = tuple(f"answer {number}" for number in range(count))
        picked = await scene.ask(worker, "which?", options=options)
        written = await scene.ask(worker, "and then?", options=options)
        maya = scene.double.person("Maya")
        rest = ["Send", "Other answer", "Ask back", "I'm on it", "Decline", "Reassign"]
        assert labels(scene.starter(picked))[-6:] == rest
        starter = scene.starter(picked)
        if count > 5:
            menu = str(ControlId(Act.CHOOSE, picked.id))
            await said_to(scene, await maya.choose(starter, menu, "1"))
        else:
            await said_to(scene, await maya.click(starter, "answer 1"))
        assert (await outcome_of(scene, picked)).text == "answer 1"
        await maya.write(scene.thread(written), "Neither.")
        assert "Sent" in (await send(scene, maya, written))[0]
        assert (await outcome_of(scene, written)).text == "Neither."


async def test_catching_up_takes_no_message_for_an_answer(scene: Scene) -> None:
    worker = a_sender(scene)
    async with asyncio.timeout(30):
        async with scene.listening(worker):
            asked = await scene.ask(worker, "a discount?")
        maya, thread = scene.double.person("Maya"), scene.thread(asked)
        missed = await maya.write(thread, "Yes.")
        beside = await maya.reply(scene.starter(asked), "10 %.")
        async with scene.listening(a_sender(scene)):
            await scene.double.until(lambda: missed.reactions.get("📝") or beside.reactions)
            assert (await scene.read(asked)).state is State.POSTED
            assert "Sent" in (await send(scene, maya, asked))[0]
            assert (await outcome_of(scene, asked)).text == "Yes.\n10 %."


async def test_after_the_time_out_a_message_is_still_talk_and_send_makes_it_a_late_answer(
    scene: Scene,
) -> None:
    clock = SteppedClock()
    clock.now = utc_now()
    worker = a_sender(scene, clock=clock)
    async with asyncio.timeout(30), scene.listening(worker):
        asked = await scene.ask(worker, "a discount?")
        maya, thread = scene.double.person("Maya"), scene.thread(asked)
        await until_read(scene, await maya.write(thread, "10 %,"))
        await time_out(scene, worker, clock, asked)
        assert labels(scene.starter(asked)) == ["Send late answer"]
        await maya.write(thread, "on all of it.")
        await scene.double.person("Noor").write(thread, "Where were you?")
        await until_read(scene, await maya.write(thread, "That is all."))
        assert len(told_of_send(scene, asked)) == 1, "once a question"
        assert (await scene.read(asked)).late_answer is None

        click = await maya.click(scene.starter(asked), "Send late answer")
        assert "kept as a late answer" in await said_to(scene, click)
        again = await maya.click(scene.starter(asked), "Send late answer")
        assert "late answer" in await said_to(scene, again)
        late = (await scene.read(asked)).late_answer
        assert late is not None
        assert late.text == "10 %,\non all of it.\nThat is all."
        assert labels(await shown(scene, worker, asked)) == []


async def test_no_question_times_out_over_a_click_that_is_still_being_taken_in(
    scene: Scene,
) -> None:
    async with asyncio.timeout(30), scene.listening(a_sender(scene)) as worker:
        asked = await scene.ask(worker, "a discount?")
        maya, thread = scene.double.person("Maya"), scene.thread(asked)
        await maya.write(thread, "Yes.")
        scene.double.faults.slow(1.5, method="GET", path=f"/channels/{thread.id}/messages")
        click = await maya.click(scene.starter(asked), "Send")
        clicked = snowflake_time(click.id)
        heard: set[bool] = set()

        async def answered() -> bool:
            until_then = await scene.hearing.heard_until(DEFAULT_BOT)
            heard.add(until_then is not None and until_then > clicked)
            return bool(click.response and click.response.content)

        await until(answered)
        assert heard == {False}, "it would have timed out, had its deadline been in between"
        assert (await outcome_of(scene, asked)).text == "Yes."


async def test_a_changed_file_shows_open_questions_anew_with_the_button_that_they_need(
    scene: Scene,
) -> None:
    in_file = [CHANNEL_ROUTE]
    routes = InForce(lambda: {route.name: route for route in in_file})
    policies = RedisPolicyLog(scene.redis, scene.keys)
    reloading = Reloading(routes, scene.store, scene.hearing.open_postings, policies)
    worker = scene.make_worker(routes=routes)
    running = asyncio.create_task(reloading.run())
    async with asyncio.timeout(30), scene.listening(worker):
        asked = await scene.ask(worker, "a discount?")

        async def looked_at() -> bool:
            return await scene.redis.zscore(scene.keys.looks, asked.id) is not None

        async def is_due() -> bool:
            return await scene.postings.unshown_score(asked.id) is not None

        for route in (CHANNEL_ROUTE, CHANNEL_ROUTE, SENDING):
            # Each time but the first, what the time before queued is there.
            assert not await is_due(), "it reads the same"
            in_file[0] = route
            reloading.told()
            await until(looked_at)
            await scene.redis.zrem(scene.keys.looks, asked.id)
        await until(is_due)
        starter = await shown(scene, worker, asked)
        assert "Send" in labels(starter)
        assert "until you press “Send”" in text_of(starter)
        await scene.double.person("Maya").write(scene.thread(asked), "Yes.")
        assert "Sent" in (await send(scene, scene.double.person("Maya"), asked))[0]
    running.cancel()

"""What was written while nobody listened is found, whatever there is of it, with few requests."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Any, Final, cast

import pytest
from discord_double import defaults
from discord_double.model import Message
from discord_double.permissions import Permission
from support.discord_views import said_by_bot, until_told
from support.make import an_outcome

from listening.conftest import CHANNEL_ROUTE, Scene, in_force, seconds_since, until
from shared.escalation import DEFAULT_BOT, State
from shared.ports.clock import utc_now
from shared.ports.hold import Hold

NOTICED_SECONDS: Final = 75
"""A minute until discord.py gives up a silent connection, and some for clocks that differ."""


async def test_a_thousand_open_questions_of_which_ten_moved_cost_thirteen_requests(
    scene: Scene,
) -> None:
    escalations = [await scene.asked_before(f"number {number}?") for number in range(1_000)]
    await scene.vouch()
    maya, moved = scene.double.person("Maya"), escalations[::100]
    for escalation in moved:
        await maya.write(scene.thread(escalation), "yes")
    start, began = len(scene.double.requests), time.monotonic()
    async with scene.listening():
        took = seconds_since(began)
        reads = scene.reads_since(start)
    histories = [path for path in reads if path.endswith("/messages")]
    listings = [path for path in reads if "/threads/" in path]
    assert len(histories) == len(moved) + 1, "each that moved, and the channel itself"
    assert len(listings) == 2, "the active threads, and those archived since"
    for escalation in moved:
        assert (await scene.read(escalation)).state is State.ANSWERED
    made = len(histories) + len(listings)
    print(f"10 of 1,000 moved: {made} requests, {took:.1f} s with login and READY")  # noqa: T201


async def test_the_archived_threads_of_open_questions_are_listed_in_pages(scene: Scene) -> None:
    escalations = [await scene.asked_before(f"number {number}?") for number in range(250)]
    for escalation in escalations:
        scene.double.auto_archive(scene.thread(escalation))
    await scene.vouch()
    answered = escalations[3]
    await scene.double.person("Maya").write(scene.thread(answered), "yes")
    scene.double.auto_archive(scene.thread(answered))
    start = len(scene.double.requests)
    async with scene.listening():
        reads = scene.reads_since(start)
    archived = [path for path in reads if "/threads/archived/" in path]
    alone = [path for path in reads if path.count("/") == 2 and "channels" in path]
    assert len(archived) == 3
    assert len(alone) <= 1, "the channel itself; no thread is asked for alone"
    assert (await scene.read(answered)).state is State.ANSWERED


async def test_few_old_threads_among_many_archived_ones_are_asked_for_alone(scene: Scene) -> None:
    still_open = await scene.asked_before("still open?")
    scene.double.auto_archive(scene.thread(still_open))
    ended = [await scene.asked_before(f"number {number}?") for number in range(350)]
    for escalation in ended:
        await scene.store.conclude(escalation.id, an_outcome(escalation, at=utc_now()))
        scene.double.auto_archive(scene.thread(escalation))
    start = len(scene.double.requests)
    await scene.vouch()
    async with scene.listening():
        path = f"/channels/{scene.thread(still_open).id}"

        async def asked_for() -> bool:
            return path in scene.reads_since(start)

        await until(asked_for)
        archived = [each for each in scene.reads_since(start) if "/threads/archived/" in each]
    assert len(archived) == 1
    assert (await scene.read(still_open)).state is State.POSTED


async def test_a_thread_is_read_to_its_end(scene: Scene) -> None:
    escalation = await scene.asked_before("crowded?")
    await scene.vouch()
    thread, maya = scene.thread(escalation), scene.double.person("Maya")
    for number in range(1_050):
        noise = Message(
            scene.double.world.ids.next(), thread.id, scene.double.bot.user, content=f"{number}"
        )
        thread.messages.add(noise)
    await maya.write(thread, "behind a thousand others")
    async with scene.listening():
        answered = await scene.until_ended(escalation)
    assert answered.outcome is not None
    assert answered.outcome.text == "behind a thousand others"


async def test_replies_beside_a_thread_count_too(scene: Scene) -> None:
    scene.double.settings.max_active_threads = 0
    async with scene.listening() as worker:
        escalation = await scene.ask(worker, "no room?")
        assert escalation.posting is not None
        assert not escalation.posting.threaded
    maya, starter = scene.double.person("Maya"), scene.starter(escalation)
    for number in range(230):
        await maya.write(scene.double.channel, f"chatter {number}")
    await maya.reply(starter, "beside")
    await maya.write(scene.double.channel, "that's all")
    start = len(scene.double.requests)
    async with scene.listening() as worker:
        answered = await scene.until_ended(escalation)
        histories = [each for each in scene.reads_since(start) if each.endswith("/messages")]
        await worker.concluding.show_outcome(escalation.id)
    assert answered.outcome is not None
    assert answered.outcome.text == "beside"
    assert len(histories) == 3, "one request for each hundred messages"
    reply = next(each for each in scene.double.channel.messages if each.content == "beside")
    assert "✅" in reply.reactions


async def test_a_reply_beside_a_thread_is_found_after_a_connection_that_died_without_a_word(
    scene: Scene,
) -> None:
    scene.double.settings.max_active_threads = 0
    async with scene.listening() as worker:
        escalation = await scene.ask(worker, "anybody there?")
    await scene.double.person("Maya").reply(scene.starter(escalation), "beside")
    # For as long as discord.py did not notice, the listener said that all was heard.
    noticed = utc_now() + timedelta(seconds=NOTICED_SECONDS)
    assert await scene.hearing.note_heard_until(noticed, Hold(0, 1))
    async with asyncio.timeout(30), scene.listening():
        assert (await scene.until_ended(escalation)).state is State.ANSWERED


async def test_what_was_written_before_somebody_listened_is_not_read_again(scene: Scene) -> None:
    await scene.asked_before("still open?")
    maya = scene.double.person("Maya")
    for number in range(130):
        await maya.write(scene.double.channel, f"chatter {number}")
    await scene.vouch()
    start = len(scene.double.requests)
    async with scene.listening():
        histories = [each for each in scene.reads_since(start) if each.endswith("/messages")]
    assert len(histories) == 1


async def test_a_late_answer_in_a_thread_that_was_archived_meanwhile_is_kept_and_told(
    scene: Scene,
) -> None:
    timed_out, cancelled = await scene.asked_before("too late?"), await scene.asked_before("over?")
    await scene.vouch()
    for escalation, state in ((timed_out, State.TIMED_OUT), (cancelled, State.CANCELLED)):
        outcome = an_outcome(escalation, state, at=utc_now(), source=None)
        await scene.store.conclude(escalation.id, outcome)
        await scene.double.person("Maya").write(scene.thread(escalation), "after all")
        scene.double.auto_archive(scene.thread(escalation))
    async with scene.listening(), asyncio.timeout(20):
        await until_told(scene.double, scene.thread(timed_out), "kept as a late answer")
        await until_told(scene.double, scene.thread(cancelled), "already ended")
    late = (await scene.read(timed_out)).late_answer
    assert late is not None
    assert late.text == "after all"


async def test_a_stranger_stays_refused_and_is_told_once(scene: Scene) -> None:
    escalation = await scene.asked_before("who may?")
    thread, record = scene.thread(escalation), scene.keys.record(escalation.id)
    refused = await scene.double.person("Mallory").write(thread, "me")
    for _ in range(2):
        # As if the cursor had not been kept: the message is read in both rounds.
        await cast("Any", scene.redis).hset(record, "heard", str(thread.id))
        async with scene.listening(), asyncio.timeout(20):
            await until_told(scene.double, thread, "Only the operators")
    assert len(said_by_bot(scene.double, thread)) == 1
    assert (await scene.read(escalation)).state is State.POSTED
    # Nor does a break of any length, after which it is read again, have it told again.
    told, heard_until = scene.keys.told(str(refused.id)), scene.keys.heard_until(DEFAULT_BOT)
    assert await scene.redis.pttl(told) > await scene.redis.pttl(heard_until) - 60_000


async def test_what_was_edited_meanwhile_counts_as_it_is_now(scene: Scene) -> None:
    escalation = await scene.asked_before("edited?")
    maya = scene.double.person("Maya")
    await maya.edit(await maya.write(scene.thread(escalation), "first"), "second")
    async with scene.listening():
        answered = await scene.until_ended(escalation)
    assert answered.outcome is not None
    assert answered.outcome.text == "second"


async def test_without_the_right_to_read_it_is_not_taken_for_caught_up(scene: Scene) -> None:
    escalation = await scene.asked_before("unread?")
    await scene.double.person("Maya").write(scene.thread(escalation), "read me")
    denied = Permission.READ_MESSAGE_HISTORY
    scene.double.deny(scene.double.channel, defaults.BOT_ROLE_ID, denied)
    async with scene.running() as worker:
        await until_asked_in_vain(scene)
        assert not worker.client.in_order
        scene.double.allow(scene.double.channel, defaults.BOT_ROLE_ID, denied)
        assert (await scene.until_ended(escalation)).state is State.ANSWERED
        await worker.until_listening()


@pytest.mark.parametrize("lost", [None, Permission.READ_MESSAGE_HISTORY])
async def test_questions_in_a_channel_that_is_no_longer_configured_are_caught_up_with(
    scene: Scene, lost: Permission | None
) -> None:
    before, elsewhere = await scene.asked_before("moved on?"), scene.double.add_channel("new")
    await scene.double.person("Maya").reply(scene.starter(before), "still here")
    if lost is not None:
        scene.double.deny(scene.double.channel, defaults.BOT_ROLE_ID, lost)
    worker = scene.make_worker(
        routes=in_force(CHANNEL_ROUTE.model_copy(update={"channels": (str(elsewhere.id),)}))
    )
    async with asyncio.timeout(30), scene.running(worker):
        await worker.until_listening()
        after = await scene.ask(worker, "heard here?")
        await scene.double.person("Maya").write(scene.thread(after), "yes")
        assert (await scene.until_ended(after)).state is State.ANSWERED
        if lost is None:
            assert (await scene.until_ended(before)).state is State.ANSWERED


@pytest.mark.parametrize("field", ["posting", "question", "state"])
async def test_a_record_that_cannot_be_read_keeps_no_other_question_from_being_heard(
    scene: Scene, field: str
) -> None:
    broken, whole = await scene.asked_before("broken?"), await scene.asked_before("whole?")
    records, record = cast("Any", scene.redis), scene.keys.record(broken.id)
    readable = await records.hget(record, field)
    await records.hset(record, field, "{")
    await scene.double.person("Maya").write(scene.thread(broken), "kept for later")
    await scene.double.person("Maya").write(scene.thread(whole), "heard")
    async with asyncio.timeout(30), scene.listening():
        assert (await scene.until_ended(whole)).state is State.ANSWERED
    # A version that can read it finds what was written there.
    await records.hset(record, field, readable)
    async with asyncio.timeout(30), scene.listening():
        answered = await scene.until_ended(broken)
    assert answered.outcome is not None
    assert answered.outcome.text == "kept for later"


async def until_asked_in_vain(scene: Scene) -> None:
    """Wait until the archived threads were refused to the bot."""

    async def refused() -> bool:
        return any("/archived/" in each.path for each in scene.double.requests)

    await until(refused)


async def test_what_is_said_while_a_listener_catches_up_waits_for_what_was_said_before(
    scene: Scene,
) -> None:
    escalation = await scene.asked_before("who was first?")
    thread = scene.thread(escalation)
    await scene.double.person("Maya").write(thread, "the first")
    scene.double.faults.slow(1.5, method="GET", path=r"/messages$")
    async with asyncio.timeout(30), scene.running():
        while not scene.double.gateway.connected:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)  # the session is ready, and what was missed is being read
        await scene.double.person("Maya").write(thread, "the second")
        answered = await scene.until_ended(escalation)
        await scene.double.until_message(thread, "already ended")
    assert answered.outcome is not None
    assert answered.outcome.text == "the first"

"""Where nobody can be asked or nobody can answer any more, the agent hears it at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from discord_double import DiscordDouble, defaults
from discord_double.permissions import Permission
from discord_double.reading import text_of
from support.discord_views import until_told
from support.make import an_ask, an_outcome

from listening.conftest import Scene, until
from shared.escalation import Escalation, State
from shared.ports.clock import utc_now

Loss = Callable[[DiscordDouble], None]


def the_channel_is_deleted(double: DiscordDouble) -> None:
    double.delete_channel(double.channel)


def the_bot_is_thrown_out(double: DiscordDouble) -> None:
    double.remove_bot()


def the_channel_goes_out_of_sight(double: DiscordDouble) -> None:
    double.deny(double.channel, defaults.BOT_ROLE_ID, Permission.VIEW_CHANNEL)


def the_bot_may_not_write(double: DiscordDouble) -> None:
    double.deny(double.channel, defaults.BOT_ROLE_ID, Permission.SEND_MESSAGES)


FINAL = [the_channel_is_deleted, the_bot_is_thrown_out, the_channel_goes_out_of_sight]
losses = pytest.mark.parametrize("lose", FINAL)


def reason_of(escalation: Escalation) -> str:
    """Read why a question could not be delivered."""
    assert escalation.state is State.UNDELIVERABLE
    assert escalation.outcome is not None
    return escalation.outcome.reason or ""


@pytest.mark.parametrize(
    ("lose", "mend"),
    [
        (the_channel_is_deleted, "set DISCORD_CHANNEL_ID to another"),
        (the_bot_is_thrown_out, "invite it to the server"),
        (the_channel_goes_out_of_sight, 'give it "View Channel"'),
        (the_bot_may_not_write, "the bot lacks a permission"),
    ],
)
async def test_what_is_asked_afterwards_is_undeliverable_at_once(
    scene: Scene, lose: Loss, mend: str
) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        lose(scene.double)
        assert mend in reason_of(await scene.ask(worker, "to whom?"))


@losses
async def test_what_is_asked_of_a_worker_that_starts_afterwards_is_undeliverable_at_once(
    scene: Scene, lose: Loss
) -> None:
    lose(scene.double)
    worker = scene.make_worker()
    async with asyncio.timeout(30), scene.running(worker):

        async def refused() -> bool:
            escalation = await scene.store.accept(an_ask())
            try:
                await worker.posting.post(escalation.escalation.id)
            except Exception:  # noqa: BLE001 (it has not logged in yet)
                return False
            return (await scene.read(escalation.escalation)).state is State.UNDELIVERABLE

        await until(refused)


@losses
async def test_what_was_open_ends_at_once(scene: Scene, lose: Loss) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        escalations = [await scene.ask(worker, f"{number}?") for number in range(3)]
        lose(scene.double)
        for escalation in escalations:
            assert reason_of(await scene.until_ended(escalation))
        assert not worker.client.in_order


@losses
async def test_what_was_open_ends_at_the_next_start_where_nobody_saw_it_happen(
    scene: Scene, lose: Loss
) -> None:
    escalation = await scene.asked_before("lost meanwhile?")
    lose(scene.double)
    async with asyncio.timeout(30), scene.running():
        assert reason_of(await scene.until_ended(escalation))


@losses
async def test_a_worker_with_a_worse_view_ends_nothing_while_another_listens(
    scene: Scene, lose: Loss
) -> None:
    escalation = await scene.asked_before("still heard?")
    other = scene.make_worker()
    assert await other.turn.take_if_free() is not None
    lose(scene.double)
    async with asyncio.timeout(30), scene.running() as worker:

        async def refuses() -> bool:
            return worker.channel._mend is not None  # pyright: ignore[reportPrivateUsage]

        await until(refuses)
    assert (await scene.read(escalation)).state is State.POSTED


async def test_a_channel_that_comes_back_into_sight_is_caught_up_with(scene: Scene) -> None:
    double, escalation = scene.double, await scene.asked_before("unseen?")
    timed_out = an_outcome(escalation, State.TIMED_OUT, at=utc_now(), source=None)
    await scene.store.conclude(escalation.id, timed_out)
    async with asyncio.timeout(30), scene.listening() as worker:
        the_channel_goes_out_of_sight(double)
        await worker.until_deaf()
        await double.person("Maya").write(scene.thread(escalation), "written out of sight")
        double.allow(double.channel, defaults.BOT_ROLE_ID, Permission.VIEW_CHANNEL)
        await until_told(double, scene.thread(escalation), "kept as a late answer")
        await worker.until_listening()


async def test_where_only_the_thread_is_deleted_a_reply_to_the_message_answers(
    scene: Scene,
) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        escalation = await scene.ask(worker, "thread gone?")
        starter = scene.starter(escalation)
        scene.double.delete_channel(scene.thread(escalation))
        await scene.double.until(lambda: "Reply to this message" in text_of(starter))
        await scene.double.person("Maya").reply(starter, "all the same")
        assert (await scene.until_ended(escalation)).state is State.ANSWERED
        await worker.concluding.show_outcome(escalation.id)
        assert "Answered by Maya" in text_of(starter)


async def test_a_thread_that_was_deleted_while_nobody_listened_is_missed_at_the_next_start(
    scene: Scene,
) -> None:
    escalation = await scene.asked_before("thread gone meanwhile?")
    starter = scene.starter(escalation)
    scene.double.delete_channel(scene.thread(escalation))
    async with asyncio.timeout(30), scene.listening():
        await scene.double.until(lambda: "Reply to this message" in text_of(starter))
    assert (await scene.read(escalation)).state is State.POSTED


async def test_where_only_the_message_is_deleted_the_thread_still_answers(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        escalation = await scene.ask(worker, "message gone?")
        scene.double.delete_message(scene.starter(escalation))
        await scene.double.person("Maya").write(scene.thread(escalation), "in the thread")
        assert (await scene.until_ended(escalation)).state is State.ANSWERED


@pytest.mark.parametrize("thread_first", [True, False])
async def test_where_both_are_deleted_nobody_can_answer_and_it_ends_at_once(
    scene: Scene, thread_first: bool
) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        escalation = await scene.ask(worker, "both gone?")
        thread, starter = scene.thread(escalation), scene.starter(escalation)
        if thread_first:
            scene.double.delete_channel(thread)
            await scene.double.until(lambda: "Reply to this message" in text_of(starter))
            scene.double.delete_message(starter)
        else:
            scene.double.delete_message(starter)
            scene.double.delete_channel(thread)
        assert "deleted" in reason_of(await scene.until_ended(escalation))


async def test_a_message_beside_which_there_is_no_thread_is_missed(scene: Scene) -> None:
    scene.double.settings.max_active_threads = 0
    async with asyncio.timeout(30), scene.listening() as worker:
        first, second = [await scene.ask(worker, f"no room {number}?") for number in range(2)]
        scene.double.delete_message(scene.starter(first))
        assert "deleted" in reason_of(await scene.until_ended(first))
    scene.double.delete_message(scene.starter(second))
    async with asyncio.timeout(30), scene.listening():
        assert "deleted" in reason_of(await scene.until_ended(second))


async def test_an_outage_of_discords_ends_nothing_and_is_caught_up_with(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        escalation = await scene.ask(worker, "back soon?")
        client, start = worker.client, len(scene.double.requests)
        (guild,) = client.guilds
        guild.unavailable = True
        await client.on_guild_unavailable(guild)
        assert not client.in_order
        assert scene.reads_since(start) == []
        guild.unavailable = False
        await client.on_guild_available(guild)
        assert client.in_order
        assert [path for path in scene.reads_since(start) if path.endswith("/threads/active")]
    assert (await scene.read(escalation)).state is State.POSTED

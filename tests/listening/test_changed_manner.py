"""A restart with another file: what people were told holds until their question's message says it.

Each worker here reads its routes once, as after a restart.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import discord
import pytest
from discord_double.reading import text_of
from support.make import an_ask

from escalation_worker.posting import PostingDesk
from escalation_worker.reloading import Reloading
from listening.conftest import CHANNEL_ROUTE, Scene, Worker, in_force, until
from listening.test_controls import labels, shown
from listening.test_send_button import SENDING, outcome_of, send, until_read
from shared.errors import ChannelUnavailableError, StoreUnavailableError
from shared.escalation import DEFAULT_BOT, ChannelKind, Escalation, Posting, State
from shared.manner import AnswerMode, DecisionReason, Manner, MannerShown
from shared.redis_adapter.policies import RedisPolicyLog
from shared.redis_adapter.slots import RedisListenerSlots
from shared.routes.route import Route
from shared.routes_in_force import InForce

WAITS = Manner(AnswerMode.SEND_BUTTON)
REASONS = CHANNEL_ROUTE.model_copy(update={"decision_reason": DecisionReason.REQUIRED})


@asynccontextmanager
async def begun(scene: Scene, *routes: Route) -> AsyncGenerator[None]:
    """Let a worker begin with these routes: what it does with open questions."""
    policies = RedisPolicyLog(scene.redis, scene.keys)
    reloading = Reloading(in_force(*routes), scene.store, scene.hearing.open_postings, policies)
    running = asyncio.create_task(reloading.run())
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def until_due(scene: Scene, escalation: Escalation) -> None:
    """Wait until people are to be shown a question anew."""

    async def due() -> bool:
        return await scene.postings.unshown_score(escalation.id) is not None

    await until(due)


async def until_shown(scene: Scene, worker: Worker, escalation: Escalation) -> None:
    """Wait until a worker that does not listen is logged in, and let it show a question."""

    async def done() -> bool:
        with suppress(ChannelUnavailableError):
            await worker.concluding.show_outcome(escalation.id)
        return await scene.postings.unshown_score(escalation.id) is None

    await until(done)


async def test_where_a_restart_brings_send_nothing_is_passed_on_and_send_comes(
    scene: Scene,
) -> None:
    async with asyncio.timeout(40):
        async with scene.listening() as before:
            asked = await scene.ask(before, "a discount?")
        maya, thread = scene.double.person("Maya"), scene.thread(asked)
        missed = await maya.write(thread, "Yes,")  # while no worker ran
        after = scene.make_worker(routes=in_force(SENDING))
        async with scene.listening(after), begun(scene, SENDING):
            await until_due(scene, asked)
            await scene.double.until(lambda: missed.reactions.get("📝"))
            await until_read(scene, await maya.write(thread, "10 %."))
            assert (await scene.read(asked)).state is State.POSTED
            starter = await shown(scene, after, asked)
            assert "Send" in labels(starter)
            assert "until you press “Send”" in text_of(starter)
            assert "Sent" in (await send(scene, maya, asked))[0]
            assert (await outcome_of(scene, asked)).text == "Yes,\n10 %."


async def test_where_a_restart_takes_send_away_no_remark_is_passed_on_before_people_know(
    scene: Scene,
) -> None:
    async with asyncio.timeout(40):
        async with scene.listening(scene.make_worker(routes=in_force(SENDING))) as before:
            asked = await scene.ask(before, "a discount?")
        maya, noor, thread = (*map(scene.double.person, ("Maya", "Noor")), scene.thread(asked))
        missed = await maya.write(thread, "Ada again! What does she want?")
        after = scene.make_worker()
        async with scene.listening(after), begun(scene, CHANNEL_ROUTE):
            await until_due(scene, asked)
            await scene.double.until(lambda: missed.reactions.get("📝"))
            await until_read(scene, await noor.write(thread, "She is a nuisance."))
            assert (await scene.read(asked)).state is State.POSTED
            starter = await shown(scene, after, asked)
            assert "Send" not in labels(starter)
            assert "is passed on" in text_of(starter)
            await maya.write(thread, "10 %.")
            assert (await outcome_of(scene, asked)).text == "10 %."


async def test_what_was_written_under_send_is_talk_although_it_is_heard_after_send_is_gone(
    scene: Scene,
) -> None:
    other = RedisListenerSlots(
        scene.redis, scene.keys, DEFAULT_BOT, slots=1, length=timedelta(minutes=1)
    )
    async with asyncio.timeout(40):
        async with scene.listening(scene.make_worker(routes=in_force(SENDING))) as before:
            asked = await scene.ask(before, "a discount?")
        missed = await scene.double.person("Noor").write(scene.thread(asked), "What a nuisance.")
        assert await other.hold() is not None
        after = scene.make_worker()
        async with scene.running(after), begun(scene, CHANNEL_ROUTE):
            await until_due(scene, asked)
            await until_shown(scene, after, asked)
            assert "Send" not in labels(scene.starter(asked))
            await other.release()
            await after.until_listening()
            await scene.double.until(lambda: missed.reactions.get("📝"))
            assert (await scene.read(asked)).state is State.POSTED


async def test_a_message_that_is_found_again_means_what_it_says_whatever_the_route_says_by_now(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(*_: object, **__: object) -> State:
        raise StoreUnavailableError

    scene.double.settings.nonce_window = 0
    async with asyncio.timeout(40):
        before = scene.make_worker(routes=in_force(SENDING))
        async with scene.listening(before):
            with monkeypatch.context() as patched:
                patched.setattr(scene.postings, "note_posting", dies)
                with pytest.raises(StoreUnavailableError):
                    await scene.ask(before, "a discount?")
        after = scene.make_worker()
        async with scene.listening(after):
            (asked,) = await scene.store.list_open()
            await after.posting.post(asked.id)
            asked = await scene.read(asked)
            assert "Send" in labels(scene.starter(asked))
            noor, thread = scene.double.person("Noor"), scene.thread(asked)
            await until_read(scene, await noor.write(thread, "She is a nuisance."))
            assert (await scene.read(asked)).state is State.POSTED
            assert len(scene.double.threads) == 1


async def test_a_file_that_comes_while_a_question_is_sent_is_shown_under_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    routes = {"default": CHANNEL_ROUTE}
    file = InForce(lambda: dict(routes))
    policies = RedisPolicyLog(scene.redis, scene.keys)
    reloading = Reloading(file, scene.store, scene.hearing.open_postings, policies)
    worker = scene.make_worker(routes=file)
    desk = PostingDesk(
        scene.store, scene.postings, worker.channel, show_what_holds=reloading.posted
    )
    waits, its_turn, send = asyncio.Event(), asyncio.Event(), discord.TextChannel.send

    async def in_line(*args: Any, **message: Any) -> discord.Message:
        """Wait, as in discord.py's line for a channel."""
        waits.set()
        await its_turn.wait()
        return await send(*args, **message)

    async with asyncio.timeout(40), scene.listening(worker):
        monkeypatch.setattr(discord.TextChannel, "send", in_line)
        asked = (await scene.store.accept(an_ask("a discount?"))).escalation
        async with asyncio.TaskGroup() as group:
            group.create_task(desk.post(asked.id))
            await waits.wait()
            routes["default"] = SENDING
            file.reload()  # who looks at all open questions now, does not find this one
            its_turn.set()
        asked = await scene.read(asked)
        assert "Send" not in labels(scene.starter(asked))
        starter = await shown(scene, worker, asked)
        assert "Send" in labels(starter)
        assert (await scene.read(asked)).shown.manner == WAITS


async def test_a_worker_that_begins_shows_anew_only_what_is_answered_otherwise_by_now(
    scene: Scene,
) -> None:
    async with asyncio.timeout(40):
        async with scene.listening() as before:
            asked = await scene.ask(before, "a discount?")
            approval = await scene.ask(before, "80 €", approvals_needed=1)
        # The nearest deadline is looked at first.
        desk = (await scene.store.accept(an_ask("at the desk?", timeout=300))).escalation
        at_the_desk = Posting(channel=ChannelKind.DESK, place="desk", reference=desk.id)
        await scene.postings.note_posting(desk.id, at_the_desk, complete=True)
        after = scene.make_worker(routes=in_force(REASONS))
        async with scene.listening(after):
            async with begun(scene, REASONS):
                await until_due(scene, approval)
                await until_due(scene, asked)
            await shown(scene, after, asked)
            assert "Both ask why" in text_of(await shown(scene, after, approval))
            assert (await scene.read(asked)).shown == MannerShown(
                manner=Manner(decision_reason=DecisionReason.REQUIRED)
            ), "what makes an answer did not change"
            last = await scene.ask(after, "the last?", seconds=900)
            await scene.postings.note_manner(last.id, WAITS, None)
            async with begun(scene, REASONS):
                await until_due(scene, last)
            for each in (desk, asked, approval):
                assert await scene.postings.unshown_score(each.id) is None

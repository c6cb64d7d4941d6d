"""A listener that was relieved changes nothing, and what it dropped is found by the next one."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest
from support.discord_views import said_by_bot

from escalation_worker.discord_channel.session import client
from listening.conftest import Scene, Worker, until
from shared.escalation import DEFAULT_BOT, State
from shared.expiry import ARRIVAL
from shared.ports.clock import utc_now


class Gate:
    """Stands in for the store's `find`: holds back every message until it is opened."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

    async def find(self, reference: str) -> str | None:
        self.reached.set()
        await self.opened.wait()
        return await self._scene.postings.find(DEFAULT_BOT, reference)


async def relieve(scene: Scene, worker: Worker) -> None:
    """Let the worker's slot run out without its knowledge, as when it stands still."""
    hold = worker.turn.hold()
    assert hold is not None
    await scene.redis.delete(scene.keys.slot(hold.bot, hold.slot))


async def test_a_reply_that_only_the_relieved_listener_heard_is_found_and_taken_once(
    scene: Scene,
) -> None:
    gate = Gate(scene)
    gate.opened.set()
    old, new = scene.make_worker(gate.find), scene.make_worker()
    async with asyncio.timeout(30), scene.running(old):
        await old.until_listening()
        escalation = await scene.ask(old, "who hears?")
        gate.opened.clear()
        gate.reached.clear()
        reply = await scene.double.person("Maya").write(scene.thread(escalation), "heard once")
        await gate.reached.wait()
        assert scene.double.gateway.identifies == 1, "the new one connects after the reply"
        async with scene.running(new):
            await relieve(scene, old)
            await new.until_listening()
            gate.opened.set()
            answered = await scene.until_ended(escalation)
            assert answered.outcome is not None
            assert answered.outcome.source == str(reply.id)
            await new.concluding.show_outcome(escalation.id)
    assert said_by_bot(scene.double, scene.thread(escalation)) == []


async def test_a_listener_that_cannot_connect_lets_another_one_try(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "DEAF_SECONDS", 2.0)
    cut_off, other = scene.make_worker(), scene.make_worker()
    connect = client.EscalationClient.connect

    async def connect_unless_cut_off(each: client.EscalationClient) -> None:
        if each is cut_off.running_client:
            await asyncio.Event().wait()
        await connect(each)

    monkeypatch.setattr(client.EscalationClient, "connect", connect_unless_cut_off)

    async def holds_the_slot() -> bool:
        return cut_off.turn.hold() is not None

    async with asyncio.timeout(30), scene.running(cut_off):
        await until(holds_the_slot)
        async with scene.running(other):
            await other.until_listening()
            assert cut_off.turn.hold() is None


async def test_the_relieved_listener_neither_answers_nor_speaks_nor_moves_the_cursor(
    scene: Scene,
) -> None:
    gate = Gate(scene)
    gate.opened.set()
    old = scene.make_worker(gate.find)
    async with asyncio.timeout(30), scene.running(old):
        await old.until_listening()
        escalation = await scene.ask(old, "who speaks?")
        thread, double = scene.thread(escalation), scene.double

        async def began() -> bool:
            heard = await scene.hearing.cursors(DEFAULT_BOT, [str(thread.id)])
            return heard[str(thread.id)] == str(thread.last_message_id)

        await until(began)
        cursors = await scene.hearing.cursors(DEFAULT_BOT, [str(thread.id)])
        gate.opened.clear()
        await double.person("Mallory").write(thread, "not me")
        await double.person("Maya").write(thread, "me")
        hold = old.turn.hold()
        assert hold is not None
        # Another holds the slot from here on, and never gets as far as connecting.
        await scene.redis.incr(scene.keys.fence(hold.bot, hold.slot))
        gate.opened.set()
        left = old.connection._listener  # pyright: ignore[reportPrivateUsage]

        async def taken_in() -> bool:
            return not left._taking_in  # pyright: ignore[reportPrivateUsage]

        await until(taken_in)
        assert (await scene.read(escalation)).state is State.POSTED
        assert said_by_bot(double, thread) == []
        heard = await scene.hearing.cursors(DEFAULT_BOT, [str(thread.id)])
        assert heard == cursors
    async with scene.listening():
        assert (await scene.until_ended(escalation)).state is State.ANSWERED


async def test_a_session_that_can_be_resumed_gets_what_it_missed_from_discord(
    scene: Scene,
) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        escalation = await scene.ask(worker, "resumed?")
        start = len(scene.double.requests)
        scene.double.gateway.cut()
        await scene.double.person("Maya").write(scene.thread(escalation), "while cut off")
        assert (await scene.until_ended(escalation)).state is State.ANSWERED
        await worker.until_listening()
        assert scene.double.gateway.resumes == 1
        assert not [path for path in scene.reads_since(start) if "/threads/" in path]


@pytest.mark.faults  # before it identifies again, discord.py waits five seconds
async def test_a_session_that_cannot_be_resumed_catches_up_again(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        escalation = await scene.ask(worker, "never heard live?")
        start = len(scene.double.requests)
        scene.double.gateway.forget_sessions()
        await scene.double.person("Maya").write(scene.thread(escalation), "found")
        scene.double.gateway.cut()
        assert (await scene.until_ended(escalation)).state is State.ANSWERED
        await worker.until_listening()
        assert scene.double.gateway.resumes == 0
        assert [path for path in scene.reads_since(start) if path.endswith("/threads/active")]


async def test_catching_up_proves_nothing_once_discord_began_afresh_meanwhile(
    scene: Scene,
) -> None:
    """A round that ends after another READY must not vouch for what came before that READY."""
    escalation = await scene.asked_before("between two rounds?")
    async with asyncio.timeout(30), scene.listening() as worker:
        client = worker.client
        scene.double.faults.slow(0.5, method="GET", path="/threads/active")
        first = asyncio.create_task(client.catch_up())
        await asyncio.sleep(0.1)
        scene.double.faults.slow(1.0, method="GET", path="/threads/active")
        second = asyncio.create_task(client.catch_up())
        await first
        assert not client.in_order
        await second
        assert client.in_order
        assert (await scene.read(escalation)).state is State.POSTED


async def test_what_waits_in_the_listener_is_not_vouched_for(scene: Scene) -> None:
    gate = Gate(scene)
    gate.opened.set()
    worker = scene.make_worker(gate.find)
    async with asyncio.timeout(30), scene.running(worker):
        await worker.until_listening()
        escalation = await scene.ask(worker, "in time?")
        gate.opened.clear()
        reply = await scene.double.person("Maya").write(scene.thread(escalation), "just in time")
        await gate.reached.wait()
        await asyncio.sleep(1.2)  # two words of the listener's
        vouched = await scene.hearing.heard_until(DEFAULT_BOT)
        assert vouched is not None
        assert vouched <= reply.created_at
        gate.opened.set()
        await scene.until_ended(escalation)

        async def vouched_for() -> bool:
            until_when = await scene.hearing.heard_until(DEFAULT_BOT)
            return until_when is not None and until_when > reply.created_at

        await until(vouched_for)


async def test_what_may_still_be_on_its_way_is_not_vouched_for(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.running(scene.make_worker()) as worker:
        await worker.until_listening()
        words: set[datetime] = set()

        async def a_few_words() -> bool:
            until_when = await scene.hearing.heard_until(DEFAULT_BOT)
            if until_when is not None:
                assert until_when <= utc_now() - ARRIVAL
                words.add(until_when)
            return len(words) > 2

        await until(a_few_words)


async def test_a_listener_hears_nothing_from_the_moment_at_which_its_slot_ran_out(
    scene: Scene,
) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        escalation = await scene.ask(worker, "still there?")
        worker.turn._until = 0.0  # pyright: ignore[reportPrivateUsage]
        await scene.double.person("Maya").write(scene.thread(escalation), "to the next one")
        assert not worker.client.in_order
        # It connects anew, catches up, and only then is it taken in: under a newer hold.
        assert (await scene.until_ended(escalation)).state is State.ANSWERED
        await worker.until_listening()
        assert scene.double.gateway.identifies == 2


async def test_an_answer_given_in_time_counts_although_the_listener_died_just_before(
    scene: Scene,
) -> None:
    async with asyncio.timeout(30):
        async with scene.listening() as worker:
            escalation = await scene.ask(worker, "in the last second?", seconds=1)
        await scene.double.person("Maya").write(scene.thread(escalation), "in time")
        while utc_now() <= escalation.deadline:
            await asyncio.sleep(0.05)
        assert not await worker.concluding.expire(escalation.id), "not all was heard yet"
        async with scene.listening() as next_worker:
            assert await next_worker.concluding.expire(escalation.id)
    assert (await scene.read(escalation)).state is State.ANSWERED

"""What was written before it was known where a question is shown is read once that is known."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from listening.conftest import Scene
from shared.escalation import DEFAULT_BOT, Escalation, State


@dataclass(slots=True)
class Lookups:
    """The store's `find`, and which messages' questions it did not know."""

    scene: Scene
    unknown: asyncio.Queue[str] = field(default_factory=asyncio.Queue[str])

    async def find(self, reference: str) -> str | None:
        """Look it up."""
        found = await self.scene.postings.find(DEFAULT_BOT, reference)
        if found is None:
            self.unknown.put_nowait(reference)
        return found

    async def until_unknown(self, reference: int) -> None:
        """Wait until this was looked for and not found."""
        while await self.unknown.get() != str(reference):
            pass


async def lose_the_posting(scene: Scene, escalation: Escalation, *counted: str) -> None:
    """Leave the record as on a server that was promoted before the posting was replicated."""
    redis, keys = cast("Any", scene.redis), scene.keys
    assert escalation.posting is not None
    record = keys.record(escalation.id)
    await redis.hset(record, "state", State.QUEUED)
    await redis.hdel(record, "posting", "heard", *counted)
    await redis.delete(keys.posting(DEFAULT_BOT, escalation.posting.reference))
    await redis.zadd(keys.unposted, {escalation.id: escalation.created_at.timestamp() * 1000})


async def in_the_thread(scene: Scene, escalation: Escalation) -> int:
    await scene.double.person("Maya").write(scene.thread(escalation), "10 %")
    return scene.thread(escalation).id


async def beside_it(scene: Scene, escalation: Escalation) -> int:
    await scene.double.person("Maya").reply(scene.starter(escalation), "10 %")
    return scene.starter(escalation).id


@pytest.mark.parametrize("lost", [(), ("attempts",)], ids=["posting", "posting and attempt"])
@pytest.mark.parametrize("write", [in_the_thread, beside_it])
async def test_an_answer_to_a_question_whose_posting_was_lost_counts_once_it_is_posted_again(
    scene: Scene, write: Callable[[Scene, Escalation], Awaitable[int]], lost: tuple[str, ...]
) -> None:
    lookups = Lookups(scene)
    worker = scene.make_worker(lookups.find)
    async with asyncio.timeout(30), scene.running(worker):
        await worker.until_listening()
        escalation = await scene.ask(worker, "how much?")
        await lose_the_posting(scene, escalation, *lost)
        await lookups.until_unknown(await write(scene, escalation))
        await worker.posting.post(escalation.id)
        ended = await scene.until_ended(escalation)
    assert ended.outcome is not None
    assert ended.outcome.text == "10 %"
    assert ended.posting == escalation.posting, "it is not posted twice"


async def test_it_counts_although_nobody_listened_when_the_question_was_posted_again(
    scene: Scene,
) -> None:
    lookups = Lookups(scene)
    worker = scene.make_worker(lookups.find)
    async with asyncio.timeout(30):
        async with scene.running(worker):
            await worker.until_listening()
            escalation = await scene.ask(worker, "how much?")
            await lose_the_posting(scene, escalation)
            await lookups.until_unknown(await in_the_thread(scene, escalation))
            hold = worker.turn.hold()
            assert hold is not None
            await worker.turn.end()
            await worker.posting.post(escalation.id)
        assert (await scene.read(escalation)).state is State.POSTED
        # As if something had been heard behind it meanwhile: the cursor alone would pass it over.
        newest = str(scene.thread(escalation).last_message_id)
        await scene.hearing.note_heard(escalation.id, newest, hold)
        async with scene.listening():
            ended = await scene.until_ended(escalation)
    assert ended.outcome is not None
    assert ended.outcome.text == "10 %"

"""How many questions of one agent a worker posts at once."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
from fakeredis import FakeAsyncRedis
from support.make import a_posting, an_ask, an_outcome

from escalation_worker.concluding import Concluding
from escalation_worker.posting import PostingDesk
from escalation_worker.turns import AT_ONCE, CrowdedError, pause_after
from shared.escalation import Escalation, Posting, State
from shared.memory.escalations import MemoryEscalations
from shared.ports.channel import PostingJournal
from shared.redis_adapter.keys import Keys
from shared.redis_adapter.posting import RedisPostingLog
from shared.redis_adapter.store import RedisEscalationStore


class SlowChannel:
    """A channel in which every posting waits for the test."""

    def __init__(self) -> None:
        self.under_way: list[str] = []
        self.go_on = asyncio.Event()
        self._came = asyncio.Condition()

    async def post(self, escalation: Escalation, journal: PostingJournal) -> Posting:
        async with self._came:
            self.under_way.append(escalation.question.text)
            self._came.notify_all()
        await self.go_on.wait()
        await journal.started(a_posting())
        return a_posting()

    async def show_outcome(self, escalation: Escalation) -> None:
        raise AssertionError("nothing ends here")

    async def until(self, count: int) -> None:
        """Wait until so many are under way."""
        async with self._came:
            await self._came.wait_for(lambda: len(self.under_way) >= count)


class SlowShowing(SlowChannel):
    """A channel in which showing waits, too."""

    async def show_outcome(self, escalation: Escalation) -> None:
        async with self._came:
            self.under_way.append(escalation.question.text)
            self._came.notify_all()
        await self.go_on.wait()


async def never(_: str) -> datetime | None:
    """Hear nobody."""
    return None


async def ids(store: MemoryEscalations, agent: str, count: int) -> list[str]:
    """Let an agent ask so many questions."""
    asks = [an_ask(f"{agent} {number}?", agent=agent) for number in range(count)]
    return [(await store.accept(each)).escalation.id for each in asks]


async def test_of_one_agents_questions_few_are_posted_at_once_and_anothers_beside_them() -> None:
    store, channel = MemoryEscalations(), SlowChannel()
    desk = PostingDesk(store, store, channel)
    flood, [calm] = await ids(store, "flood", AT_ONCE + 1), await ids(store, "calm", 1)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        for each in flood[:AT_ONCE]:
            group.create_task(desk.post(each))
        await channel.until(AT_ONCE)
        with pytest.raises(CrowdedError):
            await desk.post(flood[AT_ONCE])
        group.create_task(desk.post(calm))
        await channel.until(AT_ONCE + 1)
        assert channel.under_way[-1] == "calm 0?"
        channel.go_on.set()
    await desk.post(flood[AT_ONCE])
    assert len(channel.under_way) == AT_ONCE + 2
    assert not store.unposted


async def test_what_hangs_on_one_route_does_not_hold_up_the_same_agents_others() -> None:
    store, channel = MemoryEscalations(), SlowChannel()
    desk = PostingDesk(store, store, channel)
    ask = an_ask("elsewhere?", agent="flood", route="billing")
    elsewhere = (await store.accept(ask)).escalation.id
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        for each in await ids(store, "flood", AT_ONCE):
            group.create_task(desk.post(each))
        await channel.until(AT_ONCE)
        group.create_task(desk.post(elsewhere))
        await channel.until(AT_ONCE + 1)
        channel.go_on.set()


async def test_who_found_it_crowded_has_not_been_tried() -> None:
    """It left no lease and counts as no attempt, so nobody looks for a message that never was."""
    store, channel = MemoryEscalations(), SlowChannel()
    desk = PostingDesk(store, store, channel)
    *first, last = await ids(store, "flood", AT_ONCE + 1)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        for each in first:
            group.create_task(desk.post(each))
        await channel.until(AT_ONCE)
        with pytest.raises(CrowdedError):
            await desk.post(last)
        assert (await store.lease(last)).attempt == 1
        channel.go_on.set()


async def test_a_posting_that_fails_gives_its_turn_back() -> None:
    store, channel = MemoryEscalations(), SlowChannel()
    desk = PostingDesk(store, store, channel)
    flood = await ids(store, "flood", AT_ONCE + 1)
    async with asyncio.timeout(10):
        tasks = [asyncio.create_task(desk.post(each)) for each in flood[:AT_ONCE]]
        await channel.until(AT_ONCE)
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        channel.go_on.set()
        for each in flood:
            await desk.post(each)
    assert not store.unposted


def test_who_finds_it_crowded_again_and_again_comes_less_often() -> None:
    pauses = [pause_after(tries) for tries in (1, 2, 5, 100_000)]
    assert pauses == sorted(pauses)
    assert pauses[0] == timedelta(seconds=0.25)
    assert pauses[-1] == timedelta(seconds=15)


async def test_of_what_one_agent_changes_few_are_shown_at_once_and_anothers_beside_them() -> None:
    """Who asks and takes back without end must not have all of a worker's jobs."""
    channel = SlowShowing()
    async with FakeAsyncRedis(decode_responses=True) as redis:
        store, log = RedisEscalationStore(redis, Keys()), RedisPostingLog(redis, Keys())
        concluding = Concluding(store, log, channel, heard_until=never)

        async def taken_back(agent: str, number: int) -> str:
            asked = (await store.accept(an_ask(f"{agent} {number}?", agent=agent))).escalation
            outcome = an_outcome(asked, State.CANCELLED, at=asked.created_at)
            await store.conclude(asked.id, outcome)
            return asked.id

        flood = [await taken_back("flood", number) for number in range(AT_ONCE + 1)]
        calm = await taken_back("calm", 0)
        async with asyncio.timeout(10), asyncio.TaskGroup() as group:
            for each in flood[:AT_ONCE]:
                group.create_task(concluding.show_outcome(each))
            await channel.until(AT_ONCE)
            with pytest.raises(CrowdedError):
                await concluding.show_outcome(flood[AT_ONCE])
            group.create_task(concluding.show_outcome(calm))
            await channel.until(AT_ONCE + 1)
            channel.go_on.set()
        await concluding.show_outcome(flood[AT_ONCE])
        assert len(channel.under_way) == AT_ONCE + 2
        assert await log.unshown_score(flood[AT_ONCE]) is None

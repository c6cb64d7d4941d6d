"""How many questions a worker posts at once: of one agent, and on one route."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Any, cast

import pytest
from arq import Retry
from arq.constants import in_progress_key_prefix
from fakeredis import FakeAsyncRedis
from support.make import a_posting, an_ask, an_outcome

from escalation_worker.concluding import Concluding
from escalation_worker.escalating import Escalating
from escalation_worker.jobs import Jobs
from escalation_worker.posting import PostingDesk
from escalation_worker.turns import AT_ONCE, COMING_BACK, CrowdedError, Turns
from shared.escalation import Escalation, News, Posting, State
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


class NoPolicy:
    """Follows no question's policy."""

    async def follow(self, escalation_id: str) -> None:
        pass


async def never(_: str) -> datetime | None:
    """Hear nobody."""
    return None


async def ids(store: MemoryEscalations, agent: str, count: int) -> list[str]:
    """Let an agent ask so many questions."""
    asks = [an_ask(f"{agent} {number}?", agent=agent) for number in range(count)]
    return [(await store.accept(each)).escalation.id for each in asks]


async def questions(agents: Iterable[str], route: str) -> list[Escalation]:
    """Let each of the agents ask one question, as often as it is named."""
    store = MemoryEscalations()
    asks = [an_ask(f"{number}?", agent=agent, route=route) for number, agent in enumerate(agents)]
    return [(await store.accept(each)).escalation for each in asks]


def taken(stack: ExitStack, turns: Turns, asked: list[Escalation]) -> list[str]:
    """Take a turn for each that may have one; tell whose they were."""
    having: list[str] = []
    for each in asked:
        try:
            stack.enter_context(turns.of(each))
        except CrowdedError:
            continue
        having.append(each.agent)
    return having


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


async def test_many_agents_on_a_slow_route_leave_jobs_for_what_is_posted_elsewhere() -> None:
    store, channel = MemoryEscalations(), SlowChannel()
    desk = PostingDesk(store, store, channel, turns=Turns(jobs=50))
    asked = [each for number in range(13) for each in await ids(store, f"agent {number}", AT_ONCE)]
    ask = an_ask("elsewhere?", agent="agent 0", route="billing")
    elsewhere = (await store.accept(ask)).escalation.id
    async with asyncio.timeout(10):
        posting = [asyncio.create_task(desk.post(each)) for each in asked]
        ended = asyncio.gather(*posting, return_exceptions=True)
        await channel.until(22)
        last = asyncio.create_task(desk.post(elsewhere))
        await channel.until(23)
        assert channel.under_way[-1] == "elsewhere?"
        channel.go_on.set()
        crowded = [each for each in await ended if isinstance(each, CrowdedError)]
        await last
        assert len(crowded) == len(asked) - 22
        for each in asked:
            await desk.post(each)
    assert not store.unposted


async def test_the_last_turns_on_a_route_are_for_agents_that_have_none() -> None:
    turns, flooding = Turns(jobs=50), [f"flood {number}" for number in range(20)]
    flood = await questions([each for each in flooding for _ in range(AT_ONCE)], "slow")
    before, after = flood[: 5 * AT_ONCE], flood[5 * AT_ONCE :]
    calm = await questions(["calm"], "slow")
    with ExitStack() as stack:
        having = taken(stack, turns, before)
        assert having.count("flood 0") == AT_ONCE
        assert set(having) == set(flooding[:5])
        assert taken(stack, turns, before) == [], "each has what it may have of a route this full"
        assert taken(stack, turns, calm) == ["calm"]
        taken(stack, turns, after)
        assert taken(stack, turns, await questions(["late"], "slow")) == [], "it is full"
    with ExitStack() as stack:
        assert taken(stack, turns, before) == having, "all were given back"


@pytest.mark.parametrize("jobs", [8, 50, 200])
async def test_however_many_routes_are_slow_some_jobs_are_for_no_posting(jobs: int) -> None:
    turns, agents = Turns(jobs=jobs), [str(number) for number in range(120)]
    each_has: list[int] = []
    with ExitStack() as stack:
        for number in range(20):
            asked = await questions(agents, f"slow {number}")
            each_has.append(len(taken(stack, turns, asked)))
    assert 0 < sum(each_has) <= jobs - jobs // 8
    assert each_has[0] <= jobs // 2
    assert each_has[1] > 0


async def test_a_worker_of_one_job_posts() -> None:
    turns = Turns(jobs=1)
    first, second = await questions(["a", "b"], "only")
    with turns.of(first), pytest.raises(CrowdedError), turns.of(second):
        raise AssertionError("there is one job")
    with turns.of(second):
        pass


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


@dataclass(slots=True)
class Queue:
    """Questions that come back when they are to, on a clock of their own, to one worker."""

    now: float = 0.0
    tries: int = 0
    due: list[tuple[float, int, Escalation]] = field(default_factory=list[Any])

    def send_away(self, asked: Escalation, seconds: float) -> None:
        """Have a question come so many seconds later."""
        heappush(self.due, (self.now + seconds, next(_NUMBERS), asked))

    def posted_by(self, turns: Turns, seconds: float) -> Iterable[tuple[float, Escalation]]:
        """Let each that comes take a turn, of which one ends in so many seconds, in their order."""
        ends = 0.0
        given: list[tuple[float, int, ExitStack]] = []
        while self.due:
            self.now, _, asked = heappop(self.due)
            while given and given[0][0] <= self.now:
                heappop(given)[2].close()
            self.tries += 1
            turn = ExitStack()
            try:
                turn.enter_context(turns.of(asked))
            except CrowdedError as error:
                self.send_away(asked, error.retry_after.total_seconds())
                continue
            ends = max(ends, self.now) + seconds
            heappush(given, (ends, next(_NUMBERS), turn))
            yield ends, asked


_NUMBERS = itertools.count()


@pytest.mark.parametrize("waiting", [10, 40, 300])
async def test_a_slow_channel_is_hardly_ever_idle_and_the_worker_hardly_busy(waiting: int) -> None:
    queue = Queue()
    turns = Turns(seconds=lambda: queue.now)
    for each in await questions(["flood"] * waiting, "slow"):
        queue.send_away(each, 0)
    last = max(end for end, _ in queue.posted_by(turns, seconds=1.0))
    assert last < 1.1 * waiting + 1, "as many seconds as there are messages"
    assert queue.tries < 1.5 * COMING_BACK * last + 4 * waiting


async def test_however_many_agents_flood_a_slow_channel_the_worker_is_hardly_busy() -> None:
    queue = Queue()
    turns = Turns(seconds=lambda: queue.now)
    for each in await questions([f"flood {number % 10}" for number in range(2_500)], "slow"):
        queue.send_away(each, 0)
    posted = 0
    for _ in queue.posted_by(turns, seconds=1.0):
        posted += 1
        if queue.now > 60:
            break
    assert posted >= 60, "as many as seconds have passed"
    came_at_first = 2_500
    # Those who came first shared what may come back among fewer, and are back the sooner for it.
    assert queue.tries - came_at_first < 2 * COMING_BACK * queue.now


async def test_who_waits_with_few_of_its_own_is_not_away_for_as_long_as_who_waits_with_many() -> (
    None
):
    clock = 0.0
    turns, flood = Turns(seconds=lambda: clock), await questions(["flood"] * 600, "slow")
    calm = await questions(["calm"] * (AT_ONCE + 1), "slow")
    away: dict[str, list[float]] = {"flood": [], "calm": []}
    with ExitStack() as stack:
        for each in (*flood, *calm):
            try:
                stack.enter_context(turns.of(each))
            except CrowdedError as error:
                away[each.agent].append(error.retry_after.total_seconds())
    assert max(away["calm"]) <= 1.5 * 0.25
    assert max(away["flood"]) > 5
    assert max(away["flood"]) <= 1.5 * 600 / (COMING_BACK / 2), "its share is one of two"
    clock = 60.0
    with ExitStack() as stack:
        for each in flood[:AT_ONCE]:
            stack.enter_context(turns.of(each))
        with pytest.raises(CrowdedError) as crowded, turns.of(flood[-1]):
            raise AssertionError("there is no turn left")
    assert crowded.value.retry_after <= timedelta(seconds=1.5 * 0.25), "the others are long back"


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


async def test_what_came_while_a_question_was_shown_is_shown_as_soon_as_that_is_done() -> None:
    channel = SlowShowing()
    async with FakeAsyncRedis(decode_responses=True) as redis:
        store, log = RedisEscalationStore(redis, Keys()), RedisPostingLog(redis, Keys())
        concluding = Concluding(store, log, channel, heard_until=never)
        jobs = Jobs(PostingDesk(store, log, channel), concluding, cast("Escalating", NoPolicy()))
        asked = (await store.accept(an_ask())).escalation
        await store.conclude(asked.id, an_outcome(asked, at=asked.created_at))
        async with asyncio.timeout(10), asyncio.TaskGroup() as group:
            first = {"job_id": await log.showing_job(asked.id), "job_try": 1}
            group.create_task(jobs.show_outcome(first, asked.id))
            await channel.until(1)
            await redis.set(f"{in_progress_key_prefix}{first['job_id']}", "1")
            await store.note_delivery(asked.id, News.OUTCOME)
            second = await log.showing_job(asked.id)
            for job_try, pause in ((1, 250), (2, 500), (100, 2_000)):
                with pytest.raises(Retry) as put_off:
                    await jobs.show_outcome({"job_id": second, "job_try": job_try}, asked.id)
                assert put_off.value.defer_score == pause
            await jobs.show_outcome(first, asked.id)
            channel.go_on.set()
        await jobs.show_outcome({"job_id": second, "job_try": 4}, asked.id)
        assert len(channel.under_way) == 2
        assert await log.unshown_score(asked.id) is None

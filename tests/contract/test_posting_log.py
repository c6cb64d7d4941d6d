"""The sweep, on fakeredis and on the real server."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, cast

import pytest
from arq.constants import in_progress_key_prefix, job_key_prefix
from fakeredis import FakeAsyncRedis
from redis.asyncio import Redis
from support.clock import SteppedClock
from support.key_checker import leaking_keys
from support.make import JON, MAYA, a_posting, a_remark, an_ask, an_outcome

from shared.escalation import CLAIM_SOURCES_LIMIT, Claim, Escalation, News, State
from shared.ports.postings import Work
from shared.redis_adapter.connection import open_client
from shared.redis_adapter.discussion import RedisDiscussion
from shared.redis_adapter.keys import Keys
from shared.redis_adapter.posting import RedisPostingLog
from shared.redis_adapter.records import to_ms
from shared.redis_adapter.scripts import source
from shared.redis_adapter.store import RedisEscalationStore
from shared.settings import StoreSettings


@dataclass(frozen=True, slots=True)
class Place:
    """The store and the log on one server."""

    redis: Redis
    keys: Keys
    store: RedisEscalationStore
    log: RedisPostingLog
    clock: SteppedClock

    async def jobs(self) -> list[str]:
        """List the ids in the queue, without those that expire questions."""
        ids: list[str] = await self.redis.zrange(self.keys.queue, 0, -1)
        return [each for each in ids if ":expire:" not in each]

    async def ask(self) -> Escalation:
        """Accept a question, a while ago."""
        escalation = (await self.store.accept(an_ask())).escalation
        self.clock.advance(seconds=10)
        return escalation


@pytest.fixture(params=["fakeredis", "valkey"])
async def place(request: pytest.FixtureRequest, keys: Keys) -> AsyncGenerator[Place]:
    """Build both on one kind of server."""
    clock = SteppedClock()
    settings: StoreSettings = request.getfixturevalue("store_settings")
    fake = request.param == "fakeredis"
    async with FakeAsyncRedis(decode_responses=True) if fake else open_client(settings) as redis:
        yield Place(
            redis,
            keys,
            RedisEscalationStore(redis, keys, clock=clock),
            RedisPostingLog(redis, keys, clock=clock),
            clock,
        )
        assert not await leaking_keys(redis, keys)


async def test_a_job_that_waits_for_its_turn_or_its_next_try_is_not_doubled(place: Place) -> None:
    escalation = await place.ask()
    before = await place.jobs()
    for _ in range(5):
        lease = await place.log.lease(escalation.id)  # a try that fails and gives its lease back
        await place.log.release(lease)
        assert await place.log.requeue(Work.POSTING) == 0
    assert await place.jobs() == before
    assert len(before) == 1


async def test_a_question_whose_worker_died_is_queued_again_under_another_id_once(
    place: Place,
) -> None:
    await place.ask()
    (dead,) = await place.jobs()
    await place.redis.set(in_progress_key_prefix + dead, "1", ex=70)
    assert await place.log.requeue(Work.POSTING) == 1
    assert await place.log.requeue(Work.POSTING) == 0
    assert len(set(await place.jobs())) == 2


@pytest.mark.parametrize("waiting", [5, 6, 7])
async def test_a_dead_workers_question_is_queued_again_behind_however_many_wait_for_their_turn(
    place: Place, monkeypatch: pytest.MonkeyPatch, waiting: int
) -> None:
    monkeypatch.setattr("shared.redis_adapter.posting.LOOKED_AT", 3)
    for number in range(waiting):
        await place.store.accept(an_ask(f"flood {number}"))
    before = await place.jobs()
    await place.ask()
    (dead,) = set(await place.jobs()) - set(before)
    await place.redis.set(in_progress_key_prefix + dead, "1", ex=70)
    assert await place.log.requeue(Work.POSTING) == 1
    again = set(await place.jobs()) - {*before, dead}
    assert len(again) == 1
    assert again.pop().rpartition(":")[0] == dead.rpartition(":")[0]


async def test_what_expired_is_swept_off_a_list_behind_however_many_wait_for_their_turn(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.redis_adapter.posting.LOOKED_AT", 3)
    for number in range(7):
        await place.store.accept(an_ask(f"flood {number}"))
    expired = await place.ask()
    await place.redis.delete(place.keys.record(expired.id))
    assert await place.log.requeue(Work.POSTING) == 0
    assert await place.redis.zcard(place.keys.unposted) == 7


async def test_a_question_under_lease_is_left_alone(place: Place) -> None:
    escalation = await place.ask()
    (job,) = await place.jobs()
    await place.redis.set(in_progress_key_prefix + job, "1", ex=70)
    await place.log.lease(escalation.id)
    assert await place.log.requeue(Work.POSTING) == 0


async def test_a_posted_question_is_swept_off_the_list(place: Place) -> None:
    escalation = await place.ask()
    await place.log.note_posting(escalation.id, a_posting(), complete=True)
    assert await place.redis.zcard(place.keys.unposted) == 0
    assert await place.log.requeue(Work.POSTING) == 0


async def test_an_outcome_that_nobody_shows_is_queued_again_until_it_is_shown(
    place: Place,
) -> None:
    escalation = await place.ask()
    await place.store.conclude(escalation.id, an_outcome(escalation, at=place.clock.now))
    place.clock.advance(seconds=10)
    assert await place.log.requeue(Work.SHOWING) == 0, "its first job still waits"
    show = next(job for job in await place.jobs() if ":show_outcome:" in job)
    await place.redis.set(in_progress_key_prefix + show, "1", ex=70)
    assert await place.log.requeue(Work.SHOWING) == 1
    score = await place.log.unshown_score(escalation.id)
    assert score is not None
    await place.log.shown(escalation.id, score)
    assert await place.log.unshown_score(escalation.id) is None


async def test_what_came_new_while_an_outcome_was_shown_is_still_to_be_shown(
    place: Place,
) -> None:
    escalation = await place.ask()
    timed_out = an_outcome(escalation, State.TIMED_OUT, at=place.clock.now, source=None)
    await place.store.conclude(escalation.id, timed_out)
    score = await place.log.unshown_score(escalation.id)
    assert score is not None
    place.clock.advance(seconds=1)
    await place.store.keep_late_answer(escalation.id, an_outcome(escalation, at=place.clock.now))
    await place.log.shown(escalation.id, score)
    assert await place.log.unshown_score(escalation.id) is not None


async def test_however_much_is_said_of_a_question_one_job_waits_to_show_it(place: Place) -> None:
    escalation = await place.ask()
    discussion = RedisDiscussion(place.redis, place.keys, clock=place.clock)

    async def say(number: int) -> None:
        place.clock.advance(seconds=1)
        remark = a_remark(at=place.clock.now, source=f"said:{number}")
        told = await discussion.remark(escalation.id, remark)
        assert told is not None
        assert told.applied

    async def showings() -> set[str]:
        return {each for each in await place.jobs() if ":show_outcome:" in each}

    for number in range(10):
        await say(number)
    (first,) = await showings()
    await place.redis.set(in_progress_key_prefix + first, "1", ex=70)
    for number in range(10, 20):
        await say(number)
    both = await showings()
    assert len(both - {first}) == 1, "one that is under way may not show it"
    await place.store.conclude(escalation.id, an_outcome(escalation, at=place.clock.now))
    assert await showings() == both


async def test_a_job_that_was_put_off_comes_at_once_where_there_is_more_to_show(
    place: Place,
) -> None:
    escalation = await place.ask()
    discussion = RedisDiscussion(place.redis, place.keys, clock=place.clock)
    await discussion.remark(escalation.id, a_remark(at=place.clock.now, source="said:1"))
    show = next(each for each in await place.jobs() if ":show_outcome:" in each)
    later = to_ms(place.clock.now) + 15_000
    await place.redis.zadd(place.keys.queue, {show: later})
    await discussion.remark(escalation.id, a_remark(at=place.clock.now, source="said:2"))
    assert await place.redis.zscore(place.keys.queue, show) == to_ms(place.clock.now)
    place.clock.advance(seconds=5)
    await discussion.remark(escalation.id, a_remark(at=place.clock.now, source="said:3"))
    assert await place.redis.zscore(place.keys.queue, show) == to_ms(place.clock.now) - 5_000


def test_the_scripts_name_arqs_keys_as_arq_does() -> None:
    script = source("requeue")
    assert f"'{job_key_prefix}' .. job_id" in script
    assert f"'{in_progress_key_prefix}' .. job_id" in script


async def test_open_questions_past_their_deadline_are_overdue(place: Place) -> None:
    escalation = await place.ask()
    assert await place.log.overdue() == []
    place.clock.advance(seconds=600)
    assert await place.log.overdue() == [escalation.id]


async def test_a_question_is_overdue_also_behind_hundreds_that_cannot_be_ended_yet(
    place: Place,
) -> None:
    before = to_ms(place.clock.now)
    await place.redis.zadd(place.keys.open, {f"unheard{number}": before for number in range(600)})
    escalation = await place.ask()
    place.clock.advance(seconds=600)
    assert escalation.id in await place.log.overdue()


async def test_only_a_question_whose_record_is_gone_is_forgotten(place: Place) -> None:
    escalation = await place.ask()
    place.clock.advance(seconds=600)
    # A server that was replaced meanwhile may have said that there is no such record.
    await place.log.forget(escalation.id)
    assert await place.log.overdue() == [escalation.id]
    await place.redis.delete(place.keys.record(escalation.id))
    await place.log.forget(escalation.id)
    assert await place.log.overdue() == []


async def test_a_delivery_is_shown_even_when_the_outcome_is_being_shown_at_that_moment(
    place: Place,
) -> None:
    escalation = await place.ask()
    await place.store.conclude(escalation.id, an_outcome(escalation, at=place.clock.now))
    being_shown = await place.log.unshown_score(escalation.id)
    assert being_shown is not None
    await place.store.note_delivery(escalation.id, News.OUTCOME)
    await place.log.shown(escalation.id, being_shown)
    due = await place.log.unshown_score(escalation.id)
    assert due is not None, "the showing that ended knew nothing of the delivery"
    await place.log.shown(escalation.id, due)
    await place.store.note_delivery(escalation.id, News.OUTCOME)
    assert await place.log.unshown_score(escalation.id) is None, "there is nothing new to show"


async def test_a_question_that_is_asked_back_before_people_see_it_is_queued_again(
    place: Place,
) -> None:
    escalation = await place.ask()
    (dead,) = await place.jobs()
    await place.redis.set(in_progress_key_prefix + dead, "1", ex=70)
    discussion = RedisDiscussion(place.redis, place.keys, clock=place.clock)
    await discussion.remark(escalation.id, a_remark(at=place.clock.now))
    assert await place.log.requeue(Work.POSTING) == 1
    assert await place.redis.zscore(place.keys.unposted, escalation.id) is not None
    await place.log.note_posting(escalation.id, a_posting(), complete=True)
    assert await place.redis.zcard(place.keys.unposted) == 0
    assert await place.redis.zscore(place.keys.looks, escalation.id) is not None


async def test_what_was_said_before_people_see_a_question_is_to_be_shown_once_they_do(
    place: Place,
) -> None:
    now = place.clock.now
    discussion = RedisDiscussion(place.redis, place.keys, clock=place.clock)
    given, asked, left, claimed, silent = [
        (await place.store.accept(an_ask(each))).escalation for each in "abcde"
    ]
    await discussion.claim(given.id, Claim(by=JON, at=now, assigned_by=MAYA))
    await discussion.remark(asked.id, a_remark(at=now))
    await place.store.note_caller(left.id, gone=True)
    await discussion.claim(claimed.id, Claim(by=JON, at=now))
    for number, each in enumerate((given, asked, left, claimed, silent)):
        score = await place.log.unshown_score(each.id)
        if score is not None:
            await place.log.shown(each.id, score)  # to nobody: there is no place yet
        posting = a_posting(f"900{number}")
        await place.log.note_posting(each.id, posting, complete=False)
        assert await place.log.unshown_score(each.id) is None, "there is no thread yet"
        await place.log.note_posting(each.id, posting, complete=True)
    told = [await place.log.unshown_score(each.id) for each in (given, asked, left)]
    assert None not in told
    for each in (claimed, silent):  # the message itself says who is on it
        assert await place.log.unshown_score(each.id) is None


async def test_claims_and_releases_do_not_make_a_record_grow(place: Place) -> None:
    escalation, now = await place.ask(), place.clock.now
    discussion = RedisDiscussion(place.redis, place.keys, clock=place.clock)
    sizes: list[int] = []
    for number in range(2 * CLAIM_SOURCES_LIMIT):
        claim = Claim(by=MAYA, at=now, source=str(10**18 + number))
        await discussion.claim(escalation.id, claim)
        await discussion.release(escalation.id, MAYA.id, source=str(2 * 10**18 + number))
        if number in {0, CLAIM_SOURCES_LIMIT, 2 * CLAIM_SOURCES_LIMIT - 1}:
            record = await cast("Any", place.redis).hgetall(place.keys.record(escalation.id))
            sizes.append(len(record))
    assert len(set(sizes)) == 1
    redis = cast("Any", place.redis)
    kept = cast("str", await redis.hget(place.keys.record(escalation.id), "claim_sources"))
    assert len(kept.split()) == CLAIM_SOURCES_LIMIT

"""How far a policy has come, on memory and on Redis; and the looks at it, on Redis."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, cast

import pytest
from arq.constants import in_progress_key_prefix
from fakeredis import FakeAsyncRedis
from support.clock import SteppedClock
from support.key_checker import leaking_keys
from support.make import JON, MAYA, a_posting, a_remark, an_ask, an_outcome

from contract.conftest import Backend
from shared.escalation import Claim, Escalation, PolicyProgress, State, TierReached
from shared.ports.postings import Work
from shared.redis_adapter.connection import open_client
from shared.redis_adapter.keys import Keys
from shared.redis_adapter.policies import RedisPolicyLog
from shared.redis_adapter.posting import RedisPostingLog
from shared.redis_adapter.store import RedisEscalationStore
from shared.settings import StoreSettings


async def posted(backend: Backend) -> Escalation:
    """Accept a question that people can see."""
    escalation = (await backend.store.accept(an_ask())).escalation
    await backend.log.note_posting(escalation.id, a_posting(), complete=True)
    return await read(backend, escalation)


async def read(backend: Backend, escalation: Escalation) -> Escalation:
    """Read a question as it stands."""
    found = await backend.store.get(escalation.id)
    assert found is not None
    return found


def a_step(found: Escalation, backend: Backend) -> PolicyProgress:
    """Make the note of one step more: somebody was notified."""
    now = backend.clock.now.replace(microsecond=0)
    tier = TierReached(1, now, frozenset({"user:1", "role:9"}), now, 2)
    return PolicyProgress(steps=found.progress.steps + 1, calls=3, tier=tier)


async def test_a_step_is_noted_once_and_read_back_as_it_was(backend: Backend) -> None:
    found = await posted(backend)
    assert found.progress == PolicyProgress()
    tries = [await backend.policies.note_progress(found, a_step(found, backend)) for _ in range(2)]
    assert [each.applied for each in tries if each] == [True, False]
    now = await read(backend, found)
    assert now.progress == a_step(found, backend)
    second = await backend.policies.note_progress(now, a_step(now, backend))
    assert second is not None
    assert (second.applied, second.escalation.progress.steps) == (True, 2)


async def test_an_open_question_is_shown_anew_and_one_that_has_ended_is_not(
    backend: Backend,
) -> None:
    escalation = await posted(backend)
    assert await backend.policies.show_again(escalation.id)
    assert await read(backend, escalation) == escalation, "nothing about itself has changed"
    await end(backend, escalation)
    assert not await backend.policies.show_again(escalation.id)
    assert not await backend.policies.show_again("01UNKNOWN")


async def claim(backend: Backend, escalation: Escalation) -> None:
    await backend.discussion.claim(escalation.id, Claim(by=MAYA, at=backend.clock.now))


async def ask_back(backend: Backend, escalation: Escalation) -> None:
    await backend.discussion.remark(escalation.id, a_remark(at=backend.clock.now))


async def end(backend: Backend, escalation: Escalation) -> None:
    await backend.store.conclude(escalation.id, an_outcome(escalation, at=backend.clock.now))


@pytest.mark.parametrize("change", [claim, ask_back, end])
async def test_a_step_is_refused_where_the_record_is_not_as_it_was_found(
    backend: Backend, change: Callable[[Backend, Escalation], Awaitable[None]]
) -> None:
    found = await posted(backend)
    await change(backend, found)
    noted = await backend.policies.note_progress(found, a_step(found, backend))
    assert noted is not None
    assert not noted.applied
    assert noted.escalation == await read(backend, found)
    assert noted.escalation.progress == PolicyProgress()


async def test_a_claim_ends_with_its_step_and_another_ones_claim_does_not(
    backend: Backend,
) -> None:
    escalation = await posted(backend)
    await claim(backend, escalation)
    found = await read(backend, escalation)
    await backend.discussion.claim(
        escalation.id, Claim(by=JON, at=backend.clock.now), take_over=True
    )
    refused = await backend.policies.note_progress(found, a_step(found, backend), release=True)
    assert refused is not None
    assert not refused.applied
    found = await read(backend, escalation)
    noted = await backend.policies.note_progress(found, a_step(found, backend), release=True)
    assert noted is not None
    assert noted.applied
    assert (noted.escalation.claim, noted.escalation.state) == (None, State.POSTED)


async def test_a_claim_that_was_kept_up_since_is_not_released(backend: Backend) -> None:
    escalation = await posted(backend)
    await claim(backend, escalation)
    found = await read(backend, escalation)
    # Every millisecond is compared as it was written.
    for seconds in (10, 20.001, 30.57, 40.999):
        at = (backend.clock.now + timedelta(seconds=seconds)).replace(microsecond=0)
        at += timedelta(milliseconds=round(seconds % 1 * 1000))
        await backend.discussion.keep_claim(escalation.id, MAYA.id, at)
        late = await backend.policies.note_progress(found, a_step(found, backend), release=True)
        assert late is not None
        assert not late.applied
        assert late.escalation.claim_kept_at == at
        found = await read(backend, escalation)
        noted = await backend.policies.note_progress(found, a_step(found, backend))
        assert noted is not None
        assert noted.applied
        found = noted.escalation
    noted = await backend.policies.note_progress(found, a_step(found, backend), release=True)
    assert noted is not None
    assert (noted.applied, noted.escalation.claim) == (True, None)


async def test_nothing_is_noted_of_a_question_that_is_not_kept(backend: Backend) -> None:
    found = await posted(backend)
    unknown = found.model_copy(update={"id": "01UNKNOWN"})
    assert await backend.policies.note_progress(unknown, a_step(found, backend)) is None


@pytest.mark.parametrize("server", ["fakeredis", "valkey"])
async def test_a_look_that_was_lost_is_queued_again_and_none_is_put_off(
    server: str, keys: Keys, store_settings: StoreSettings
) -> None:
    clock, fake = SteppedClock(), server == "fakeredis"
    async with (
        FakeAsyncRedis(decode_responses=True) if fake else open_client(store_settings)
    ) as redis:
        store = RedisEscalationStore(redis, keys, clock=clock)
        log = RedisPostingLog(redis, keys, clock=clock)
        policies = RedisPolicyLog(redis, keys, clock=clock)
        asked = (await store.accept(an_ask())).escalation
        await log.note_posting(asked.id, a_posting(), complete=True)
        clock.advance(seconds=10)
        assert await log.requeue(Work.POLICY) == 1, "whoever posted it died before its first step"

        await policies.look_again(asked.id, clock.now + timedelta(seconds=30))
        await policies.look_again(asked.id, clock.now + timedelta(seconds=300))
        await policies.look_again(asked.id, None)
        due = await redis.zscore(keys.looks, asked.id)
        assert due == pytest.approx((clock.now.timestamp() + 30) * 1000, abs=2)
        assert await log.requeue(Work.POLICY) == 0, "it is still to come"
        clock.advance(seconds=40)
        assert await log.requeue(Work.POLICY) == 0, "its job waits for its turn"
        job = await cast("Any", redis).hget(keys.record(asked.id), "policy_job")
        await redis.set(f"{in_progress_key_prefix}{job}", "1", ex=70)
        assert await log.requeue(Work.POLICY) == 1

        await store.conclude(asked.id, an_outcome(asked, at=clock.now))
        await policies.look_again(asked.id, clock.now + timedelta(seconds=30))
        assert await redis.zcard(keys.looks) == 0, "nobody looks at what has ended"
        assert not await leaking_keys(redis, keys)

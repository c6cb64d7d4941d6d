"""Whether anybody waits for an answer."""

from __future__ import annotations

from datetime import datetime

import pytest
from support.make import MAYA, a_posting, an_ask, an_outcome

from contract.conftest import Backend
from shared.escalation import FINAL_STATES, Claim, Escalation, State
from shared.redis_adapter.posting import RedisPostingLog


async def posted(backend: Backend) -> Escalation:
    """Accept a question that people can see."""
    escalation = (await backend.store.accept(an_ask(conversation_id="c1"))).escalation
    await backend.log.note_posting(escalation.id, a_posting(), complete=True)
    return escalation


def now_of(backend: Backend) -> datetime:
    """Tell the time as it is kept, in whole milliseconds."""
    now = backend.clock.now
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


async def caller(
    backend: Backend, escalation: Escalation, *, gone: bool
) -> tuple[bool, Escalation]:
    """Note that the caller has gone or is back; tell whether it was noted, and how it stands."""
    noted = await backend.store.note_caller(escalation.id, gone=gone)
    assert noted is not None
    assert not noted.fenced
    assert noted.escalation == await backend.store.get(escalation.id)
    return noted.applied, noted.escalation


async def test_a_caller_who_has_gone_leaves_the_question_open_and_is_noted_once(
    backend: Backend,
) -> None:
    escalation = await posted(backend)
    assert (escalation.caller_gone_at, escalation.departures) == (None, 0)
    left_at = now_of(backend)
    applied, gone = await caller(backend, escalation, gone=True)
    assert (applied, gone.state, gone.caller_gone_at) == (True, State.POSTED, left_at)
    backend.clock.advance(seconds=5)
    again, still = await caller(backend, escalation, gone=True)
    assert (again, still.caller_gone_at, still.departures) == (False, left_at, 1)


async def test_a_caller_comes_back_once_and_may_go_again(backend: Backend) -> None:
    escalation = await posted(backend)
    never_gone, _ = await caller(backend, escalation, gone=False)
    await caller(backend, escalation, gone=True)
    applied, back = await caller(backend, escalation, gone=False)
    again, _ = await caller(backend, escalation, gone=False)
    assert (never_gone, applied, again) == (False, True, False)
    assert (back.caller_gone_at, back.departures) == (None, 1)
    backend.clock.advance(seconds=5)
    _, gone = await caller(backend, escalation, gone=True)
    assert (gone.caller_gone_at, gone.departures) == (now_of(backend), 2)


async def test_the_question_of_a_caller_who_has_gone_is_answered_as_any_other(
    backend: Backend,
) -> None:
    escalation = await posted(backend)
    _, gone = await caller(backend, escalation, gone=True)
    claimed = await backend.discussion.claim(escalation.id, Claim(by=MAYA, at=backend.clock.now))
    assert claimed is not None
    assert claimed.applied
    outcome = an_outcome(escalation, at=backend.clock.now)
    ended = await backend.store.conclude(escalation.id, outcome)
    assert ended is not None
    assert ended.escalation.outcome == outcome
    assert ended.escalation.caller_gone_at == gone.caller_gone_at, "it says who has not heard it"
    assert await backend.waiter.wait(escalation.id, seconds=4) == outcome


@pytest.mark.parametrize("state", sorted(FINAL_STATES))
async def test_nothing_is_noted_of_the_caller_of_a_question_that_has_ended(
    backend: Backend, state: State
) -> None:
    escalation = await posted(backend)
    await backend.store.conclude(escalation.id, an_outcome(escalation, state, at=backend.clock.now))
    applied, ended = await caller(backend, escalation, gone=True)
    assert (applied, ended.caller_gone_at, ended.departures) == (False, None, 0)


async def test_nothing_is_noted_of_a_question_that_is_not_kept(backend: Backend) -> None:
    assert await backend.store.note_caller("01UNKNOWN", gone=True) is None


async def test_people_are_told_of_each_change_and_of_nothing_else(backend: Backend) -> None:
    escalation = await posted(backend)
    if not isinstance(backend.log, RedisPostingLog):
        pytest.skip("in memory nothing is queued")
    scores: list[int | None] = []
    for gone in (True, True, False, False):
        await caller(backend, escalation, gone=gone)
        scores.append(await backend.log.unshown_score(escalation.id))
    went, twice, came, again = scores
    assert went is not None
    assert came is not None
    assert (went, came) == (twice, again)
    assert went < came


async def test_more_than_a_hundred_open_questions_are_listed_where_so_many_are_wanted(
    backend: Backend,
) -> None:
    for number in range(105):
        await backend.store.accept(an_ask(f"Number {number}?", conversation_id="c1"))
    assert len(await backend.store.list_for_tenant("shop", conversation_id="c1", most=104)) == 104
    assert len(await backend.store.list_for_tenant("shop", conversation_id="c1", most=1000)) == 105

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
from support.make import JON, MAYA, a_posting, a_remark, a_vote, an_ask, an_outcome

from contract.conftest import Backend
from shared.escalation import (
    CLAIM_KEPT_EVERY,
    CLAIM_SOURCES_LIMIT,
    REMARKS_LIMIT,
    Author,
    Claim,
    Escalation,
    State,
)
from shared.ports.hold import Hold


async def posted(backend: Backend) -> Escalation:
    """Accept a question that people can see."""
    escalation = (await backend.store.accept(an_ask())).escalation
    await backend.log.note_posting(escalation.id, a_posting(), complete=True)
    return escalation


async def test_what_is_asked_back_wakes_the_waiters_until_the_agent_has_replied(
    backend: Backend,
) -> None:
    escalation = await posted(backend)
    asked = a_remark(at=backend.clock.now)
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        waits = [group.create_task(backend.waiter.wait(escalation.id, seconds=4)) for _ in range(2)]
        noted = await backend.discussion.remark(escalation.id, asked)
    assert [wait.result() for wait in waits] == [asked] * 2
    assert noted is not None
    assert noted.escalation.state is State.NEEDS_INFO
    assert await backend.waiter.wait(escalation.id, seconds=4) == asked, "still unanswered"

    told = a_remark(Author.AGENT, at=backend.clock.now, text="Large.", source="r2")
    replied = await backend.discussion.remark(escalation.id, told)
    assert replied is not None
    assert replied.escalation.state is State.POSTED
    assert replied.escalation.remarks == (asked, told)
    assert await backend.waiter.wait(escalation.id, seconds=0.05) is None
    outcome = an_outcome(escalation, at=backend.clock.now)
    await backend.store.conclude(escalation.id, outcome)
    assert await backend.waiter.wait(escalation.id, seconds=4) == outcome


async def test_a_remark_is_made_once_and_not_after_the_end(backend: Backend) -> None:
    escalation = await posted(backend)
    asked = a_remark(at=backend.clock.now)
    tries = [await backend.discussion.remark(escalation.id, asked) for _ in range(2)]
    assert [each.applied for each in tries if each] == [True, False]
    outcome = an_outcome(escalation, at=backend.clock.now)
    await backend.store.conclude(escalation.id, outcome)
    late = await backend.discussion.remark(
        escalation.id, a_remark(at=backend.clock.now, source="r2")
    )
    assert late is not None
    assert not late.applied
    assert late.escalation.remarks == (asked,)
    assert await backend.waiter.wait(escalation.id, seconds=4) == outcome, "the outcome counts more"
    assert await backend.discussion.remark("01UNKNOWN", asked) is None


async def test_remarks_have_a_limit(backend: Backend) -> None:
    escalation = await posted(backend)
    for number in range(REMARKS_LIMIT + 1):
        noted = await backend.discussion.remark(
            escalation.id, a_remark(at=backend.clock.now, source=f"r{number}")
        )
        assert noted is not None
        assert noted.applied == (number < REMARKS_LIMIT)


async def test_one_person_at_a_time_is_on_a_question(backend: Backend) -> None:
    escalation, now = await posted(backend), backend.clock.now
    mayas, jons = Claim(by=MAYA, at=now), Claim(by=JON, at=now)
    discussion = backend.discussion

    first = await discussion.claim(escalation.id, mayas)
    again = await discussion.claim(escalation.id, mayas)
    refused = await discussion.claim(escalation.id, jons)
    not_his = await discussion.release(escalation.id, JON.id)
    assert [each.applied for each in (first, again, refused, not_his) if each] == [
        True,
        False,
        False,
        False,
    ]
    assert refused is not None
    assert refused.escalation.claim == mayas
    assert refused.escalation.state is State.CLAIMED

    taken_over = await discussion.claim(escalation.id, jons, take_over=True)
    assert taken_over is not None
    assert taken_over.escalation.claim == jons
    free = await discussion.release(escalation.id, None)
    assert free is not None
    assert (free.escalation.claim, free.escalation.state) == (None, State.POSTED)


async def test_a_claim_that_another_assigned_is_counted_and_replaces_any_other(
    backend: Backend,
) -> None:
    escalation, now = await posted(backend), backend.clock.now
    discussion = backend.discussion
    await discussion.claim(escalation.id, Claim(by=MAYA, at=now))
    given = Claim(by=JON, at=now, assigned_by=MAYA, source="s1")
    assigned = await discussion.claim(escalation.id, given, take_over=True)
    assert assigned is not None
    assert (assigned.applied, assigned.escalation.claim) == (True, given)
    assert assigned.escalation.assignments == 1
    again = given.model_copy(update={"source": "s2"})
    theirs = await discussion.claim(escalation.id, again, take_over=True)
    assert theirs is not None
    assert (theirs.applied, theirs.escalation.claim) == (False, given)
    await discussion.release(escalation.id, JON.id)
    anew = await discussion.claim(escalation.id, again, take_over=True)
    assert anew is not None
    assert (anew.applied, anew.escalation.assignments) == (True, 2)


async def test_what_came_by_one_source_is_done_once_however_late_it_comes_again(
    backend: Backend,
) -> None:
    escalation, now = await posted(backend), backend.clock.now
    discussion = backend.discussion
    claim = Claim(by=MAYA, at=now, source="s1")
    await discussion.claim(escalation.id, claim)
    await discussion.release(escalation.id, MAYA.id, source="s2")
    again = await discussion.claim(escalation.id, claim)
    assert again is not None
    assert (again.applied, again.escalation.claim) == (False, None)
    newer = claim.model_copy(update={"source": "s3"})
    await discussion.claim(escalation.id, newer)
    late = await discussion.release(escalation.id, MAYA.id, source="s2")
    assert late is not None
    assert (late.applied, late.escalation.claim) == (False, newer)


async def test_only_so_many_claims_and_releases_are_remembered_by_what_they_came_by(
    backend: Backend,
) -> None:
    escalation, now = await posted(backend), backend.clock.now
    discussion = backend.discussion

    async def claimed_by(source: str) -> bool:
        noted = await discussion.claim(escalation.id, Claim(by=MAYA, at=now, source=source))
        assert noted is not None
        await discussion.release(escalation.id, MAYA.id)  # the desk's, which is read once
        return noted.applied

    for number in range(CLAIM_SOURCES_LIMIT + 1):
        assert await claimed_by(f"s{number}")
    for number in range(1, CLAIM_SOURCES_LIMIT + 1):
        assert not await claimed_by(f"s{number}")
    assert await claimed_by("s0"), "which nobody delivers so late"
    assert await claimed_by("s"), "which is only a part of others"


async def test_only_who_is_on_it_keeps_their_claim_and_not_after_the_end(backend: Backend) -> None:
    escalation, now = await posted(backend), backend.clock.now.replace(microsecond=0)
    discussion = backend.discussion

    async def kept_by(person: str, *, seconds: int) -> tuple[bool, datetime | None]:
        at = now + timedelta(seconds=seconds)
        noted = await discussion.keep_claim(escalation.id, person, at)
        assert noted is not None
        return noted.applied, noted.escalation.claim_kept_at

    assert await kept_by(MAYA.id, seconds=1) == (False, None), "nobody is on it"
    await discussion.claim(escalation.id, Claim(by=MAYA, at=now))
    assert await kept_by(JON.id, seconds=2) == (False, None)
    first = now + timedelta(seconds=3)
    assert await kept_by(MAYA.id, seconds=3) == (True, first)
    assert await kept_by(MAYA.id, seconds=1) == (False, first), "heard late"
    assert await kept_by(MAYA.id, seconds=7) == (False, first), "as good as the same moment"
    again = first + CLAIM_KEPT_EVERY
    assert await kept_by(MAYA.id, seconds=8) == (True, again)
    await discussion.remark(escalation.id, a_remark(at=now))
    asked_back = now + timedelta(seconds=20)
    assert await kept_by(MAYA.id, seconds=20) == (True, asked_back)
    read = await backend.store.get(escalation.id)
    assert read is not None
    assert (read.claim_kept_at, read.claim) == (asked_back, Claim(by=MAYA, at=now))
    await backend.store.conclude(escalation.id, an_outcome(escalation, at=now))
    assert await kept_by(MAYA.id, seconds=40) == (False, asked_back)
    assert await discussion.keep_claim("01UNKNOWN", MAYA.id, now) is None


async def test_a_question_that_waits_for_the_agent_stays_its_claimants(backend: Backend) -> None:
    escalation, now = await posted(backend), backend.clock.now
    await backend.discussion.claim(escalation.id, Claim(by=MAYA, at=now))
    asked = await backend.discussion.remark(escalation.id, a_remark(at=now))
    assert asked is not None
    assert asked.escalation.state is State.NEEDS_INFO
    told = await backend.discussion.remark(
        escalation.id, a_remark(Author.AGENT, at=now, source="r2")
    )
    assert told is not None
    assert told.escalation.state is State.CLAIMED


@pytest.mark.parametrize("needed", [1, 2])
async def test_as_many_different_people_as_are_needed_approve(
    backend: Backend, needed: int
) -> None:
    escalation, now = await posted(backend), backend.clock.now
    outcome = an_outcome(escalation, at=now).model_copy(update={"approved": True})

    first = await backend.discussion.vote(escalation.id, a_vote(at=now), outcome, needed=needed)
    twice = await backend.discussion.vote(escalation.id, a_vote(at=now), outcome, needed=needed)
    assert first is not None
    assert twice is not None
    assert (first.applied, twice.applied) == (True, False)
    assert first.escalation.state.is_open == (needed == 2)
    if needed == 2:
        assert await backend.waiter.wait(escalation.id, seconds=0.05) is None
        second = await backend.discussion.vote(
            escalation.id, a_vote(JON, at=now), outcome, needed=needed
        )
        assert second is not None
        assert [each.by for each in second.escalation.votes] == [MAYA, JON]
    assert await backend.waiter.wait(escalation.id, seconds=4) == outcome


async def test_one_denial_denies(backend: Backend) -> None:
    escalation, now = await posted(backend), backend.clock.now
    yes = an_outcome(escalation, at=now).model_copy(update={"approved": True})
    no = yes.model_copy(update={"approved": False})
    await backend.discussion.vote(escalation.id, a_vote(at=now), yes, needed=2)
    denied = await backend.discussion.vote(
        escalation.id, a_vote(JON, at=now, approve=False), no, needed=2
    )
    assert denied is not None
    assert denied.escalation.outcome == no
    after = await backend.discussion.vote(escalation.id, a_vote(at=now), yes, needed=2)
    assert after is not None
    assert not after.applied


async def test_a_relieved_listener_changes_nothing(backend: Backend) -> None:
    escalation, now = await posted(backend), backend.clock.now
    old, new = backend.workers(2)
    held = await old.hold()
    assert held is not None
    await old.release()
    assert await new.hold() is not None
    relieved = Hold(held.slot, held.fence)
    discussion = backend.discussion
    outcome = an_outcome(escalation, at=now)
    acts = [
        await discussion.remark(escalation.id, a_remark(at=now), relieved),
        await discussion.claim(escalation.id, Claim(by=MAYA, at=now), relieved),
        await discussion.release(escalation.id, None, relieved),
        await discussion.vote(escalation.id, a_vote(at=now), outcome, relieved, needed=1),
        await discussion.keep_claim(escalation.id, MAYA.id, now, relieved),
    ]
    assert [(each.applied, each.fenced) for each in acts if each] == [(False, True)] * 5
    read = await backend.store.get(escalation.id)
    assert read is not None
    assert read.state is State.POSTED

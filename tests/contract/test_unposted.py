"""A question waits to be posted until people can see it, whatever is said of it before."""

from __future__ import annotations

import pytest
from support.make import JON, MAYA, a_posting, a_remark, a_vote, an_ask, an_outcome

from contract.conftest import Backend
from shared.escalation import Author, Claim, Escalation, State
from shared.ports.postings import LeaseVerdict


async def verdict_on(backend: Backend, escalation: Escalation) -> LeaseVerdict:
    """Ask for leave to post, and give it back."""
    lease = await backend.log.lease(escalation.id)
    await backend.log.release(lease)
    return lease.verdict


@pytest.mark.parametrize("started", [False, True])
async def test_what_is_said_of_a_question_that_nobody_sees_does_not_keep_it_from_being_posted(
    backend: Backend, started: bool
) -> None:
    escalation, now = (await backend.store.accept(an_ask())).escalation, backend.clock.now
    if started:
        await backend.log.note_posting(escalation.id, a_posting(), complete=False)
    discussion, outcome = backend.discussion, an_outcome(escalation, at=now)
    for act in (
        discussion.claim(escalation.id, Claim(by=MAYA, at=now, assigned_by=JON)),
        discussion.vote(escalation.id, a_vote(at=now), outcome, needed=2),
        discussion.remark(escalation.id, a_remark(at=now)),
        discussion.remark(escalation.id, a_remark(Author.AGENT, at=now, source="r2")),
    ):
        assert await act is not None
        assert await verdict_on(backend, escalation) is LeaseVerdict.GRANTED
    await backend.log.note_posting(escalation.id, a_posting(), complete=True)
    assert await verdict_on(backend, escalation) is LeaseVerdict.NOT_NEEDED


async def test_a_question_that_waits_for_its_agent_still_does_once_it_is_posted(
    backend: Backend,
) -> None:
    escalation = (await backend.store.accept(an_ask())).escalation
    await backend.discussion.remark(escalation.id, a_remark(at=backend.clock.now))
    state = await backend.log.note_posting(escalation.id, a_posting(), complete=True)
    assert state is State.NEEDS_INFO
    assert await verdict_on(backend, escalation) is LeaseVerdict.NOT_NEEDED


async def test_a_question_that_ended_is_not_posted_however_it_ended(backend: Backend) -> None:
    now = backend.clock.now
    answered, approved = [(await backend.store.accept(an_ask(each))).escalation for each in "ab"]
    await backend.discussion.remark(answered.id, a_remark(at=now))
    await backend.store.conclude(answered.id, an_outcome(answered, at=now))
    outcome = an_outcome(approved, at=now).model_copy(update={"approved": True})
    await backend.discussion.vote(approved.id, a_vote(at=now), outcome, needed=1)
    for escalation in (answered, approved):
        assert await verdict_on(backend, escalation) is LeaseVerdict.NOT_NEEDED

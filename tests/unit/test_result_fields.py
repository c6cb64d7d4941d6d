"""Whose word an outcome is, where it was given, when, and how long it took."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.clock import SteppedClock
from support.discord_views import structured
from support.make import JON, MAYA, a_correction, a_vote, an_ask, an_outcome

from customer_agent.gateway_client import Standing
from mcp_gateway.results.rendering import iso, render
from shared.escalation import ChannelKind, Escalation, Outcome, Provenance, State
from shared.memory.discussion import MemoryDiscussion
from shared.memory.escalations import MemoryEscalations

MAYA_TOLD = {"id": "111", "name": "Maya"}
JON_TOLD = {"id": "222", "name": "Jon"}
TOOK = 42.5
A_MOMENT = 0.002  # records are kept to the millisecond


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def store(clock: SteppedClock) -> MemoryEscalations:
    return MemoryEscalations(clock=clock)


def by_maya(asked: Escalation, state: State, clock: SteppedClock) -> Outcome:
    """Make an ending without a word that is a person's all the same."""
    ended = an_outcome(asked, state, at=clock(), text=None)
    person = {"provenance": Provenance.PERSON, "by": MAYA, "channel": ChannelKind.DESK}
    return ended.model_copy(update=person)


async def test_everybody_of_a_quorum_is_named_and_silent_ones_took_their_time_too(
    store: MemoryEscalations, clock: SteppedClock
) -> None:
    asked = (await store.accept(an_ask(approvals_needed=2))).escalation
    votes = MemoryDiscussion(store)
    times: list[str] = []
    for person in (MAYA, JON):
        clock.advance(seconds=TOOK)
        given = by_maya(asked, State.ANSWERED, clock)
        given = given.model_copy(update={"by": person, "approved": True})
        noted = await votes.vote(asked.id, a_vote(person, at=clock()), given, needed=2)
        assert noted is not None
        times.append(iso(clock()))
        told = structured(render(noted.escalation))
    assert (told["status"], told["approvals"]) == ("approved", 2)
    assert told["votes"] == [
        {"by": MAYA_TOLD, "approve": True, "comment": None, "at": times[0]},
        {"by": JON_TOLD, "approve": True, "comment": None, "at": times[1]},
    ]
    assert (told["answered_by"], told["answered_at"]) == (JON_TOLD, times[1])
    assert (told["answer"], told["channel"]) == (None, "desk")
    assert told["seconds_to_answer"] == pytest.approx(2 * TOOK, abs=A_MOMENT)


async def test_a_refusal_without_a_word_says_who_when_and_how_long(
    store: MemoryEscalations, clock: SteppedClock
) -> None:
    asked = (await store.accept(an_ask())).escalation
    clock.advance(seconds=TOOK)
    noted = await store.conclude(asked.id, by_maya(asked, State.DECLINED, clock))
    assert noted is not None
    told = structured(render(noted.escalation))
    assert (told["status"], told["answered_by"]) == ("declined", MAYA_TOLD)
    assert told["answered_at"] == iso(clock())
    assert told["seconds_to_answer"] == pytest.approx(TOOK, abs=A_MOMENT)


async def test_a_late_answer_says_when_and_where_beside_when_the_time_was_over(
    store: MemoryEscalations, clock: SteppedClock
) -> None:
    asked = (await store.accept(an_ask())).escalation
    assert structured(render(asked))["answered_at"] is None
    clock.advance(seconds=600)
    over = iso(clock())
    await store.conclude(asked.id, an_outcome(asked, State.TIMED_OUT, at=clock()))
    clock.advance(seconds=TOOK)
    kept = await store.keep_late_answer(asked.id, an_outcome(asked, at=clock()))
    assert kept is not None
    told = structured(render(kept.escalation))
    assert (told["answered_at"], told["answered_by"], told["seconds_to_answer"]) == (
        over,
        None,
        None,
    )
    assert (told["late_answered_at"], told["late_answered_by"]) == (iso(clock()), MAYA_TOLD)
    assert (told["channel"], told["late_channel"]) == (None, "discord")
    assert Standing.model_validate(told).late_answer == "Yes, 10 %."


async def test_a_correction_says_when_it_was_made(
    store: MemoryEscalations, clock: SteppedClock
) -> None:
    asked = (await store.accept(an_ask())).escalation
    given = an_outcome(asked, at=clock())
    noted = await store.conclude(asked.id, given)
    assert noted is not None
    edit = a_correction(noted.escalation, "Yes, 15 %.", seconds=TOOK)
    told = structured(render(noted.escalation.model_copy(update={"late_answer": edit})))
    assert told["answered_at"] == iso(given.at)
    assert told["late_answered_at"] == iso(given.at + timedelta(seconds=TOOK))

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from support.clock import SteppedClock
from support.gateway import caller
from support.make import a_posting, an_ask, an_outcome
from support.terms import the_terms

from mcp_gateway.asking import Asking
from mcp_gateway.waiting import HOLDS_FOR_A_QUESTION, Hold
from shared.background import Background, Speaker, Turn
from shared.errors import StoreUnavailableError, UsedKeyError
from shared.escalation import Ask, Escalation, Outcome, Provenance, State
from shared.expiry import ABANDONED, expired
from shared.memory.discussion import MemoryDiscussion
from shared.memory.escalations import MemoryEscalations
from shared.ports.escalations import Accepted
from shared.question import Urgency

TIMEOUT = timedelta(minutes=10)
AT_ONCE = Hold(0)


class AwayAfterwards(MemoryEscalations):
    """A store whose Redis goes away once the question is accepted."""

    outcome: Outcome | None = None

    async def get(self, escalation_id: str) -> Escalation | None:
        raise StoreUnavailableError("Redis can't be reached")

    async def accept(self, ask: Ask) -> Accepted:
        accepted = await super().accept(ask)
        if self.outcome is not None:
            await self.conclude(accepted.escalation.id, self.outcome)
        return accepted


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def store(clock: SteppedClock) -> MemoryEscalations:
    return MemoryEscalations(clock=clock)


def an_asking(
    store: MemoryEscalations,
    clock: SteppedClock,
    *,
    timeout: timedelta = TIMEOUT,
    grace: timedelta = ABANDONED,
) -> Asking:
    return Asking(
        store,
        store,
        MemoryDiscussion(store),
        terms=the_terms(timeout),
        retention=timedelta(hours=1),
        grace=grace,
        clock=clock,
    )


async def asked(asking: Asking) -> Escalation:
    return await asking.ask(caller(), an_ask().question, idempotency_key=None, hold=AT_ONCE)


async def test_the_approval_of_one_thing_is_not_had_for_another_by_its_key(
    store: MemoryEscalations, clock: SteppedClock
) -> None:
    asking = an_asking(store, clock)

    async def approval_of(action: str, **more: Any) -> Escalation:
        question = an_ask(action, approvals_needed=1, **more).question
        return await asking.ask(caller(), question, idempotency_key="refund", hold=AT_ONCE)

    first = await approval_of("Refund 5 € to Ann")
    await store.conclude(first.id, an_outcome(first, at=clock()))
    for other in (
        {"action": "Refund 5,000 € to Bob"},
        {"action": "Refund 5 € to Ann", "context": "for the second time"},
        {"action": "Refund 5 € to Ann", "route": "billing"},
        {"action": "Refund 5 € to Ann", "conversation_id": "c2"},
    ):
        with pytest.raises(UsedKeyError, match=first.id):
            await approval_of(**other)
    with pytest.raises(UsedKeyError, match=first.id):
        await asking.ask(caller(), an_ask().question, idempotency_key="refund", hold=AT_ONCE)
    assert await store.list_open() == []


async def test_the_same_key_gives_the_same_question_however_that_is_put_this_time(
    store: MemoryEscalations, clock: SteppedClock
) -> None:
    asking = an_asking(store, clock)
    first, again = [
        await asking.ask(caller(), an_ask(text).question, idempotency_key="k", hold=AT_ONCE)
        for text in ("10 % off?", "Is a discount of 10 % possible?")
    ]
    assert again == first


async def test_a_key_brings_its_question_whatever_was_said_since_and_however_soon_it_is_needed(
    store: MemoryEscalations, clock: SteppedClock
) -> None:
    asking = an_asking(store, clock)

    async def approval_of(*said: str, **more: Any) -> Escalation:
        turns = tuple(Turn(speaker=Speaker.CUSTOMER, text=each) for each in said)
        question = an_ask(background=Background(turns=turns), **more).question
        return await asking.ask(caller(), question, idempotency_key="k", hold=AT_ONCE)

    first = await approval_of("A refund?", approvals_needed=1)
    again = await approval_of("A refund?", "Hello?", approvals_needed=2, urgency=Urgency.HIGH)
    assert again.id == first.id


async def test_a_posted_question_that_no_worker_ends_times_out(
    store: MemoryEscalations, clock: SteppedClock
) -> None:
    asking = an_asking(store, clock)
    escalation = await asked(asking)
    await store.note_posting(escalation.id, a_posting(), complete=True)
    clock.advance(seconds=(TIMEOUT + ABANDONED).total_seconds() - 0.1)
    assert (await asking.check(caller(), escalation.id, hold=AT_ONCE)).state is State.POSTED
    clock.advance(seconds=0.1)
    ended = await asking.check(caller(), escalation.id, hold=AT_ONCE)
    assert ended.state is State.TIMED_OUT
    assert ended.outcome is not None
    assert ended.outcome.reason == "nobody answered in time"
    assert await store.get(escalation.id) == ended


async def test_a_question_that_no_worker_ever_showed_ends_as_undeliverable(
    store: MemoryEscalations, clock: SteppedClock
) -> None:
    asking = an_asking(store, clock)
    escalation = await asked(asking)
    clock.advance(seconds=(TIMEOUT + ABANDONED).total_seconds())
    ended = await asking.check(caller(), escalation.id, hold=AT_ONCE)
    assert ended.state is State.UNDELIVERABLE
    assert ended.outcome is not None
    assert ended.outcome.reason == "it could not be shown to anybody before the deadline"
    assert ended.outcome.provenance is Provenance.SYSTEM


@pytest.mark.parametrize("seconds", [None, 60.0])
async def test_a_wait_that_spans_the_deadline_ends_with_the_question(seconds: float | None) -> None:
    store = MemoryEscalations()
    asking = Asking(
        store,
        store,
        MemoryDiscussion(store),
        terms=the_terms(timedelta(seconds=0.05)),
        retention=timedelta(hours=1),
        grace=timedelta(seconds=0.05),
    )

    async def on_progress(_passed: float, _total: float) -> None:
        """Take note."""

    async with asyncio.timeout(5):
        ended = await asking.ask(
            caller(), an_ask().question, idempotency_key=None, hold=Hold(seconds, on_progress)
        )
    assert ended.state is State.UNDELIVERABLE


async def test_an_answer_within_the_grace_is_not_overruled(
    store: MemoryEscalations, clock: SteppedClock
) -> None:
    asking = an_asking(store, clock)
    escalation = await asked(asking)
    clock.advance(seconds=TIMEOUT.total_seconds() + 1)
    await store.conclude(escalation.id, an_outcome(escalation, at=clock.now))
    clock.advance(seconds=60)
    assert (await asking.check(caller(), escalation.id, hold=AT_ONCE)).state is State.ANSWERED


async def test_a_redis_that_goes_away_during_the_wait_does_not_hide_the_id(
    clock: SteppedClock,
) -> None:
    asking = an_asking(AwayAfterwards(clock=clock), clock)
    assert (await asked(asking)).state is State.QUEUED


async def test_a_redis_that_goes_away_after_the_answer_came_does_not_hide_the_answer(
    clock: SteppedClock,
) -> None:
    store = AwayAfterwards(clock=clock)
    example = await MemoryEscalations(clock=clock).accept(an_ask())
    store.outcome = an_outcome(example.escalation, at=clock.now)
    async with asyncio.timeout(5):
        answered = await an_asking(store, clock).ask(
            caller(), an_ask().question, idempotency_key=None, hold=Hold(4)
        )
    assert answered.state is State.ANSWERED
    assert answered.outcome == store.outcome


async def test_an_expiry_tells_how_long_the_question_was_open(
    store: MemoryEscalations, clock: SteppedClock
) -> None:
    escalation = (await store.accept(an_ask())).escalation
    outcome = expired(escalation, escalation.created_at + timedelta(seconds=605))
    assert (outcome.seconds, outcome.at) == (605, escalation.created_at + timedelta(seconds=605))
    assert not outcome.state.is_open


async def test_of_one_agents_calls_so_many_are_held_and_the_next_comes_back_at_once(
    store: MemoryEscalations, clock: SteppedClock
) -> None:
    asking, shop = an_asking(store, clock), caller(open_questions=1)
    question = an_ask().question
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        holding = [
            group.create_task(asking.ask(shop, question, idempotency_key=None, hold=Hold(60.0)))
            for _ in range(HOLDS_FOR_A_QUESTION)
        ]
        while not store.all_open():
            await asyncio.sleep(0)
        [asked] = store.all_open()
        at_once = await asking.check(shop, asked.id, hold=Hold(60.0))
        assert at_once.state is State.QUEUED
        bank = caller("bank", tenant=asked.owner, open_questions=1)
        anothers = group.create_task(asking.check(bank, asked.id, hold=Hold(60.0)))
        await asyncio.sleep(0)
        assert not any(each.done() for each in (*holding, anothers))
        await store.conclude(asked.id, an_outcome(asked, at=clock()))
    assert {each.result().state for each in (*holding, anothers)} == {State.ANSWERED}
    assert (await asking.check(shop, asked.id, hold=Hold(60.0))).state is State.ANSWERED

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from support.make import an_ask, an_outcome

from escalation_worker.answering import Answering
from escalation_worker.operators import Operators
from shared.escalation import DEFAULT_BOT, Escalation, State
from shared.memory.escalations import MemoryEscalations
from shared.ports.clock import utc_now
from shared.ports.hold import Hold
from shared.ports.replies import InboundReply, ReplyVerdict

OPERATORS = Operators(people=frozenset({"111"}), roles=frozenset({"7"}))


def a_reply(
    escalation: Escalation | None,
    text: str = "Yes",
    *,
    person: str = "111",
    roles: frozenset[str] = frozenset(),
    source: str = "m1",
    hold: Hold | None = None,
) -> InboundReply:
    """Make a reply; Maya's unless told otherwise."""
    return InboundReply(
        escalation_id=escalation.id if escalation else "unknown",
        text=text,
        person_id=person,
        person_name="Maya",
        person_roles=roles,
        channel="discord",
        source=source,
        at=utc_now() + timedelta(seconds=42),
        hold=hold,
    )


@pytest.fixture
def store() -> MemoryEscalations:
    return MemoryEscalations()


@pytest.fixture
def answering(store: MemoryEscalations) -> Answering:
    return Answering(store, OPERATORS)


@pytest.fixture
async def asked(store: MemoryEscalations) -> Escalation:
    return (await store.accept(an_ask())).escalation


async def test_the_operators_reply_is_the_answer_with_its_provenance(
    store: MemoryEscalations, answering: Answering, asked: Escalation
) -> None:
    assert await answering.answer(a_reply(asked, "  Yes, 10 %  ")) is ReplyVerdict.ACCEPTED
    read = await store.get(asked.id)
    assert read is not None
    assert read.outcome is not None
    assert read.outcome.text == "Yes, 10 %"
    assert read.outcome.provenance == "person"
    assert read.outcome.by is not None
    assert read.outcome.by.id == "111"
    assert read.outcome.seconds == pytest.approx(42, abs=5)


async def test_somebody_with_an_operators_role_may_answer(
    answering: Answering, asked: Escalation
) -> None:
    reply = a_reply(asked, person="222", roles=frozenset({"7"}))
    assert await answering.answer(reply) is ReplyVerdict.ACCEPTED


@pytest.mark.parametrize("text", ["Yes", "", "x" * 5000])
async def test_nobody_else_may_whatever_they_write(
    store: MemoryEscalations, answering: Answering, asked: Escalation, text: str
) -> None:
    reply = a_reply(asked, text, person="222", roles=frozenset({"8"}))
    assert await answering.answer(reply) is ReplyVerdict.NOT_ALLOWED
    assert await answering.decline(reply) is ReplyVerdict.NOT_ALLOWED
    read = await store.get(asked.id)
    assert read is not None
    assert read.state.is_open


async def test_without_configured_operators_everybody_is_refused(
    store: MemoryEscalations, asked: Escalation
) -> None:
    assert await Answering(store, Operators()).answer(a_reply(asked)) is ReplyVerdict.NOT_ALLOWED


@pytest.mark.parametrize("text", ["", "   \n", "x" * 4001])
async def test_what_cannot_be_passed_on_is_no_answer(
    answering: Answering, asked: Escalation, text: str
) -> None:
    assert await answering.answer(a_reply(asked, text)) is ReplyVerdict.UNREADABLE


async def test_the_same_message_heard_by_two_listeners_is_one_answer(
    answering: Answering, asked: Escalation
) -> None:
    verdicts = await asyncio.gather(*(answering.answer(a_reply(asked)) for _ in range(3)))
    assert sorted(verdicts) == [
        ReplyVerdict.ACCEPTED,
        ReplyVerdict.REPEATED,
        ReplyVerdict.REPEATED,
    ]


async def test_a_second_message_comes_too_late(answering: Answering, asked: Escalation) -> None:
    await answering.answer(a_reply(asked))
    assert await answering.answer(a_reply(asked, "No", source="m2")) is ReplyVerdict.TOO_LATE


async def test_after_the_time_out_the_first_answer_is_kept_and_heard_twice_stays_kept(
    store: MemoryEscalations, answering: Answering, asked: Escalation
) -> None:
    await store.conclude(asked.id, an_outcome(asked, State.TIMED_OUT, at=utc_now(), source=None))
    assert await answering.answer(a_reply(asked)) is ReplyVerdict.KEPT_LATE
    assert await answering.answer(a_reply(asked)) is ReplyVerdict.KEPT_LATE
    assert await answering.answer(a_reply(asked, source="m2")) is ReplyVerdict.TOO_LATE
    assert await answering.decline(a_reply(asked, source="m3")) is ReplyVerdict.TOO_LATE


async def test_a_declined_question_carries_the_reason_and_no_answer(
    store: MemoryEscalations, answering: Answering, asked: Escalation
) -> None:
    assert await answering.decline(a_reply(asked, "not ours")) is ReplyVerdict.ACCEPTED
    read = await store.get(asked.id)
    assert read is not None
    assert read.outcome is not None
    assert (read.state, read.outcome.text, read.outcome.reason) == ("declined", None, "not ours")


async def test_a_reply_to_what_is_not_kept_is_told_as_unknown(answering: Answering) -> None:
    assert await answering.answer(a_reply(None)) is ReplyVerdict.UNKNOWN


async def test_what_a_relieved_listener_heard_is_neither_taken_nor_refused(
    store: MemoryEscalations, answering: Answering, asked: Escalation
) -> None:
    store.fences[DEFAULT_BOT, 0] = 2
    heard_before, heard_now = a_reply(asked, hold=Hold(0, 1)), a_reply(asked, hold=Hold(0, 2))
    assert await answering.answer(heard_before) is ReplyVerdict.FENCED
    assert await answering.decline(heard_before) is ReplyVerdict.FENCED
    assert await answering.answer(heard_now) is ReplyVerdict.ACCEPTED
    assert await answering.answer(heard_before) is ReplyVerdict.FENCED


async def test_a_late_answer_that_a_relieved_listener_heard_is_left_to_the_new_one(
    store: MemoryEscalations, answering: Answering, asked: Escalation
) -> None:
    await store.conclude(asked.id, an_outcome(asked, State.TIMED_OUT, at=utc_now(), source=None))
    store.fences[DEFAULT_BOT, 0] = 2
    assert await answering.answer(a_reply(asked, hold=Hold(0, 1))) is ReplyVerdict.FENCED
    assert await answering.answer(a_reply(asked, hold=Hold(0, 2))) is ReplyVerdict.KEPT_LATE

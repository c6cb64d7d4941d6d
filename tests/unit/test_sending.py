from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from support.make import an_ask, an_outcome

from escalation_worker.answering import Answering
from escalation_worker.discussing import Discussing
from escalation_worker.manners import USUAL, manners_by_route
from escalation_worker.operators import Operators
from escalation_worker.sending import Sending, Written
from escalation_worker.writing import Writing
from shared.answer_form import AnswerForm
from shared.errors import ConfigurationError
from shared.escalation import DEFAULT_BOT, Escalation, State
from shared.manner import Manner
from shared.memory.discussion import MemoryDiscussion
from shared.memory.escalations import MemoryEscalations
from shared.ports.clock import utc_now
from shared.ports.hold import Hold
from shared.ports.replies import ReplyVerdict
from shared.question import QUESTION_LIMIT
from shared.routes.route import AnswerMode, Route, default_route
from shared.routes_in_force import InForce
from unit.test_answering import OPERATORS, a_reply

FORM = AnswerForm.model_validate({"type": "object", "properties": {"n": {"type": "integer"}}})
SEND = Manner(AnswerMode.SEND_BUTTON)


@pytest.fixture
def store() -> MemoryEscalations:
    return MemoryEscalations()


def a_sender(store: MemoryEscalations, operators: Operators = OPERATORS) -> Sending:
    return Sending(store, operators, Answering(store, operators), lambda _: SEND)


async def asked(store: MemoryEscalations, **shape: Any) -> Escalation:
    return (await store.accept(an_ask(**shape))).escalation


async def ended(store: MemoryEscalations, escalation: Escalation, state: State) -> None:
    await store.conclude(escalation.id, an_outcome(escalation, state, at=utc_now(), source="m0"))


async def send(
    store: MemoryEscalations, escalation: Escalation, *texts: str, **who: Any
) -> ReplyVerdict:
    """Press Send with these messages written, numbered from 1.

    A verdict stands for a message that can't be sent for this reason.
    """
    written = [
        Written(f"m{number}", "", why_not=text)
        if isinstance(text, ReplyVerdict)
        else Written(f"m{number}", text)
        for number, text in enumerate(texts, start=1)
    ]

    async def read() -> Sequence[Written]:
        return written

    reply = a_reply(escalation, "", source="click-1", **who)
    return (await a_sender(store).send(reply, read))[0]


async def test_messages_are_joined_in_order_and_the_last_of_them_is_the_source(
    store: MemoryEscalations,
) -> None:
    question = await asked(store)
    verdict = await send(store, question, " Yes, ", "?why", "10 %.", " ? and how", "\u200b")
    assert verdict is ReplyVerdict.ACCEPTED
    read = await store.get(question.id)
    assert read is not None
    assert read.outcome is not None
    assert (read.outcome.text, read.outcome.source) == ("Yes,\n10 %.", "m3")
    assert read.outcome.joined == ("m1",)


@pytest.mark.parametrize(
    ("texts", "verdict"),
    [
        ((), ReplyVerdict.NOTHING_WRITTEN),
        (("? how many", " \n", ""), ReplyVerdict.NOTHING_WRITTEN),
        (("x" * QUESTION_LIMIT, "y"), ReplyVerdict.TOO_MUCH_WRITTEN),
        (("x" * (QUESTION_LIMIT - 1), "y"), ReplyVerdict.TOO_MUCH_WRITTEN),
        (("x" * (QUESTION_LIMIT - 2), "y"), ReplyVerdict.ACCEPTED),
        (("Yes", ReplyVerdict.CONTENT_HIDDEN), ReplyVerdict.CONTENT_HIDDEN),
        ((ReplyVerdict.CONTENT_HIDDEN,), ReplyVerdict.CONTENT_HIDDEN),
        (("As here:", ReplyVerdict.FORWARDED), ReplyVerdict.FORWARDED),
        ((ReplyVerdict.POLLED, "Yes"), ReplyVerdict.POLLED),
    ],
)
async def test_what_can_not_be_sent_as_a_whole_is_not_sent_in_part(
    store: MemoryEscalations, texts: tuple[str, ...], verdict: ReplyVerdict
) -> None:
    question = await asked(store)
    assert await send(store, question, *texts) is verdict
    read = await store.get(question.id)
    assert read is not None
    assert read.state.is_open == (verdict is not ReplyVerdict.ACCEPTED)


async def test_nothing_is_read_for_somebody_who_may_not_answer(store: MemoryEscalations) -> None:
    question = await asked(store)

    async def never() -> Sequence[Written]:
        raise AssertionError("it was read")

    reply = a_reply(question, "", person="222")
    assert await a_sender(store).send(reply, never) == (ReplyVerdict.NOT_ALLOWED, reply)


async def test_a_second_click_on_the_same_words_is_the_same_act(store: MemoryEscalations) -> None:
    question = await asked(store)
    assert await send(store, question, "Yes") is ReplyVerdict.ACCEPTED
    assert await send(store, question, "Yes") is ReplyVerdict.REPEATED
    assert await send(store, question, "Yes", "or no") is ReplyVerdict.TOO_LATE
    assert await send(store, question) is ReplyVerdict.TOO_LATE, "whatever is written by now"


async def test_after_the_time_out_what_is_sent_is_a_late_answer(store: MemoryEscalations) -> None:
    question = await asked(store)
    await ended(store, question, State.TIMED_OUT)
    assert await send(store, question) is ReplyVerdict.NOTHING_WRITTEN
    assert await send(store, question, "Yes") is ReplyVerdict.KEPT_LATE
    assert await send(store, question, "Yes") is ReplyVerdict.KEPT_LATE
    assert await send(store, question, "No", "never") is ReplyVerdict.TOO_LATE
    assert await send(store, question) is ReplyVerdict.TOO_LATE


@pytest.mark.parametrize(
    "shape", [{"approvals_needed": 1}, {"options": ("yes", "no"), "options_only": True}]
)
async def test_send_is_for_words_alone(store: MemoryEscalations, shape: dict[str, Any]) -> None:
    question = await asked(store, **shape)
    assert await send(store, question, "yes") is ReplyVerdict.WRONG_SHAPE


async def test_a_click_that_a_relieved_listener_heard_sends_nothing(
    store: MemoryEscalations,
) -> None:
    question = await asked(store)
    store.fences[DEFAULT_BOT, 0] = 2
    assert await send(store, question, "Yes", hold=Hold(0, 1)) is ReplyVerdict.FENCED
    assert await send(store, question, "Yes", hold=Hold(0, 2)) is ReplyVerdict.ACCEPTED


async def test_a_message_is_talk_for_as_long_as_its_question_is_open(
    store: MemoryEscalations,
) -> None:
    question, sending = await asked(store), a_sender(store)
    assert await sending.wrote(a_reply(question)) is ReplyVerdict.WRITTEN
    assert await sending.wrote(a_reply(question, person="222")) is ReplyVerdict.OVERHEARD
    assert await sending.wrote(a_reply(None)) is None
    await ended(store, question, State.TIMED_OUT)
    assert await sending.wrote(a_reply(question)) is ReplyVerdict.WRITTEN_LATE
    await send(store, question, "Yes")
    assert await sending.wrote(a_reply(question)) is ReplyVerdict.WRITTEN_AFTER


@pytest.mark.parametrize(
    "shape",
    [{"approvals_needed": 1}, {"form": FORM}, {"options": ("yes", "no"), "options_only": True}],
)
async def test_what_is_not_answered_in_writing_is_not_said_to_wait_for_send(
    store: MemoryEscalations, shape: dict[str, Any]
) -> None:
    question, sending = await asked(store, **shape), a_sender(store)
    assert await sending.wrote(a_reply(question, "maybe")) is ReplyVerdict.WRITTEN_IN_VAIN
    assert await sending.wrote(a_reply(question, person="222")) is ReplyVerdict.OVERHEARD
    await ended(store, question, State.TIMED_OUT)
    assert await sending.wrote(a_reply(question, "maybe")) is ReplyVerdict.WRITTEN_AFTER


@pytest.mark.parametrize("state", [None, State.TIMED_OUT, State.ANSWERED])
async def test_the_only_answers_that_will_do_need_no_send(
    store: MemoryEscalations, state: State | None
) -> None:
    question = await asked(store, options=("yes", "no"), options_only=True)
    if state is not None:
        await ended(store, question, state)
    sending = a_sender(store)
    assert await sending.wrote(a_reply(question, " Yes ")) is None, "a later one is told so, too"
    stranger = a_reply(question, "yes", person="222")
    assert await sending.wrote(stranger) is ReplyVerdict.OVERHEARD


async def test_an_offered_answer_among_others_is_talk_like_any_other(
    store: MemoryEscalations,
) -> None:
    question = await asked(store, options=("yes", "no"))
    assert await a_sender(store).wrote(a_reply(question, "yes")) is ReplyVerdict.WRITTEN


async def test_what_was_written_before_the_answer_is_not_said_to_have_come_too_late(
    store: MemoryEscalations,
) -> None:
    question, sending = await asked(store), a_sender(store)
    later = a_reply(question)  # 42 seconds from now
    outcome = an_outcome(question, at=later.at - timedelta(seconds=1))
    await store.conclude(question.id, outcome)
    assert await sending.wrote(later) is ReplyVerdict.WRITTEN_AFTER
    other = await asked(store, text="other?")
    await store.conclude(other.id, an_outcome(other, at=later.at + timedelta(minutes=1)))
    assert await sending.wrote(a_reply(other)) is ReplyVerdict.OVERHEARD


async def test_the_mode_is_that_of_the_route_in_force_when_a_message_is_taken_in(
    store: MemoryEscalations,
) -> None:
    usual = default_route(channel_id=500, user_id=111, role_ids=())
    waits = usual.model_copy(update={"answer_mode": AnswerMode.SEND_BUTTON})
    in_file: list[Route | None] = [waits]

    def read() -> dict[str, Route]:
        route = in_file[0]
        if route is None:
            raise ConfigurationError("a mistake")
        return {route.name: route}

    routes = InForce(read)
    manner_of = manners_by_route(routes)
    answering = Answering(store, OPERATORS)
    discussing = Discussing(store, MemoryDiscussion(store), OPERATORS, manner_of)
    writing = Writing(answering, discussing, Sending(store, OPERATORS, answering, manner_of))
    question = await asked(store, route="gone-by-now")
    assert await writing.wrote(a_reply(question)) is ReplyVerdict.WRITTEN
    in_file[0] = None
    routes.reload()
    assert await writing.wrote(a_reply(question)) is ReplyVerdict.WRITTEN
    assert await writing.wrote(a_reply(question, "? why")) is ReplyVerdict.ASKED_BACK
    in_file[0] = usual
    routes.reload()
    assert await writing.wrote(a_reply(question)) is ReplyVerdict.ACCEPTED


@pytest.mark.parametrize(
    ("shown", "in_force", "seconds", "answers"),
    [
        (USUAL, USUAL, None, True),
        (USUAL, SEND, None, False),
        (SEND, USUAL, None, False),
        (SEND, SEND, None, False),
        (USUAL, USUAL, 20, True),
        (USUAL, USUAL, 90, False),  # the reply is of second 42, when Send was there
    ],
)
async def test_a_message_is_the_answer_only_where_route_and_what_was_shown_agree(
    store: MemoryEscalations, shown: Manner, in_force: Manner, seconds: int | None, *, answers: bool
) -> None:
    question = await asked(store)
    since = None if seconds is None else question.created_at + timedelta(seconds=seconds)
    await store.note_manner(question.id, shown, since)
    sending = Sending(store, OPERATORS, Answering(store, OPERATORS), lambda _: in_force)
    expected = None if answers else ReplyVerdict.WRITTEN
    assert await sending.wrote(a_reply(question)) is expected

"""What an operator's reply does, and what the page is told about it."""

from __future__ import annotations

import asyncio

import pytest
from support.clock import SteppedClock

from desk.conftest import Desk, a_client
from escalation_worker.desk.channel import DeskChannel
from escalation_worker.operators import Operators
from shared.errors import StoreUnavailableError
from shared.escalation import ChannelKind, Posting, State
from shared.memory.escalations import MemoryEscalations


async def test_an_answer_becomes_the_outcome_with_the_operators_name(desk: Desk) -> None:
    question = await desk.asked()
    desk.clock.advance(seconds=42)

    response = await desk.answer(question.id, "Yes, 10 %.", name="Maya")

    assert response.status_code == 200
    assert response.json()["verdict"] == "accepted"
    outcome = await desk.outcome(question)
    assert outcome is not None
    assert outcome.by is not None
    assert (outcome.state, outcome.text) == (State.ANSWERED, "Yes, 10 %.")
    assert round(outcome.seconds, 1) == 42
    assert (outcome.by.id, outcome.by.name) == ("desk:maya", "Maya")
    assert outcome.channel is ChannelKind.DESK


async def test_an_answer_without_a_name_is_the_desks_own(desk: Desk) -> None:
    question = await desk.asked()
    await desk.answer(question.id)
    outcome = await desk.outcome(question)
    assert outcome is not None
    assert outcome.by is not None
    assert outcome.by.name == "Operator"


async def test_the_same_submission_twice_counts_once_and_is_no_error(desk: Desk) -> None:
    question = await desk.asked()
    first, second = await asyncio.gather(
        desk.answer(question.id, source="click-number-1"),
        desk.answer(question.id, source="click-number-1"),
    )
    assert {first.status_code, second.status_code} == {200}
    assert sorted([first.json()["verdict"], second.json()["verdict"]]) == ["accepted", "repeated"]


async def test_a_second_answer_is_refused_and_names_who_was_first(desk: Desk) -> None:
    question = await desk.asked()
    desk.clock.advance(seconds=12)
    await desk.answer(question.id, name="Maya", source="submission-1")
    response = await desk.answer(question.id, "No.", name="Tom", source="submission-2")
    assert response.status_code == 409
    body = response.json()
    assert (body["verdict"], body["message"]) == ("too_late", "Maya answered first, after 12 s.")
    assert body["question"]["state"] == "answered"
    assert body["question"]["outcome"]["text"] == "Yes, 10 %."


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (State.CANCELLED, "The agent took the question back."),
        (State.UNDELIVERABLE, "This question has ended."),
        (State.DECLINED, "Somebody declined it, after 0 s."),
    ],
)
async def test_an_answer_after_another_end_is_too_late(
    desk: Desk, state: State, words: str
) -> None:
    question = await desk.asked()
    await desk.ended(question, state)
    response = await desk.answer(question.id)
    assert (response.status_code, response.json()["message"]) == (409, words)
    assert response.json()["question"]["state"] == state


async def test_an_answer_after_the_deadline_is_kept_beside_the_time_out(desk: Desk) -> None:
    question = await desk.asked(seconds=60)
    desk.clock.advance(seconds=61)
    await desk.ended(question, State.TIMED_OUT)
    response = await desk.answer(question.id, "Yes, late.")
    assert (response.status_code, response.json()["verdict"]) == (202, "kept_late")
    kept = await desk.store.get(question.id)
    assert kept is not None
    assert kept.state is State.TIMED_OUT
    assert kept.late_answer is not None
    assert kept.late_answer.text == "Yes, late."


async def test_declining_ends_the_question_with_the_reason(desk: Desk) -> None:
    question = await desk.asked()
    response = await desk.client.post(
        f"/api/questions/{question.id}/decline",
        json={"source": "submission-1", "reason": "Nobody may decide this."},
    )
    assert response.status_code == 200
    outcome = await desk.outcome(question)
    assert outcome is not None
    assert (outcome.state, outcome.reason) == (State.DECLINED, "Nobody may decide this.")


async def test_declining_needs_no_reason(desk: Desk) -> None:
    question = await desk.asked()
    path = f"/api/questions/{question.id}/decline"
    assert (await desk.client.post(path, json={"source": "submission-1"})).status_code == 200
    outcome = await desk.outcome(question)
    assert outcome is not None
    assert outcome.reason is None


async def test_an_unknown_question_is_not_found(desk: Desk) -> None:
    response = await desk.answer("01ARZ3NDEKTSV4RRFFQ69G5FAV")
    assert (response.status_code, response.json()["verdict"]) == (404, "unknown")


async def test_somebody_who_may_not_answer_is_refused_and_the_question_stays_open() -> None:
    clock = SteppedClock()
    store = MemoryEscalations(clock=clock)
    async with a_client(store, clock, operators=Operators(people=frozenset({"1"}))) as client:
        desk = Desk(client, store, clock)
        question = await desk.asked()
        response = await desk.answer(question.id)
        assert (response.status_code, response.json()["verdict"]) == (403, "not_allowed")
        assert await desk.outcome(question) is None


@pytest.mark.parametrize(
    ("body", "field", "hint"),
    [
        ({"text": "x" * 4001, "source": "submission-1"}, "text", "4000"),
        ({"text": " \n ", "source": "submission-1"}, "text", "must not be empty"),
        ({"text": "a\x00b", "source": "submission-1"}, "text", "NUL"),
        ({"source": "submission-1"}, "text", "required"),
        ({"text": "yes", "source": "short"}, "source", "pattern"),
        ({"text": "yes", "source": "submission-1", "name": "n" * 81}, "name", "80"),
        ({"text": "yes", "source": "submission-1", "name": " "}, "name", "must not be empty"),
        ({"text": "yes", "source": "submission-1", "admin": True}, "admin", "not permitted"),
        ({"text": 7, "source": "submission-1"}, "text", "string"),
    ],
)
async def test_a_bad_field_is_named_with_its_limit_and_nothing_is_decided(
    desk: Desk, body: dict[str, object], field: str, hint: str
) -> None:
    question = await desk.asked()
    response = await desk.client.post(f"/api/questions/{question.id}/answer", json=body)
    assert response.status_code == 422
    assert response.json()["field"] == field
    assert field in response.json()["message"]
    assert hint in response.json()["message"]
    assert await desk.outcome(question) is None


async def test_an_answer_of_4000_characters_outside_the_basic_plane_is_taken(desk: Desk) -> None:
    question = await desk.asked()
    response = await desk.answer(question.id, "🪑" * 4000)
    assert response.status_code == 200


async def test_a_reason_over_its_limit_is_refused(desk: Desk) -> None:
    question = await desk.asked()
    response = await desk.client.post(
        f"/api/questions/{question.id}/decline",
        json={"source": "submission-1", "reason": "x" * 501},
    )
    assert (response.status_code, response.json()["field"]) == (422, "reason")


async def test_a_huge_body_is_refused_before_it_is_parsed(desk: Desk) -> None:
    question = await desk.asked()
    response = await desk.answer(question.id, "x" * 70_000)
    assert response.status_code == 413


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b'{"text": "\\ud800"}', b"\xff"])
async def test_a_body_that_is_no_form_is_refused(desk: Desk, body: bytes) -> None:
    question = await desk.asked()
    response = await desk.client.post(
        f"/api/questions/{question.id}/answer",
        content=body,
        headers={"content-type": "application/json"},
    )
    assert response.status_code == 422


async def test_when_the_store_is_away_the_page_hears_that_nothing_was_decided(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = await desk.asked()

    async def away(_: str) -> None:
        raise StoreUnavailableError("Redis can't be reached: try again in a moment")

    monkeypatch.setattr(desk.store, "get", away)
    response = await desk.answer(question.id)
    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    assert "Redis can't be reached" in response.json()["message"]


class _Journal:
    attempt = 1

    async def started(self, posting: Posting) -> None:
        raise AssertionError(f"nothing can be half done at the desk: {posting}")

    def found(self) -> None:
        raise AssertionError("the desk shows nothing twice")


async def test_posting_to_the_desk_names_the_same_place_every_time(desk: Desk) -> None:
    question, channel = await desk.asked(), DeskChannel()
    first = await channel.post(question, _Journal())
    assert first == await channel.post(question, _Journal())
    assert first == Posting(channel=ChannelKind.DESK, place="desk", reference=f"desk:{question.id}")
    await channel.show_outcome(question)

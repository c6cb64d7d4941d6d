"""What comes with a question at the desk: what was said, facts, links, and earlier answers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.make import an_ask, an_outcome

from desk.conftest import Desk, a_client
from escalation_worker.operators import Operators
from shared.background import Background
from shared.escalation import Escalation
from shared.memory.precedents import MemoryPrecedents
from shared.precedent import Precedent

ATTACHED = Background.model_validate(
    {
        "turns": [{"speaker": "customer", "text": "<b>A discount?</b>"}],
        "facts": {"Since": 2019, "VIP": True, "Due": 2.5},
        "links": [{"title": "The order", "url": "https://shop.example/o?id=7"}],
    }
)


async def asked_before(desk: Desk, answer: str = "Yes, 10 %." * 50) -> Escalation:
    """Make a question that shows how another one was answered."""
    known = (await desk.store.accept(an_ask("May I give 5 %?"))).escalation
    await desk.store.conclude(known.id, an_outcome(known, at=desk.clock(), text=answer))
    question = (await desk.store.accept(an_ask(timeout=86_400))).escalation
    shown = Precedent(
        id=known.id, question="May I give 5 %?", answer="Yes, …", by="Maya", at=desk.clock()
    )
    await MemoryPrecedents(desk.store).note_shown(question.id, (shown,))
    return question


async def recall(desk: Desk, question: Escalation, number: int = 1) -> tuple[int, dict[str, str]]:
    path = f"/api/questions/{question.id}/recall"
    response = await desk.client.post(path, json={"source": "submission-1", "number": number})
    return response.status_code, response.json()


async def test_the_page_gets_what_was_said_facts_in_words_and_links(desk: Desk) -> None:
    await desk.store.accept(an_ask(background=ATTACHED))
    (shown,) = (await desk.client.get("/api/questions")).json()["open"]
    assert shown["turns"] == [{"speaker": "customer", "text": "<b>A discount?</b>"}]
    assert shown["facts"] == [
        {"name": "Since", "value": "2019"},
        {"name": "VIP", "value": "yes"},
        {"name": "Due", "value": "2.5"},
    ]
    assert shown["links"] == [{"title": "The order", "url": "https://shop.example/o?id=7"}]
    assert shown["precedents"] == []


async def test_an_earlier_answer_is_shown_in_short_and_given_whole(desk: Desk) -> None:
    question = await asked_before(desk)
    (shown,) = (await desk.client.get("/api/questions")).json()["open"]
    (before,) = shown["precedents"]
    assert (before["number"], before["answer"], before["by"]) == (1, "Yes, …", "Maya")
    assert await recall(desk, question) == (200, {"text": "Yes, 10 %." * 50})
    found = await desk.store.get(question.id)
    assert found is not None
    assert found.state.is_open, "nothing was answered by that"


async def test_an_earlier_answer_is_given_as_it_was_read(desk: Desk) -> None:
    question = await asked_before(desk, "\u202eYes,\u2028 10 %.")
    assert await recall(desk, question) == (200, {"text": "Yes,\n 10 %."})


@pytest.mark.parametrize(("number", "status"), [(0, 422), (2, 410), (3, 410), (4, 422)])
async def test_only_what_the_question_shows_can_be_had(
    desk: Desk, number: int, status: int
) -> None:
    question = await asked_before(desk)
    assert (await recall(desk, question, number))[0] == status


async def test_an_answer_whose_record_has_expired_is_said_to_be_gone(desk: Desk) -> None:
    question = await asked_before(desk)
    desk.clock.advance(seconds=timedelta(hours=2).total_seconds())
    status, body = await recall(desk, question)
    assert status == 410
    assert "no longer kept" in body["message"]


async def test_who_may_not_answer_is_not_given_an_earlier_answer_either(desk: Desk) -> None:
    question = await asked_before(desk)
    async with a_client(desk.store, desk.clock, operators=Operators()) as stranger:
        response = await stranger.post(
            f"/api/questions/{question.id}/recall", json={"source": "submission-1", "number": 1}
        )
    assert response.status_code == 403
    assert "10 %" not in response.text.replace("May I give 10 % off?", "")

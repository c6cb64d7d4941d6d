"""What can be done at the desk besides answering in words: forms, votes, questions back, claims."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from support.clock import SteppedClock
from support.make import a_remark, an_ask

from desk.conftest import PASSWORD, Desk, a_client
from escalation_worker.operators import Operators
from shared.answer_form import AnswerForm
from shared.escalation import Author, Escalation, Posting, State
from shared.manner import Manner
from shared.memory.discussion import MemoryDiscussion
from shared.memory.escalations import MemoryEscalations
from shared.routes.route import DecisionReason

FORM = AnswerForm.model_validate(
    {
        "type": "object",
        "properties": {
            "percent": {"type": "integer", "minimum": 0, "maximum": 20, "title": "Per cent"},
            "until": {"type": "string", "format": "date"},
            "mail": {"type": "string", "format": "email"},
        },
        "required": ["percent"],
    }
)


async def asked(desk: Desk, **shape: Any) -> Escalation:
    return (await desk.store.accept(an_ask(**shape))).escalation


async def posted(desk: Desk, escalation: Escalation) -> None:
    """Let people see it, as the worker does."""
    channel_posting = {"channel": "desk", "place": "desk", "reference": f"desk:{escalation.id}"}
    await desk.store.note_posting(
        escalation.id, Posting.model_validate(channel_posting), complete=True
    )


async def act(
    desk: Desk, escalation: Escalation, what: str, *, source: str = "submission-1", **form: Any
) -> httpx2.Response:
    path = f"/api/questions/{escalation.id}/{what}"
    return await desk.client.post(path, json={"source": source, **form})


async def read(desk: Desk, escalation: Escalation) -> Escalation:
    found = await desk.store.get(escalation.id)
    assert found is not None
    return found


async def test_a_form_is_checked_field_by_field_and_then_becomes_the_answer(desk: Desk) -> None:
    question = await asked(desk, form=FORM)
    wrong = await act(
        desk, question, "fill-in", values={"percent": "50", "until": "soon", "mail": "a@b.example"}
    )
    assert (wrong.status_code, wrong.json()["verdict"]) == (422, "unreadable")
    assert set(wrong.json()["problems"]) == {"percent", "until"}
    assert "less than or equal to 20" in wrong.json()["problems"]["percent"]
    assert await desk.outcome(question) is None

    right = await act(desk, question, "fill-in", values={"percent": "5", "until": "2026-12-24"})
    assert (right.status_code, right.json()["problems"]) == (200, {})
    outcome = await desk.outcome(question)
    assert outcome is not None
    assert outcome.values == {"percent": 5, "until": "2026-12-24"}
    assert outcome.text == "Per cent: 5\nuntil: 2026-12-24"


async def test_the_page_is_given_the_form_as_the_agent_described_it(desk: Desk) -> None:
    await asked(desk, form=FORM)
    (shown,) = (await desk.client.get("/api/questions")).json()["open"]
    assert shown["form"]["properties"]["percent"]["maximum"] == 20
    assert shown["form"]["properties"]["until"]["format"] == "date"
    assert shown["form"]["required"] == ["percent"]


async def test_a_form_of_twenty_long_fields_fits_and_one_of_twenty_one_does_not(desk: Desk) -> None:
    names = [f"field{number}" for number in range(20)]
    form = {"type": "object", "properties": {name: {"type": "string"} for name in names}}
    question = await asked(desk, form=AnswerForm.model_validate(form))
    values = dict.fromkeys(names, "ü" * 4_000)
    too_many = await act(desk, question, "fill-in", values={**values, "field20": "x"})
    assert (too_many.status_code, too_many.json()["field"]) == (422, "values")
    assert (await act(desk, question, "fill-in", values=values)).status_code == 200


async def test_a_question_with_a_form_takes_no_text_and_one_without_takes_no_form(
    desk: Desk,
) -> None:
    with_form, without = await asked(desk, form=FORM), await asked(desk, text="May I?")
    for response in (
        await desk.answer(with_form.id),
        await act(desk, without, "fill-in", values={"percent": "5"}),
        await act(desk, without, "vote", approve=True),
    ):
        assert (response.status_code, response.json()["verdict"]) == (422, "wrong_shape")


async def test_where_only_an_option_will_do_another_text_is_refused(desk: Desk) -> None:
    question = await asked(desk, options=("5 %", "10 %"), options_only=True)
    assert (await desk.answer(question.id, "12 %")).status_code == 422
    assert (await desk.answer(question.id, "10 %", source="submission-2")).status_code == 200


async def test_as_many_people_as_are_needed_approve_and_one_name_counts_once(desk: Desk) -> None:
    question = await asked(desk, approvals_needed=2)
    first = await act(desk, question, "vote", approve=True, name="Maya", comment="Fine.")
    assert first.json()["message"] == "Your word counts. 1 of 2 approvals so far."
    assert first.json()["question"]["votes"] == [
        {"approve": True, "by": "Maya", "comment": "Fine."}
    ]
    for name in ("Maya", " maya ", "MAYA"):
        again = await act(desk, question, "vote", source="submission-2", approve=True, name=name)
        assert (again.status_code, again.json()["verdict"]) == (409, "voted_already")
    assert (await read(desk, question)).state.is_open
    last = await act(desk, question, "vote", source="submission-3", approve=True, name="Tom")
    assert last.json()["message"] == "Your word counts. It is decided."
    outcome = await desk.outcome(question)
    assert outcome is not None
    assert (outcome.state, outcome.approved) == (State.ANSWERED, True)


@pytest.mark.parametrize("name", ["shop", "Shop", " SHOP ", "sHoP"])
async def test_nobody_approves_what_they_ask_for_themselves_however_they_write_their_name(
    desk: Desk, name: str
) -> None:
    question = await asked(desk, approvals_needed=1)
    refused = await act(desk, question, "vote", approve=True, name=name)
    assert (refused.status_code, refused.json()["verdict"]) == (403, "not_allowed")
    kept = await read(desk, question)
    assert (kept.votes, kept.state.is_open) == ((), True)


async def test_the_same_vote_sent_twice_counts_once_and_is_no_error(desk: Desk) -> None:
    question = await asked(desk, approvals_needed=2)
    for verdict in ("voted", "repeated"):
        response = await act(desk, question, "vote", approve=True, name="Maya")
        assert (response.status_code, response.json()["verdict"]) == (200, verdict)
    assert len((await read(desk, question)).votes) == 1


async def test_one_denial_denies_and_a_vote_after_it_is_told_so(desk: Desk) -> None:
    question = await asked(desk, approvals_needed=3)
    await act(desk, question, "vote", approve=False, name="Maya", comment="Too much.")
    outcome = await desk.outcome(question)
    assert outcome is not None
    assert (outcome.approved, outcome.text) == (False, "Too much.")
    late = await act(desk, question, "vote", source="submission-2", approve=True, name="Tom")
    assert (late.status_code, late.json()["message"]) == (409, "Maya denied it, after 0 s.")


@pytest.mark.parametrize("approve", [True, False])
async def test_where_a_decision_needs_a_reason_it_counts_only_with_one(approve: bool) -> None:
    clock = SteppedClock()
    store = MemoryEscalations(clock=clock)
    wants_reasons = Manner(decision_reason=DecisionReason.REQUIRED)
    async with a_client(store, clock, manner_of=lambda _: wants_reasons) as client:
        desk = Desk(client, store, clock)
        question = await asked(desk, approvals_needed=1)
        for comment in ({}, {"comment": "  "}, {"comment": "\u200b"}):
            refused = await act(desk, question, "vote", approve=approve, **comment)
            assert (refused.status_code, refused.json()["verdict"]) == (422, "reason_needed")
            assert "say why" in refused.json()["message"]
        assert await read(desk, question) == question
        taken = await act(desk, question, "vote", approve=approve, comment="Because.")
        assert taken.status_code == 200
        outcome = await desk.outcome(question)
        assert outcome is not None
        assert (outcome.approved, outcome.text) == (approve, "Because.")


async def test_a_comment_that_shows_nothing_is_none(desk: Desk) -> None:
    question = await asked(desk, approvals_needed=1)
    taken = await act(desk, question, "vote", approve=True, comment="\u200b")
    assert taken.status_code == 200
    assert (await read(desk, question)).votes[0].comment is None


async def test_with_a_password_a_session_votes_once_whatever_name_the_page_gives(
    locked_desk: Desk,
) -> None:
    question = await asked(locked_desk, approvals_needed=2)
    await locked_desk.client.post("/api/login", json={"password": PASSWORD, "name": "Maya Ö."})
    first = await act(locked_desk, question, "vote", approve=True, name="Somebody")
    assert first.json()["question"]["votes"][0]["by"] == "Maya Ö."
    again = await act(locked_desk, question, "vote", source="other-click", approve=True, name="Tom")
    assert again.json()["verdict"] == "voted_already"
    snapshot = (await locked_desk.client.get("/api/questions")).json()
    assert snapshot["operator_name"] == "Maya Ö."

    await locked_desk.client.post("/api/login", json={"password": PASSWORD, "name": "Tom"})
    other = await act(locked_desk, question, "vote", source="third-click", approve=True)
    assert other.json()["question"]["state"] == "answered"


async def test_asking_back_makes_the_question_wait_and_the_page_shows_both_sides(
    desk: Desk,
) -> None:
    question = await asked(desk)
    await posted(desk, question)
    for verdict in ("asked_back", "repeated"):
        response = await act(desk, question, "ask-back", text="Which size?", name="Maya")
        assert (response.status_code, response.json()["verdict"]) == (200, verdict)
    told = a_remark(Author.AGENT, at=desk.clock(), text="Large.", source="r2")
    assert response.json()["question"]["state"] == "needs_info"
    await MemoryDiscussion(desk.store).remark(question.id, told)
    (shown,) = (await desk.client.get("/api/questions")).json()["open"]
    said = [(each["author"], each["by"], each["text"]) for each in shown["remarks"]]
    assert said == [("operator", "Maya", "Which size?"), ("agent", None, "Large.")]
    assert shown["state"] == "posted"


async def test_one_person_is_on_it_until_they_release_it_or_another_takes_over(desk: Desk) -> None:
    question = await asked(desk)
    await posted(desk, question)
    claimed = await act(desk, question, "claim", name="Maya")
    assert claimed.json()["question"]["claimed_by"] == "Maya"
    for what in ("claim", "release"):
        refused = await act(desk, question, what, name="Tom")
        assert (refused.status_code, refused.json()["verdict"]) == (409, "claimed_already")
    over = await act(desk, question, "claim", name="Tom", take_over=True)
    assert over.json()["question"]["claimed_by"] == "Tom"
    free = await act(desk, question, "release", name="Tom")
    assert free.json()["question"]["claimed_by"] is None
    assert (await read(desk, question)).state is State.POSTED


async def test_nothing_is_done_for_somebody_who_may_not_act() -> None:
    clock = SteppedClock()
    store = MemoryEscalations(clock=clock)
    async with a_client(store, clock, operators=Operators(people=frozenset({"1"}))) as client:
        desk = Desk(client, store, clock)
        approval, form = await asked(desk, approvals_needed=1), await asked(desk, form=FORM)
        for response in (
            await act(desk, approval, "vote", approve=True),
            await act(desk, form, "fill-in", values={"percent": "5"}),
            await act(desk, form, "ask-back", text="Which?"),
            await act(desk, form, "claim"),
            await act(desk, form, "release"),
        ):
            assert (response.status_code, response.json()["verdict"]) == (403, "not_allowed")
        for question in (approval, form):
            assert await read(desk, question) == question


@pytest.mark.parametrize(
    ("what", "form", "field"),
    [
        ("vote", {}, "approve"),
        ("vote", {"approve": True, "comment": "x" * 501}, "comment"),
        ("ask-back", {"text": " "}, "text"),
        ("fill-in", {"values": {"percent": "x" * 4_001}}, "values.percent"),
        ("claim", {"take_over": "perhaps"}, "take_over"),
    ],
)
async def test_a_bad_field_is_named(
    desk: Desk, what: str, form: dict[str, Any], field: str
) -> None:
    question = await asked(desk, approvals_needed=1)
    response = await act(desk, question, what, **form)
    assert (response.status_code, response.json()["field"]) == (422, field)
    assert await read(desk, question) == question

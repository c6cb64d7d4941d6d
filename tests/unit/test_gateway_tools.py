from __future__ import annotations

import asyncio
from typing import Any

import pytest
from support.discord_views import answer_text, structured
from support.gateway import a_client
from support.make import a_remark, a_vote, an_ask, an_outcome

from shared.background import Background, Turn
from shared.errors import StoreUnavailableError, StoreUncertainError
from shared.escalation import Ask, Escalation, State
from shared.memory.discussion import MemoryDiscussion
from shared.memory.escalations import MemoryEscalations
from shared.ports.clock import utc_now
from shared.ports.escalations import Accepted
from shared.question import Question


class Away(MemoryEscalations):
    """A store whose Redis is away."""

    async def accept(self, ask: Ask) -> Accepted:
        raise StoreUnavailableError("Redis can't be reached")


class Stalled(MemoryEscalations):
    """A store whose Redis takes what it is told and does not answer."""

    async def accept(self, ask: Ask) -> Accepted:
        raise StoreUncertainError("Redis did not answer in time")

    async def get(self, escalation_id: str) -> Escalation | None:
        raise StoreUncertainError("Redis did not answer in time")


SECRET = "the-customers-words"


class Broken(MemoryEscalations):
    """A store with a defect, whose errors know the customer's words."""

    async def accept(self, ask: Ask) -> Accepted:
        Question.model_validate_json(f'{{"txt": "{ask.question.text}"}}')
        raise AssertionError("not reached")

    async def get(self, escalation_id: str) -> Escalation | None:
        Question.model_validate_json(f'{{"text": "{escalation_id}')
        raise AssertionError("not reached")


HELLO = {"speaker": "customer", "text": "Hello"}
A_LINK = {"title": "The order", "url": "https://shop.example/o?id=7"}


def _linked(url: str) -> dict[str, Any]:
    """Ask with a link to this address."""
    return {"question": "ok", "links": [{**A_LINK, "url": url}]}


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({}, "question", "is required"),
    ({"question": ""}, "question", "must not be empty"),
    ({"question": " \n\t "}, "question", "must not be empty"),
    ({"question": "\u200b"}, "question", "must not be empty"),
    ({"question": "\ufeff \u2060\u200d"}, "question", "must not be empty"),
    ({"question": "x" * 4001}, "question", "at most 4000 characters"),
    ({"question": 5}, "question", "valid string"),
    ({"question": ["a"]}, "question", "valid string"),
    ({"question": None}, "question", "valid string"),
    ({"question": "a\x00b"}, "question", "NUL"),
    ({"question": "a\ud800b"}, "question", "surrogate"),
    ({"question": "ok", "context": "x" * 4001}, "context", "at most 4000 characters"),
    ({"question": "ok", "context": "\udfff"}, "context", "surrogate"),
    ({"question": "ok", "answer": "yes"}, "answer", "no such argument"),
    ({"question": "ok", "options": ["a"] * 26}, "options", "at most 25 entries"),
    ({"question": "ok", "options": ["a"]}, "options", "must have at least 2 entries"),
    ({"question": "ok", "options": ["a", "a"]}, "options", "twice"),
    ({"question": "ok", "options": ["x" * 81]}, "options.0", "at most 80 characters"),
    ({"question": "ok", "options": [""]}, "options.0", "must not be empty"),
    ({"question": "ok", "options": ["yes", "\u200b"]}, "options.1", "must not be empty"),
    ({"question": "ok", "options": "yes,no"}, "options", "valid list"),
    ({"question": "ok", "urgency": "now"}, "urgency", "'low', 'normal' or 'high'"),
    ({"question": "ok", "route": "vip"}, "route", "must be one of default"),
    ({"question": "ok", "conversation_id": "x" * 129}, "conversation_id", "128"),
    ({"question": "ok", "idempotency_key": ""}, "idempotency_key", "must not be empty"),
    ({"question": "ok", "idempotency_key": "\ufeff"}, "idempotency_key", "must not be empty"),
    ({"question": "ok", "turns": "hi"}, "turns", "valid list"),
    ({"question": "ok", "turns": [HELLO] * 21}, "turns", "at most 20 entries"),
    ({"question": "ok", "turns": ["hi"]}, "turns.0", "valid dictionary"),
    ({"question": "ok", "turns": [{"text": "hi"}]}, "turns.0.speaker", "is required"),
    ({"question": "ok", "turns": [{**HELLO, "speaker": "boss"}]}, "turns.0.speaker", "'colleague'"),
    ({"question": "ok", "turns": [{**HELLO, "text": " "}]}, "turns.0.text", "must not be empty"),
    ({"question": "ok", "turns": [{**HELLO, "text": "x" * 1001}]}, "turns.0.text", "at most 1000"),
    ({"question": "ok", "turns": [{**HELLO, "text": "a\x00"}]}, "turns.0.text", "NUL"),
    ({"question": "ok", "turns": [{**HELLO, "at": "noon"}]}, "turns.0.at", "no such argument"),
    ({"question": "ok", "facts": ["vip"]}, "facts", "valid dictionary"),
    ({"question": "ok", "facts": {f"f{n}": n for n in range(21)}}, "facts", "at most 20 entries"),
    ({"question": "ok", "facts": {"x" * 65: 1}}, "facts", "1 to 64 characters"),
    ({"question": "ok", "facts": {"\u200b": 1}}, "facts", "1 to 64 characters"),
    ({"question": "ok", "facts": {"a": 1, " a": 2}}, "facts", "twice"),
    ({"question": "ok", "facts": {"a": "x" * 257}}, "facts.a", "1 to 256 characters"),
    ({"question": "ok", "facts": {"a": ""}}, "facts.a", "1 to 256 characters"),
    ({"question": "ok", "facts": {"a": None}}, "facts.a", "a text, a number, true or false"),
    ({"question": "ok", "facts": {"a": {"b": 1}}}, "facts.a", "a text, a number, true or false"),
    ({"question": "ok", "facts": {"a": 10**16}}, "facts.a", "from -1e+15 to 1e+15"),
    ({"question": "ok", "links": [A_LINK] * 6}, "links", "at most 5 entries"),
    ({"question": "ok", "links": [{**A_LINK, "title": "x" * 101}]}, "links.0.title", "at most 100"),
    ({"question": "ok", "links": [{**A_LINK, "title": ""}]}, "links.0.title", "must not be empty"),
    ({"question": "ok", "links": [{"title": "t"}]}, "links.0.url", "is required"),
    ({"question": "ok", "links": [{**A_LINK, "kind": "pdf"}]}, "links.0.kind", "no such argument"),
    (_linked("javascript:alert(1)"), "links.0.url", "must begin with http:// or https://"),
    (_linked("ftp://x.example/"), "links.0.url", "must begin with http:// or https://"),
    (_linked("//x.example/"), "links.0.url", "must begin with http:// or https://"),
    (_linked("https://user:word@x.example/"), "links.0.url", "no user name and no password"),
    (_linked("https://bank.example@evil.example/"), "links.0.url", "no user name"),
    (_linked("https://"), "links.0.url", "must name a host"),
    (_linked("https://x.example:99999/"), "links.0.url", "valid URL"),
    (_linked("https://shop.1/"), "links.0.url", "ends in a number"),
    (_linked("https://xn--a.example/"), "links.0.url", "xn--"),
    (_linked("https://x.example/a b"), "links.0.url", "percent-encode"),
    (_linked("https://x.example/\n"), "links.0.url", "percent-encode"),
    (_linked("https://x.example/\x1b"), "links.0.url", "percent-encode"),
    (_linked("https://x.example\\@evil.example"), "links.0.url", "percent-encode"),
    (_linked("https://b\u0430nk.example/"), "links.0.url", "percent-encode"),
    (_linked("https://x.example/>"), "links.0.url", "percent-encode"),
    (_linked("https://x.example/" + "a" * 500), "links.0.url", "at most 500 characters"),
    ({"question": "ok", "wait_seconds": -1}, "wait_seconds", "greater than or equal to 0"),
    ({"question": "ok", "wait_seconds": 3601}, "wait_seconds", "3600"),
    ({"question": "ok", "wait_seconds": "5"}, "wait_seconds", "valid number"),
    ({"question": "ok", "wait_seconds": True}, "wait_seconds", "valid number"),
]


@pytest.mark.parametrize(("arguments", "field", "limit"), BAD)
async def test_bad_input_names_the_field_and_the_limit_and_creates_nothing(
    arguments: dict[str, Any], field: str, limit: str
) -> None:
    store = MemoryEscalations()
    async with asyncio.timeout(10), a_client(store) as agent:
        result = await agent.call_tool("ask_human", arguments)
    assert result.is_error
    assert answer_text(result).startswith(f"{field}: ")
    assert limit in answer_text(result)
    assert await store.list_open() == []


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("check_answer", {"escalation_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}, "escalation_id: no"),
        ("check_answer", {"escalation_id": "x" * 65}, "escalation_id: must have at most 64"),
        ("cancel_question", {"escalation_id": "nope"}, "escalation_id: no question"),
        ("cancel_question", {"escalation_id": "x", "reason": "y" * 501}, "reason: must have"),
        ("list_questions", {"status": "lost"}, "status: "),
        ("list_questions", {"page": 2}, "page: no such argument"),
    ],
)
async def test_the_other_tools_refuse_as_clearly(
    tool: str, arguments: dict[str, Any], said: str
) -> None:
    async with asyncio.timeout(10), a_client(MemoryEscalations()) as agent:
        result = await agent.call_tool(tool, arguments)
    assert result.is_error
    assert answer_text(result).startswith(said)


async def test_a_store_that_is_away_is_an_error_that_says_what_to_do() -> None:
    async with asyncio.timeout(10), a_client(Away()) as agent:
        result = await agent.call_tool("ask_human", {"question": "Hello?"})
    assert result.is_error
    assert answer_text(result) == "Redis can't be reached (nothing was done: try again)"


async def test_a_question_that_may_have_been_accepted_is_not_called_undone() -> None:
    async with asyncio.timeout(10), a_client(Stalled()) as agent:
        asked = await agent.call_tool("ask_human", {"question": "Hello?"})
        cancelled = await agent.call_tool("cancel_question", {"escalation_id": "any"})
    assert asked.is_error
    assert answer_text(asked) == (
        "Redis did not answer in time: the question may have been accepted. Please try again with "
        "the same words or the same idempotency_key: it will not be asked twice"
    )
    assert cancelled.is_error
    assert "try again" in answer_text(cancelled)
    assert "nothing was done" not in answer_text(asked) + answer_text(cancelled)


async def test_pending_questions_are_listed_from_behind_a_hundred_that_have_ended() -> None:
    store = MemoryEscalations()
    still_open = (await store.accept(an_ask("Still open?", agent="local"))).escalation
    for number in range(100):
        ended = (await store.accept(an_ask(f"Ended {number}?", agent="local"))).escalation
        await store.conclude(ended.id, an_outcome(ended, at=utc_now()))
    async with asyncio.timeout(10), a_client(store) as agent:
        pending = structured(await agent.call_tool("list_questions", {"status": "pending"}))
        answered = structured(await agent.call_tool("list_questions", {"status": "answered"}))
    assert [each["escalation_id"] for each in pending["questions"]] == [still_open.id]
    assert len(answered["questions"]) == 100


async def test_approved_questions_are_listed_from_behind_a_hundred_that_were_answered() -> None:
    store = MemoryEscalations()
    action = an_ask("May I refund?", agent="local", approvals_needed=1)
    asked = (await store.accept(action)).escalation
    approved = an_outcome(asked, at=utc_now()).model_copy(update={"approved": True})
    await store.conclude(asked.id, approved)
    for number in range(101):
        ended = (await store.accept(an_ask(f"Ended {number}?", agent="local"))).escalation
        await store.conclude(ended.id, an_outcome(ended, at=utc_now()))
    async with asyncio.timeout(10), a_client(store) as agent:
        listed = structured(await agent.call_tool("list_questions", {"status": "approved"}))
        answered = structured(await agent.call_tool("list_questions", {"status": "answered"}))
    assert [each["escalation_id"] for each in listed["questions"]] == [asked.id]
    assert len(answered["questions"]) == 100


async def test_a_listing_shortens_long_questions_in_its_text_only() -> None:
    store, question = MemoryEscalations(), "May I\n" + "please " * 100 + "?"
    await store.accept(an_ask(question, agent="local"))
    async with asyncio.timeout(10), a_client(store) as agent:
        result = await agent.call_tool("list_questions", {})
    (line,) = answer_text(result).splitlines()
    assert len(line) < 130
    assert line.endswith("…")
    assert structured(result)["questions"][0]["question"] == question


async def test_a_defect_in_a_tool_puts_no_customers_words_into_the_log(
    capfd: pytest.CaptureFixture[str],
) -> None:
    async with asyncio.timeout(10), a_client(Broken()) as agent:
        result = await agent.call_tool(
            "ask_human", {"question": f"{SECRET}?", "context": SECRET, "idempotency_key": SECRET}
        )
        await agent.call_tool("check_answer", {"escalation_id": SECRET})
    logged = capfd.readouterr().err
    assert result.is_error
    assert SECRET not in answer_text(result)
    assert "raised an unexpected exception" in logged
    assert "ValidationError" in logged
    assert SECRET not in logged


@pytest.mark.parametrize("text", ["null", "true", "5", "[1]", '{"order": 7}', '"quoted"'])
async def test_a_text_that_happens_to_be_json_stays_a_text(text: str) -> None:
    store = MemoryEscalations()
    asked = {"question": text, "context": text, "conversation_id": text, "wait_seconds": 0}
    async with asyncio.timeout(10), a_client(store) as agent:
        assert not (await agent.call_tool("ask_human", asked)).is_error
        listed = structured(await agent.call_tool("list_questions", {"conversation_id": text}))
    (escalation,) = await store.list_open()
    assert escalation.question.text == escalation.question.context == text
    assert escalation.question.conversation_id == text
    assert len(listed["questions"]) == 1


async def test_lists_and_objects_may_come_as_texts() -> None:
    store = MemoryEscalations()
    asked = {"question": "Which?", "options": '["S", "L"]', "facts": '{"vip": true}'}
    async with asyncio.timeout(10), a_client(store) as agent:
        assert not (await agent.call_tool("ask_human", {**asked, "wait_seconds": 0})).is_error
    (escalation,) = await store.list_open()
    assert escalation.question.options == ("S", "L")
    assert escalation.question.background.facts == {"vip": True}


async def test_the_text_of_an_answered_question_is_the_answer_itself() -> None:
    store = MemoryEscalations()
    async with asyncio.timeout(10), a_client(store) as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(agent.call_tool("ask_human", {"question": "May I?"}))
        while not (opened := await store.list_open()):
            await asyncio.sleep(0)
        await store.conclude(opened[0].id, an_outcome(opened[0], at=utc_now()))
        assert answer_text(await asking) == "Yes, 10 %."


async def test_a_delivery_is_confirmed_first_of_the_time_out_then_of_the_late_answer() -> None:
    store = MemoryEscalations()
    escalation = (await store.accept(an_ask("May I?", agent="local"))).escalation
    known = {"escalation_id": escalation.id}
    async with asyncio.timeout(10), a_client(store) as agent:
        early = await agent.call_tool("confirm_delivery", known)
        await store.conclude(
            escalation.id, an_outcome(escalation, State.TIMED_OUT, at=escalation.deadline)
        )
        await store.keep_late_answer(escalation.id, an_outcome(escalation, at=utc_now()))
        first = await agent.call_tool("confirm_delivery", known)
        again = await agent.call_tool("confirm_delivery", known)
        second = await agent.call_tool("confirm_delivery", {**known, "late_answer": True})
        (listed,) = structured(await agent.call_tool("list_questions", {}))["questions"]
        foreign = (await store.accept(an_ask("Theirs?", agent="other"))).escalation
        refused = await agent.call_tool("confirm_delivery", {"escalation_id": foreign.id})
    assert early.is_error
    assert answer_text(early).startswith("escalation_id: this question has no outcome yet")
    assert structured(first) == structured(again)
    assert not structured(first)["delivered"]
    assert "check_answer" in answer_text(first), "it leads to the late answer"
    assert structured(second)["delivered"]
    assert "Yes, 10 %." not in answer_text(second), "what was told is not told again"
    assert (listed["delivered"], listed["late_answer"]) == (True, "Yes, 10 %.")
    assert refused.is_error
    assert "no question with the id" in answer_text(refused)


async def until_open(store: MemoryEscalations) -> Escalation:
    """Wait until a question is asked."""
    while not (opened := await store.list_open()):
        await asyncio.sleep(0)
    return opened[0]


async def test_what_a_person_asks_back_ends_the_call_and_the_reply_takes_it_up_again() -> None:
    store = MemoryEscalations()
    discussion = MemoryDiscussion(store)
    async with asyncio.timeout(10), a_client(store) as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(agent.call_tool("ask_human", {"question": "May I?"}))
        escalation = await until_open(store)
        await discussion.remark(escalation.id, a_remark(at=utc_now(), text="How many pieces?"))
        asked = structured(await asking)
        assert (asked["status"], asked["asked_back"]) == ("needs_info", "How many pieces?")
        known = {"escalation_id": escalation.id}
        again = structured(await agent.call_tool("check_answer", known))
        assert again["asked_back"] == "How many pieces?", "it is still unanswered"

        reply = {**known, "message": "Three."}
        telling = group.create_task(agent.call_tool("send_to_operator", reply))
        while (read := await store.get(escalation.id)) is None or len(read.remarks) < 2:
            await asyncio.sleep(0)
        twice = await agent.call_tool("send_to_operator", {**reply, "wait_seconds": 0})
        assert structured(twice)["status"] == "pending"
        await store.conclude(escalation.id, an_outcome(escalation, at=utc_now()))
        assert answer_text(await telling) == "Yes, 10 %."
        late = await agent.call_tool("send_to_operator", {**known, "message": "Thanks!"})
    assert late.is_error
    assert "has ended (answered)" in answer_text(late)
    ended = await store.get(escalation.id)
    assert ended is not None
    assert [each.text for each in ended.remarks] == ["How many pieces?", "Three."]


@pytest.mark.parametrize(("approve", "status"), [(True, "approved"), (False, "denied")])
async def test_an_approval_is_approved_or_denied_and_denied_is_no_error(
    approve: bool, status: str
) -> None:
    store = MemoryEscalations()
    async with asyncio.timeout(10), a_client(store) as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(
            agent.call_tool("request_approval", {"action": "Refund 80 €", "approvals_needed": 1})
        )
        escalation = await until_open(store)
        outcome = an_outcome(escalation, at=utc_now(), text="Just this once.")
        await MemoryDiscussion(store).vote(
            escalation.id,
            a_vote(at=utc_now(), approve=approve),
            outcome.model_copy(update={"approved": approve}),
            needed=1,
        )
        result = await asking
        listed = [
            structured(await agent.call_tool("list_questions", {"status": each}))["questions"]
            for each in (status, "answered")
        ]
    told = structured(result)
    assert (told["status"], told["approved"], told["approvals"]) == (status, approve, int(approve))
    assert answer_text(result).startswith(status.capitalize())
    assert "Just this once." in answer_text(result)
    assert [len(each) for each in listed] == [1, 0]


async def test_a_form_comes_back_as_values() -> None:
    store = MemoryEscalations()
    schema = {"type": "object", "properties": {"percent": {"type": "integer", "maximum": 20}}}
    async with asyncio.timeout(10), a_client(store) as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(
            agent.call_tool("ask_human", {"question": "How much?", "answer_schema": schema})
        )
        escalation = await until_open(store)
        assert escalation.question.form is not None
        outcome = an_outcome(escalation, at=utc_now(), text="percent: 5")
        await store.conclude(escalation.id, outcome.model_copy(update={"values": {"percent": 5}}))
        told = structured(await asking)
    assert told["status"] == "answered"
    assert told["values"] == {"percent": 5}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"answer_schema": {"type": "array"}}, "answer_schema.type"),
        (
            {"answer_schema": {"type": "object", "properties": {"a": {"type": "object"}}}},
            "answer_schema.properties.a",
        ),
        ({"options_only": True}, "options_only needs options"),
        (
            {
                "options": ["a", "b"],
                "answer_schema": {"type": "object", "properties": {"a": {"type": "boolean"}}},
            },
            "can't be asked for together",
        ),
        ({"options": ["a"]}, "options"),
    ],
)
async def test_a_shape_that_people_can_not_be_shown_is_refused(
    arguments: dict[str, Any], words: str
) -> None:
    store = MemoryEscalations()
    async with asyncio.timeout(10), a_client(store) as agent:
        result = await agent.call_tool("ask_human", {"question": "May I?", **arguments})
    assert result.is_error
    assert words in answer_text(result)
    assert await store.list_open() == []


@pytest.mark.parametrize("state", sorted(state for state in State if not state.is_open))
async def test_every_outcome_has_its_own_status_and_its_own_words(state: State) -> None:
    store = MemoryEscalations()
    async with asyncio.timeout(10), a_client(store) as agent:
        asked = structured(
            await agent.call_tool("ask_human", {"question": "May I?", "wait_seconds": 0})
        )
        escalation = await store.get(asked["escalation_id"])
        assert escalation is not None
        await store.conclude(escalation.id, an_outcome(escalation, state, at=utc_now()))
        result = await agent.call_tool("check_answer", {"escalation_id": escalation.id})
    told = structured(result)
    assert told["status"] == state
    assert (told["answer"] is not None) == (state is State.ANSWERED)
    assert (answer_text(result) == "Yes, 10 %.") == (state is State.ANSWERED)


@pytest.mark.parametrize(
    ("tool", "asks"), [("ask_human", "question"), ("request_approval", "action")]
)
async def test_what_was_said_facts_and_links_come_with_a_question(tool: str, asks: str) -> None:
    store = MemoryEscalations()
    attached = {
        "turns": [HELLO, {"speaker": "agent", "text": " Hi. "}],
        "facts": {"Since": 2019, "VIP": True, "Due": 2.5, "Plan": "gold"},
        "links": [A_LINK],
    }
    async with asyncio.timeout(10), a_client(store) as agent:
        result = await agent.call_tool(tool, {asks: "May I?", "wait_seconds": 0, **attached})
        assert structured(result)["status"] == "pending"
    (asked,) = await store.list_open()
    assert asked.question.background == Background.model_validate(
        {**attached, "turns": [HELLO, {"speaker": "agent", "text": "Hi."}]}
    )
    assert type(asked.question.background.turns[0]) is Turn


@pytest.mark.parametrize(
    ("more", "joined"),
    [
        ({"turns": [HELLO, HELLO]}, True),
        ({"turns": []}, True),
        ({"facts": {"Since": 2020}}, False),
        ({"links": []}, False),
        ({"conversation_id": "c2"}, False),
    ],
)
async def test_what_is_said_meanwhile_makes_no_other_question_of_it(
    more: dict[str, Any], joined: bool
) -> None:
    first = {
        "question": "May I?",
        "conversation_id": "c1",
        "wait_seconds": 0,
        "turns": [HELLO],
        "facts": {"Since": 2019},
        "links": [A_LINK],
    }
    async with asyncio.timeout(10), a_client(MemoryEscalations()) as agent:
        ids = {
            structured(await agent.call_tool("ask_human", each))["escalation_id"]
            for each in (first, {**first, **more})
        }
    assert len(ids) == (1 if joined else 2)


async def test_without_a_conversation_what_was_said_tells_two_customers_apart() -> None:
    async with asyncio.timeout(10), a_client(MemoryEscalations()) as agent:
        ids = [
            structured(
                await agent.call_tool(
                    "ask_human",
                    {
                        "question": "May I?",
                        "wait_seconds": 0,
                        "turns": [{"speaker": "customer", "text": text}],
                    },
                )
            )["escalation_id"]
            for text in ("I'm Maya", "I'm Jon", "I'm Maya")
        ]
    assert ids[0] == ids[2] != ids[1]


async def test_the_tools_say_what_they_take_and_what_they_return() -> None:
    async with asyncio.timeout(10), a_client(MemoryEscalations()) as agent:
        tools = {tool.name: tool for tool in (await agent.list_tools()).tools}
    assert set(tools) == {
        "ask_human",
        "check_answer",
        "cancel_question",
        "confirm_delivery",
        "end_conversation",
        "list_questions",
        "request_approval",
        "send_to_operator",
    }
    for tool in tools.values():
        assert tool.description
        assert tool.output_schema
        assert tool.input_schema["additionalProperties"] is False

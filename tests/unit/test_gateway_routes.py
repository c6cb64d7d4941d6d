"""On which terms a route's people are asked, as an agent sees it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from mcp import Client
from support.clock import SteppedClock
from support.discord_views import answer_text, structured
from support.gateway import build_server
from support.make import a_posting, an_outcome
from support.terms import the_terms

from mcp_gateway.asking import Asking
from mcp_gateway.settings import GatewaySettings
from mcp_gateway.terms import Terms
from shared.escalation import Provenance
from shared.memory.discussion import MemoryDiscussion
from shared.memory.escalations import MemoryEscalations
from shared.routes.route import AtEnd
from shared.routes.steps import End

TERMS = the_terms(
    refunds=Terms(timedelta(minutes=30), 2, End(AtEnd.DENY, None)),
    night=Terms(timedelta(minutes=1), 1, End(AtEnd.FALLBACK, "We call back tomorrow.")),
)


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def store(clock: SteppedClock) -> MemoryEscalations:
    return MemoryEscalations(clock=clock)


@pytest.fixture
def agent(store: MemoryEscalations, clock: SteppedClock) -> Client:
    """Make a client of a gateway with three routes. Open it in the test."""
    asking = Asking(
        store,
        store,
        MemoryDiscussion(store),
        terms=TERMS,
        retention=timedelta(hours=1),
        clock=clock,
    )
    return Client(build_server(asking, GatewaySettings(_env_file=None)))  # pyright: ignore[reportCallIssue]


async def test_the_route_says_how_long_people_have(agent: Client, store: MemoryEscalations) -> None:
    async with asyncio.timeout(10), agent:
        ask = {"question": "May I?", "route": "night", "wait_seconds": 0}
        structured(await agent.call_tool("ask_human", ask))
        refused = await agent.call_tool("ask_human", {**ask, "route": "nigth"})
    (asked,) = store.all_open()
    assert asked.deadline - asked.created_at == timedelta(minutes=1)
    assert "must be one of default, refunds, night" in answer_text(refused)


@pytest.mark.parametrize(
    ("route", "wanted", "needed"),
    [("refunds", 1, 2), ("refunds", 2, 2), ("refunds", 3, None), ("default", 3, 3)],
)
async def test_as_many_must_approve_as_the_route_says_and_without_one_as_the_agent_says(
    agent: Client, store: MemoryEscalations, route: str, wanted: int, needed: int | None
) -> None:
    async with asyncio.timeout(10), agent:
        ask = {"action": "Refund", "route": route, "approvals_needed": wanted, "wait_seconds": 0}
        result = await agent.call_tool("request_approval", ask)
    assert [each.question.approvals_needed for each in store.all_open()] == [needed] * bool(needed)
    if needed is None:
        assert "approvals_needed: must be at most 2" in answer_text(result)


async def test_a_prepared_answer_is_marked_and_a_late_one_goes_before_it(
    agent: Client, store: MemoryEscalations, clock: SteppedClock
) -> None:
    async with asyncio.timeout(10), agent:
        ask = {"question": "May I?", "route": "night", "wait_seconds": 0}
        known = {
            "escalation_id": structured(await agent.call_tool("ask_human", ask))["escalation_id"]
        }
        await store.note_posting(known["escalation_id"], a_posting(), complete=True)
        clock.advance(minutes=3)  # no worker lives
        ended = await agent.call_tool("check_answer", known)
        result = structured(ended)
        assert (result["status"], result["provenance"]) == ("timed_out", Provenance.FALLBACK)
        assert result["answer"] == "We call back tomorrow."
        assert (result["answered_by"], result["seconds_to_answer"]) == (None, None)
        assert "no person's: We call back tomorrow." in answer_text(ended)

        escalation = await store.get(known["escalation_id"])
        assert escalation is not None
        await store.keep_late_answer(escalation.id, an_outcome(escalation, at=clock.now))
        late = await agent.call_tool("check_answer", known)
        assert "After the deadline a person answered: Yes, 10 %." in answer_text(late)


async def test_silence_is_a_no_where_the_route_says_so_and_is_told_as_no_persons(
    agent: Client, store: MemoryEscalations, clock: SteppedClock
) -> None:
    async with asyncio.timeout(10), agent:
        ask = {"action": "Refund", "route": "refunds", "wait_seconds": 0}
        asked = structured(await agent.call_tool("request_approval", ask))
        await store.note_posting(asked["escalation_id"], a_posting(), complete=True)
        clock.advance(minutes=32)
        known = {"escalation_id": asked["escalation_id"]}
        ended = await agent.call_tool("check_answer", known)
        result = structured(ended)
        assert (result["status"], result["approved"]) == ("denied", False)
        assert result["provenance"] == Provenance.FALLBACK
        assert "No person denied it" in answer_text(ended)
        listed = structured(await agent.call_tool("list_questions", {"status": "denied"}))
        assert [each["escalation_id"] for each in listed["questions"]] == [asked["escalation_id"]]
        others = structured(await agent.call_tool("list_questions", {"status": "timed_out"}))
        assert others["questions"] == []

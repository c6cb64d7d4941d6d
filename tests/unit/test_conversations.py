"""A conversation ends, and is taken up again, as an agent sees it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from support.clock import SteppedClock
from support.discord_views import answer_text, structured
from support.gateway import build_server
from support.make import a_posting, a_remark, an_ask, an_outcome
from support.terms import the_terms

from mcp_gateway.asking import Asking
from mcp_gateway.settings import GatewaySettings
from mcp_gateway.terms import Terms, terms_in_force
from shared.errors import StoreUnavailableError
from shared.escalation import Escalation, Outcome, Provenance, State
from shared.memory.discussion import MemoryDiscussion
from shared.memory.escalations import MemoryEscalations
from shared.ports.escalations import Concluded
from shared.ports.hold import Hold
from shared.question import DEFAULT_ROUTE
from shared.routes.route import CallerGone

BOUND = 10
MINUTES = timedelta(minutes=10)
TERMS = the_terms(MINUTES, drops=Terms(MINUTES, caller_gone=CallerGone.DROP))


class GoesAway(MemoryEscalations):
    """A store whose Redis goes away after so many of the questions were let go of."""

    left = 1

    async def conclude(
        self, escalation_id: str, outcome: Outcome, hold: Hold | None = None
    ) -> Concluded | None:
        self._count()
        return await super().conclude(escalation_id, outcome, hold)

    async def note_caller(self, escalation_id: str, *, gone: bool) -> Concluded | None:
        self._count()
        return await super().note_caller(escalation_id, gone=gone)

    def _count(self) -> None:
        if not self.left:
            raise StoreUnavailableError("Redis can't be reached")
        self.left -= 1


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def store(clock: SteppedClock) -> MemoryEscalations:
    return MemoryEscalations(clock=clock)


@pytest.fixture
def agent(store: MemoryEscalations, clock: SteppedClock) -> Client:
    """Make a client of a gateway with a route that keeps and one that drops."""
    return a_client(store, clock)


def a_client(store: MemoryEscalations, clock: SteppedClock) -> Client:
    asking = Asking(
        store,
        store,
        MemoryDiscussion(store),
        terms=TERMS,
        retention=timedelta(hours=1),
        clock=clock,
    )
    return Client(build_server(asking, GatewaySettings(_env_file=None)))  # pyright: ignore[reportCallIssue]


async def asked(
    store: MemoryEscalations,
    text: str = "May I?",
    *,
    route: str = DEFAULT_ROUTE,
    conversation_id: str = "c1",
    agent: str = "local",
) -> Escalation:
    """Ask in a conversation, and let people see it."""
    ask = an_ask(text, agent=agent, conversation_id=conversation_id, route=route)
    escalation = (await store.accept(ask)).escalation
    await store.note_posting(escalation.id, a_posting(), complete=True)
    return escalation


async def test_a_busy_tenants_conversation_is_listed_and_ended_behind_all_that_is_newer(
    store: MemoryEscalations, clock: SteppedClock, agent: Client
) -> None:
    opened = await asked(store)
    clock.advance(seconds=1)
    for number in range(1_000):
        await store.accept(an_ask(f"Other {number}?", agent="local"))
    async with asyncio.timeout(BOUND), agent:
        here = {"conversation_id": "c1"}
        listed = structured(await agent.call_tool("list_questions", here))["questions"]
        ended = structured(await agent.call_tool("end_conversation", here))["questions"]
    assert [each["escalation_id"] for each in listed] == [opened.id]
    assert [(each["escalation_id"], each["became"]) for each in ended] == [(opened.id, "kept")]
    assert (await read(store, opened)).caller_gone_at is not None


async def read(store: MemoryEscalations, escalation: Escalation) -> Escalation:
    found = await store.get(escalation.id)
    assert found is not None
    return found


async def end(agent: Client, **more: Any) -> dict[str, str]:
    """End the conversation; tell what became of each question."""
    result = structured(
        await agent.call_tool("end_conversation", {"conversation_id": "c1", **more})
    )
    assert result["conversation_id"] == "c1"
    return {each["escalation_id"]: each["became"] for each in result["questions"]}


async def test_each_open_question_of_the_conversation_is_kept_or_dropped_as_its_route_says(
    agent: Client, store: MemoryEscalations, clock: SteppedClock
) -> None:
    kept = await asked(store, "Kept?")
    dropped = await asked(store, "Dropped?", route="drops")
    answered = await asked(store, "Answered?", route="drops")
    await store.conclude(answered.id, an_outcome(answered, at=clock.now))
    elsewhere = await asked(store, conversation_id="c2", route="drops")
    theirs = await asked(store, agent="bank", route="drops")
    async with asyncio.timeout(BOUND), agent:
        became = await end(agent, reason="they hung up")
    assert became == {kept.id: "kept", dropped.id: "cancelled"}
    assert (await read(store, kept)).state is State.POSTED
    assert (await read(store, kept)).caller_gone_at is not None
    outcome = (await read(store, dropped)).outcome
    assert outcome is not None
    assert (outcome.state, outcome.provenance) == (State.CANCELLED, Provenance.SYSTEM)
    assert outcome.reason == "the conversation ended (they hung up)"
    assert (await read(store, answered)).state is State.ANSWERED
    for each in (elsewhere, theirs):
        assert (await read(store, each)).caller_gone_at is None
        assert (await read(store, each)).state is State.POSTED


async def test_a_conversation_ends_as_often_as_one_likes(
    agent: Client, store: MemoryEscalations
) -> None:
    kept, dropped = await asked(store, "Kept?"), await asked(store, "Dropped?", route="drops")
    async with asyncio.timeout(BOUND), agent:
        await end(agent)
        once = [await read(store, each) for each in (kept, dropped)]
        assert await end(agent, reason="again") == {kept.id: "kept"}
        nothing = await agent.call_tool("end_conversation", {"conversation_id": "never"})
    assert [await read(store, each) for each in (kept, dropped)] == once
    assert structured(nothing)["questions"] == []
    assert "No question was open" in answer_text(nothing)


async def test_redis_that_goes_away_in_the_middle_is_told_as_half_done_and_repeating_ends_it(
    clock: SteppedClock,
) -> None:
    store = GoesAway(clock=clock)
    first, second = await asked(store, "One?"), await asked(store, "Two?", route="drops")
    async with asyncio.timeout(BOUND), a_client(store, clock) as agent:
        failed = await agent.call_tool("end_conversation", {"conversation_id": "c1"})
        assert failed.is_error
        assert "some of the conversation's questions" in answer_text(failed)
        assert "try again" in answer_text(failed)
        assert "nothing was done" not in answer_text(failed)
        again = await agent.call_tool("end_conversation", {"conversation_id": "c1"})
        assert "nothing was done: try again" in answer_text(again)
        store.left = 10
        await end(agent)
    assert (await read(store, first)).caller_gone_at is not None
    assert (await read(store, second)).state is State.CANCELLED


async def test_an_answer_that_is_there_before_the_drop_stands(
    store: MemoryEscalations, clock: SteppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = await asked(store, route="drops")
    listed = store.list_for_tenant

    async def answered_meanwhile(*names: Any, **filters: Any) -> list[Escalation]:
        found = await listed(*names, **filters)
        await store.conclude(question.id, an_outcome(question, at=clock.now))
        return found

    monkeypatch.setattr(store, "list_for_tenant", answered_meanwhile)
    async with asyncio.timeout(BOUND), a_client(store, clock) as agent:
        assert await end(agent) == {question.id: "had_ended"}
        told = await agent.call_tool("check_answer", {"escalation_id": question.id})
    assert answer_text(told) == "Yes, 10 %."


async def test_what_was_dropped_is_answered_by_nobody(
    agent: Client, store: MemoryEscalations, clock: SteppedClock
) -> None:
    question = await asked(store, route="drops")
    async with asyncio.timeout(BOUND), agent, asyncio.TaskGroup() as group:
        waits = {"escalation_id": question.id, "wait_seconds": 9}
        waiting = group.create_task(agent.call_tool("check_answer", waits))
        await end(agent)
        refused = await store.conclude(question.id, an_outcome(question, at=clock.now))
        told = await waiting
    assert refused is not None
    assert not refused.applied
    assert structured(told)["status"] == "cancelled"
    assert "the conversation ended" in answer_text(told)


@pytest.mark.parametrize("tool", ["check_answer", "send_to_operator", "ask_human"])
async def test_whoever_waits_for_it_again_is_the_caller_who_is_back(
    agent: Client, store: MemoryEscalations, tool: str
) -> None:
    question = await asked(store)
    arguments: dict[str, Any] = {
        "check_answer": {"escalation_id": question.id},
        "send_to_operator": {"escalation_id": question.id, "message": "It is for a friend."},
        "ask_human": {"question": "May I?", "conversation_id": "c1"},
    }[tool]
    async with asyncio.timeout(BOUND), agent:
        await end(agent)
        (listed,) = structured(await agent.call_tool("list_questions", {}))["questions"]
        assert listed["caller_gone_at"] is not None, "a listing only reads"
        told = structured(await agent.call_tool(tool, {**arguments, "wait_seconds": 0}))
        (listed,) = structured(await agent.call_tool("list_questions", {}))["questions"]
    assert (told["escalation_id"], told["status"]) == (question.id, "pending")
    assert listed["caller_gone_at"] is None
    back = await read(store, question)
    assert (back.caller_gone_at, back.departures) == (None, 1)


async def test_another_agent_neither_ends_a_conversation_nor_takes_it_up(
    agent: Client, store: MemoryEscalations
) -> None:
    theirs = await asked(store, agent="bank")
    await store.note_caller(theirs.id, gone=True)
    async with asyncio.timeout(BOUND), agent:
        assert await end(agent) == {}
        refused = await agent.call_tool("check_answer", {"escalation_id": theirs.id})
    assert refused.is_error
    assert (await read(store, theirs)).caller_gone_at is not None


async def test_an_answer_that_comes_after_the_end_is_kept_and_can_be_read(
    agent: Client, store: MemoryEscalations, clock: SteppedClock
) -> None:
    question = await asked(store)
    async with asyncio.timeout(BOUND), agent:
        await end(agent)
        await store.conclude(question.id, an_outcome(question, at=clock.now))
        clock.advance(minutes=50)
        (listed,) = structured(await agent.call_tool("list_questions", {}))["questions"]
        assert (listed["status"], listed["answer"]) == ("answered", "Yes, 10 %.")
        assert (listed["delivered"], listed["caller_gone_at"] is None) == (False, False)
        told = await agent.call_tool("check_answer", {"escalation_id": question.id})
        await agent.call_tool("confirm_delivery", {"escalation_id": question.id})
        (listed,) = structured(await agent.call_tool("list_questions", {}))["questions"]
    assert answer_text(told) == "Yes, 10 %."
    assert listed["delivered"]


async def test_a_late_answer_after_the_end_is_kept_and_can_be_read(
    agent: Client, store: MemoryEscalations, clock: SteppedClock
) -> None:
    question = await asked(store)
    async with asyncio.timeout(BOUND), agent:
        await end(agent)
        clock.advance(minutes=10)
        await store.conclude(question.id, an_outcome(question, State.TIMED_OUT, at=clock.now))
        clock.advance(minutes=20)
        await store.keep_late_answer(question.id, an_outcome(question, at=clock.now))
        (listed,) = structured(await agent.call_tool("list_questions", {}))["questions"]
        told = await agent.call_tool("check_answer", {"escalation_id": question.id})
    assert (listed["status"], listed["late_answer"]) == ("timed_out", "Yes, 10 %.")
    assert "After the deadline a person answered: Yes, 10 %." in answer_text(told)


async def test_a_person_who_asked_back_waits_on_until_the_customer_is_back(
    agent: Client, store: MemoryEscalations, clock: SteppedClock
) -> None:
    question = await asked(store)
    await MemoryDiscussion(store).remark(question.id, a_remark(at=clock.now))
    async with asyncio.timeout(BOUND), agent:
        assert await end(agent) == {question.id: "kept"}
        assert (await read(store, question)).state is State.NEEDS_INFO
        told = structured(await agent.call_tool("check_answer", {"escalation_id": question.id}))
    assert (told["status"], told["asked_back"]) == ("needs_info", "Which size?")
    assert (await read(store, question)).caller_gone_at is None


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({}, "conversation_id"),
        ({"conversation_id": ""}, "conversation_id"),
        ({"conversation_id": "x" * 129}, "conversation_id"),
        ({"conversation_id": "c1", "reason": "x" * 501}, "reason"),
        ({"conversation_id": "c1", "cancel": True}, "cancel"),
    ],
)
async def test_bad_input_names_the_field_and_ends_nothing(
    agent: Client, store: MemoryEscalations, arguments: dict[str, Any], field: str
) -> None:
    question = await asked(store, route="drops")
    async with asyncio.timeout(BOUND), agent:
        refused = await agent.call_tool("end_conversation", arguments)
    assert refused.is_error
    assert answer_text(refused).startswith(f"{field}: ")
    assert (await read(store, question)).state is State.POSTED


def test_the_policy_comes_from_the_routes_file(tmp_path: Path) -> None:
    file = tmp_path / "routes.toml"
    route = "[routes.{0}]\nchannels = [1]\noperators = {{ users = [1] }}\n"
    file.write_text(route.format("default") + route.format("fast") + 'caller_gone = "drop"\n')
    settings = GatewaySettings(_env_file=None, routes_file=file)  # pyright: ignore[reportCallIssue]
    terms = terms_in_force(settings)
    assert terms.of("default").caller_gone is CallerGone.KEEP
    assert terms.of("fast").caller_gone is CallerGone.DROP
    assert terms.of("gone-since").caller_gone is CallerGone.KEEP

"""What the tools say of themselves, by which a client decides whom to ask first, is so."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from support.discord_views import structured
from support.gateway import a_client
from support.make import a_posting, an_ask, an_outcome

from shared.escalation import Escalation, State
from shared.memory.escalations import MemoryEscalations
from shared.ports.clock import utc_now

CHANGES_PEOPLES_WORLD = (False, False, None, True)
TAKES_SOMETHING_BACK = (False, True, True, True)
NOTES_SOMETHING_ONCE = (False, False, True, True)
SETTLES_WHAT_IT_SHOWS = (False, False, True, False)


async def test_the_tools_say_what_they_do_to_the_world() -> None:
    async with asyncio.timeout(10), a_client(MemoryEscalations()) as agent:
        tools = (await agent.list_tools()).tools
    said = {each.name: each.annotations for each in tools}
    assert {
        name: hints
        and (
            hints.read_only_hint,
            hints.destructive_hint,
            hints.idempotent_hint,
            hints.open_world_hint,
        )
        for name, hints in said.items()
    } == {
        "ask_human": CHANGES_PEOPLES_WORLD,
        "request_approval": CHANGES_PEOPLES_WORLD,
        "send_to_operator": CHANGES_PEOPLES_WORLD,
        "check_answer": NOTES_SOMETHING_ONCE,
        "cancel_question": TAKES_SOMETHING_BACK,
        "end_conversation": TAKES_SOMETHING_BACK,
        "confirm_delivery": NOTES_SOMETHING_ONCE,
        "list_questions": SETTLES_WHAT_IT_SHOWS,
    }


async def test_a_tool_is_described_without_the_indentation_of_its_code() -> None:
    async with asyncio.timeout(10), a_client(MemoryEscalations()) as agent:
        tools = (await agent.list_tools()).tools
    for tool in tools:
        lines = (tool.description or "").split("\n")
        assert lines[0]
        assert [line for line in lines if line != line.strip()] == []


async def open_and_left(store: MemoryEscalations) -> Escalation:
    """Give an open question whose conversation has ended."""
    asked = (await store.accept(an_ask(agent="local", conversation_id="c1"))).escalation
    await store.note_posting(asked.id, a_posting(), complete=True)
    await store.note_caller(asked.id, gone=True)
    return asked


async def answered_for_now(store: MemoryEscalations) -> Escalation:
    """Give an answered question whose answer may be edited."""
    asked = (await store.accept(an_ask(agent="local", conversation_id="c1"))).escalation
    until = utc_now() + timedelta(minutes=2)
    answer = an_outcome(asked, State.ANSWERED, at=utc_now())
    await store.conclude(asked.id, answer.model_copy(update={"correctable_until": until}))
    return asked


@pytest.mark.parametrize(
    ("tool", "make"),
    [
        ("check_answer", open_and_left),
        ("check_answer", answered_for_now),
        ("list_questions", answered_for_now),
        ("confirm_delivery", answered_for_now),
        ("cancel_question", open_and_left),
        ("end_conversation", open_and_left),
    ],
)
async def test_what_says_that_it_may_be_repeated_changes_something_once(
    tool: str, make: Any
) -> None:
    store = MemoryEscalations()
    async with asyncio.timeout(10), a_client(store) as agent:
        asked = await make(store)
        if tool == "end_conversation":
            await store.note_caller(asked.id, gone=False)
        named = {"conversation_id": "c1"} if tool in {"list_questions", "end_conversation"} else {}
        arguments = named or {"escalation_id": asked.id}
        if tool == "check_answer":
            arguments |= {"wait_seconds": 0}
        before = await store.get(asked.id)
        structured(await agent.call_tool(tool, arguments))
        once = await store.get(asked.id)
        structured(await agent.call_tool(tool, arguments))
        twice = await store.get(asked.id)
    assert once != before, "so it is no tool that only reads"
    assert twice == once

"""A chat's id is its key: the gateway is told it, since it is asked by it, and nobody else."""

from __future__ import annotations

import asyncio
import json
import secrets

import pytest
import structlog.testing
from fake_gateway import FakeGateway
from support.talking import BRISK, client_for

from customer_agent.chats import Chats
from customer_agent.conversation import Manner
from customer_agent.providers import text_pipeline
from customer_agent.settings import AgentSettings, OnHangup
from shared.conversation import name_of_conversation

BOUND = 20


@pytest.mark.parametrize("on_hangup", OnHangup)
async def test_neither_people_nor_logs_get_what_opens_a_chat(
    gateway: FakeGateway, on_hangup: OnHangup, capfd: pytest.CaptureFixture[str]
) -> None:
    key = secrets.token_urlsafe(16)
    chats = Chats(
        gateway=client_for(gateway.url),
        pipelines=lambda write: text_pipeline(AgentSettings(), write),
        manner=Manner(
            instructions="Be kind.",
            greeting="Hello!",
            hold_line_seconds=0,
            on_hangup=on_hangup,
            patience=BRISK,
        ),
        most=1,
        idle_after=60,
    )
    with structlog.testing.capture_logs() as logged:
        async with asyncio.timeout(BOUND), chats:
            chat = chats.open(key)
            chat.write("Can I get a discount?")
            asked = await gateway.until_asked()
            names = {task.get_name() for task in asyncio.all_tasks()}
            chat.end()
            async for _ in chat.transcript.follow(None):  # until it has ended
                pass
    assert asked.conversation_id == key, "the gateway finds a conversation's questions by it"
    people_see = json.dumps([asked.question, asked.context, asked.turns, asked.facts])
    assert key not in people_see
    assert asked.facts["Conversation"] == name_of_conversation(key)
    known = {each["event"]: each for each in logged}
    ended = known["chat_ended"]
    assert ended["conversation"] == name_of_conversation(key), "so it is found in the logs"
    output = capfd.readouterr()
    assert key not in f"{logged} {names} {output.out} {output.err}"


def test_a_name_holds_too_little_to_be_an_id_and_tells_conversations_apart() -> None:
    keys = [secrets.token_urlsafe(16) for _ in range(1000)]
    names = {name_of_conversation(key) for key in keys}
    assert len(names) == len(keys)
    assert {len(name) for name in names} == {10}

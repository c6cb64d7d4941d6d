"""What the agent attaches to its questions, over the real runtime and a fake gateway."""

from __future__ import annotations

import asyncio

import pytest
from fake_gateway import FakeGateway
from support.talking import client_for, talking
from videosdk.agents import ChatContext, ChatRole

from customer_agent.background import Attaching, Sharing
from customer_agent.notices import Notices
from customer_agent.outcomes import Ending, Outcome
from customer_agent.running import manner_from
from customer_agent.settings import AgentSettings
from shared.background import TURN_LIMIT, Speaker
from shared.conversation import name_of_conversation
from shared.settings import load

BOUND = 20


def attaching(notices: Notices | None = None, *, turns: int = 10) -> Attaching:
    return Attaching(
        notices or Notices(), conversation_id="talk", sharing=Sharing(turns), clock=lambda: 0.0
    )


async def test_people_see_what_was_said_before_the_question_and_what_the_agent_knows(
    gateway: FakeGateway,
) -> None:
    sharing = Sharing(turns=4, facts={"Shop": "Orchard Lane"})
    async with asyncio.timeout(BOUND), talking(client_for(gateway.url), sharing=sharing) as talk:
        await talk.says("When are you open?")
        await talk.says("Can I get 10% off?")
        asked = await gateway.until_asked()
    assert [each["speaker"] for each in asked.turns[:4]] == [
        "agent",
        "customer",
        "agent",
        "customer",
    ]
    assert asked.turns[0]["text"] == "Hello!"
    assert asked.turns[1]["text"] == "When are you open?"
    assert "Monday to Friday" in asked.turns[2]["text"]
    assert asked.turns[3]["text"] == "Can I get 10% off?"
    assert asked.facts == {
        "Shop": "Orchard Lane",
        "Conversation": name_of_conversation("talk"),
        "Talking for": "0 min",
    }


async def test_what_a_colleague_answered_is_the_colleagues_turn_and_no_customers(
    gateway: FakeGateway,
) -> None:
    async with asyncio.timeout(BOUND), talking(client_for(gateway.url)) as talk:
        await talk.says("Can I get 10% off?")
        await gateway.settle(await gateway.until_asked(), answer="Five per cent")
        await talk.heard.until("Five per cent")
        await talk.says("I want my money back for the lamp.")
        second = await gateway.until_asked(2)
    colleagues = [each["text"] for each in second.turns if each["speaker"] == "colleague"]
    assert colleagues == ["Five per cent"]
    assert not any("notice" in each["text"] for each in second.turns), "the marker stays with us"


async def test_no_turns_where_none_are_to_be_shared(gateway: FakeGateway) -> None:
    async with (
        asyncio.timeout(BOUND),
        talking(client_for(gateway.url), sharing=Sharing(turns=0)) as talk,
    ):
        await talk.says("Can I get 10% off?")
        asked = await gateway.until_asked()
    assert asked.turns == []


async def test_a_gateway_that_knows_nothing_of_it_is_asked_all_the_same(
    gateway: FakeGateway,
) -> None:
    gateway.is_older = True
    async with asyncio.timeout(BOUND), talking(client_for(gateway.url)) as talk:
        await talk.says("Can I get 10% off?")
        asked = await gateway.until_asked()
        await gateway.settle(asked, answer="Five per cent")
        await talk.heard.until("Five per cent")
    assert (asked.turns, len(gateway.asked)) == ([], 1)


async def test_who_asks_again_attaches_the_same(gateway: FakeGateway) -> None:
    async with asyncio.timeout(BOUND), talking(client_for(gateway.url)) as talk:
        await gateway.until(lambda: "list_questions" in gateway.calls)
        await gateway.kill()
        await talk.says("Can I get 10% off?")
        await talk.says("When are you open?")
        await gateway.start()
        asked = await gateway.until_asked()
    assert asked.turns[-1]["text"] == "Can I get 10% off?", "as it was when the question came up"


def test_only_what_was_said_is_a_turn_and_it_is_cut_to_its_limit() -> None:
    notices = Notices()
    context = ChatContext.empty()
    context.add_message(role=ChatRole.SYSTEM, content="Be kind.")
    context.add_message(role=ChatRole.USER, content="  \u200b ")
    context.add_message(role=ChatRole.USER, content="a\x00b\ud800")
    told = Outcome(Ending.TIMED_OUT, "Q-1", "May I?")
    context.add_message(role=ChatRole.USER, content=notices.write(told))
    asked = Outcome(Ending.NEEDS_INFO, "Q-1", "May I?", asked_back="Which size?")
    context.add_message(role=ChatRole.USER, content=notices.write(asked))
    context.add_message(role=ChatRole.ASSISTANT, content="x" * 5_000)
    turns = attaching(notices).attach(context.items).turns
    assert [each.speaker for each in turns] == [
        Speaker.CUSTOMER,
        Speaker.COLLEAGUE,
        Speaker.AGENT,
    ]
    assert [each.text for each in turns[:2]] == ["ab", "Which size?"]
    assert turns[2].text == "x" * (TURN_LIMIT - 1) + "…"
    assert attaching(notices, turns=1).attach(context.items).turns == turns[2:]


def test_what_goes_along_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENT_TURNS", "3")
    monkeypatch.setenv("AGENT_FACTS", " Shop = Orchard Lane;Line=German = Swiss; ")
    sharing = manner_from(load(AgentSettings)).sharing
    assert sharing == Sharing(3, {"Shop": "Orchard Lane", "Line": "German = Swiss"})

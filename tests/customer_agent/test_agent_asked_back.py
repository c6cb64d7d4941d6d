"""A colleague asks back: the customer is asked once, and the reply is passed on."""

from __future__ import annotations

import asyncio

from fake_gateway import FakeGateway
from support.talking import BRISK, client_for, talking

from customer_agent.agent import CustomerAgent
from customer_agent.notices import Notices
from customer_agent.outcomes import Ending, Outcome

BOUND = 20


async def test_the_customers_next_words_are_the_reply_and_the_wait_goes_on(
    gateway: FakeGateway,
) -> None:
    async with asyncio.timeout(BOUND), talking(client_for(gateway.url)) as talk:
        await talk.says("Can I get a discount?")
        asked = await gateway.until_asked()
        await gateway.ask_back(asked, 'How many, and in which "size"?')
        said = await talk.heard.until('How many, and in which "size"?')
        assert "Can I get a discount?" in said
        assert talk.open_counts[-1] == 0, "it waits for the customer, not for a colleague"

        await talk.says("Three, large. Is delivery free?")
        await talk.heard.until("passed that on")
        await gateway.until(lambda: gateway.held == 1)
        assert asked.replies == ["Three, large. Is delivery free?"]
        assert talk.open_counts[-1] == 1
        await talk.says("When are you open?")
        await talk.heard.until("Monday to Friday")
        await gateway.settle(asked, answer="Then ten per cent.")
        await talk.heard.until("Then ten per cent.")
    assert talk.heard.count("in which") == 1, "asked once"
    assert asked.replies == ["Three, large. Is delivery free?"], "replied once"
    assert asked.delivered == [False], "a question back is not confirmed as delivered"


async def test_while_the_customer_thinks_the_gateway_is_left_in_peace(gateway: FakeGateway) -> None:
    async with asyncio.timeout(BOUND), talking(client_for(gateway.url)) as talk:
        await talk.says("Can I get a discount?")
        await gateway.ask_back(await gateway.until_asked(), "How many?")
        await talk.heard.until("How many?")
        before = len(gateway.calls)
        await asyncio.sleep(4 * BRISK.asked_back)
        looks = len(gateway.calls) - before
        assert 1 <= looks <= 5, "now and then, since somebody may answer without the customer"


async def test_what_people_add_is_asked_too_and_nothing_twice(gateway: FakeGateway) -> None:
    async with asyncio.timeout(BOUND), talking(client_for(gateway.url)) as talk:
        await talk.says("Can I get a discount?")
        asked = await gateway.until_asked()
        await gateway.ask_back(asked, "How many?")
        await talk.heard.until("How many?")
        await gateway.ask_back(asked, "And when?")
        added = await talk.heard.until("And when?")
        assert "How many?" not in added
        await talk.says("Three, tomorrow.")
        await gateway.until(lambda: gateway.held == 1)
        await gateway.ask_back(asked, "How many?")
        await gateway.until(lambda: gateway.held == 0)
        await talk.heard.until_times("How many?", 2)
        await talk.says("Three, as I said.")
        await gateway.until(lambda: len(asked.replies) == 2)
    assert asked.replies == ["Three, tomorrow.", "Three, as I said."]


async def test_an_answer_that_comes_before_the_reply_is_told_and_the_reply_goes_nowhere(
    gateway: FakeGateway,
) -> None:
    async with asyncio.timeout(BOUND), talking(client_for(gateway.url)) as talk:
        await talk.says("Can I get a discount?")
        asked = await gateway.until_asked()
        await gateway.ask_back(asked, "How many?")
        await talk.heard.until("How many?")
        await gateway.settle(asked, answer="Never mind: five per cent.")
        await talk.heard.until("five per cent")
        await talk.says("When are you open?")
        await talk.heard.until("Monday to Friday")
    assert asked.replies == []


async def test_a_reply_survives_a_gateway_that_is_away(gateway: FakeGateway) -> None:
    async with asyncio.timeout(BOUND), talking(client_for(gateway.url)) as talk:
        await talk.says("Can I get a discount?")
        asked = await gateway.until_asked()
        await gateway.ask_back(asked, "How many?")
        await talk.heard.until("How many?")
        await gateway.kill()
        await talk.says("Three.")
        await talk.heard.until("passed that on")
        await gateway.start()
        await gateway.until(lambda: gateway.held == 1)
        await gateway.settle(asked, answer="Ten per cent")
        await talk.heard.until("Ten per cent")
    assert asked.replies == ["Three."]


async def test_a_new_agent_asks_what_the_earlier_one_has_no_reply_to(gateway: FakeGateway) -> None:
    asked = gateway.add("May she have a discount?", conversation_id="same")
    await gateway.ask_back(asked, "How many?")
    async with asyncio.timeout(BOUND):
        async with talking(client_for(gateway.url), conversation_id="same") as talk:
            await talk.heard.until("How many?")
            await talk.says("Three.")
            await gateway.until(lambda: asked.replies == ["Three."])


async def test_a_reply_that_nobody_waits_for_is_refused_in_words(gateway: FakeGateway) -> None:
    async with asyncio.timeout(BOUND), talking(client_for(gateway.url)) as talk:
        agent = talk.conversation.session.agent
        assert isinstance(agent, CustomerAgent)
        await talk.says("Can I get a discount?")
        asked = await gateway.until_asked()
        assert "no colleague waits" in await agent.reply_to_colleague("Q-1", "Three.")
        await gateway.ask_back(asked, "How many?")
        await talk.heard.until("How many?")
        assert "was empty" in await agent.reply_to_colleague("Q-1", " ")
        # A model that lost the ticket: there is only one question that it can be about.
        assert (await agent.reply_to_colleague("Q-1", "Three.")).startswith("Passed on.")
        await gateway.until(lambda: asked.replies == ["Three."])


def test_a_customer_cannot_forge_a_question_back() -> None:
    notices, others = Notices(), Notices()
    wanted = Outcome(Ending.NEEDS_INFO, "Q-1", "A discount?", asked_back="How\nmany?")
    assert notices.read(notices.write(wanted)) == wanted
    assert notices.read(others.write(wanted)) is None

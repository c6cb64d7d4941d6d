"""Questions and answers, over the real runtime and a fake gateway over real MCP."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from fake_gateway import FakeGateway
from support.talking import client_for, talking

BOUND = 20


async def test_the_answer_of_a_person_is_spoken_word_for_word(gateway: FakeGateway) -> None:
    async with asyncio.timeout(BOUND), talking(client_for(gateway.url)) as talk:
        await talk.says("Can I get 10% off?")
        asked = await gateway.until_asked()
        await gateway.settle(asked, answer='Yes, "ten" per cent,\nuntil Friday!')
        said = await talk.heard.until("until Friday!")
    assert 'Maya says: Yes, "ten" per cent,\nuntil Friday!' in said
    assert asked.question == "Can I get 10% off?"
    assert asked.conversation_id == "talk"
    assert "discount" in (asked.context or "")


async def test_two_open_questions_each_get_their_own_answer(gateway: FakeGateway) -> None:
    async with asyncio.timeout(BOUND), talking(client_for(gateway.url)) as talk:
        await talk.says("Can I get a discount?")
        await talk.says("I want my money back for the lamp.")
        await gateway.until_asked(2)
        discount, refund = sorted(gateway.asked, key=lambda each: "discount" not in each.question)
        await gateway.settle(refund, answer="Refund approved")
        about_refund = await talk.heard.until("Refund approved")
        await gateway.settle(discount, answer="Five per cent")
        about_discount = await talk.heard.until("Five per cent")
    assert "money back" in about_refund
    assert "discount" in about_discount
    assert max(talk.open_counts) == 2
    assert talk.open_counts[-1] == 0


async def test_the_customer_is_answered_at_once_while_a_question_is_open(
    gateway: FakeGateway,
) -> None:
    async with asyncio.timeout(BOUND), talking(client_for(gateway.url)) as talk:
        began = asyncio.get_running_loop().time()
        await talk.says("Can I get a discount?")
        await gateway.until(lambda: gateway.held == 1)
        await talk.says("When are you open?")
        await talk.says("And how long does delivery take?")
        took = asyncio.get_running_loop().time() - began
        assert gateway.held == 1, "the question must still be open"
    assert talk.heard.count("Monday to Friday") == 1
    assert talk.heard.count("three to five working days") == 1
    assert took < 5, "no turn may wait for the call that the gateway holds"


async def test_an_answer_survives_a_gateway_killed_while_waiting_and_is_spoken_once(
    gateway: FakeGateway,
) -> None:
    async with asyncio.timeout(BOUND), talking(client_for(gateway.url)) as talk:
        await talk.says("Can I get a discount?")
        await gateway.until(lambda: gateway.held == 1)
        await gateway.kill()
        await talk.says("Are you still there? When are you open?")
        await gateway.settle(gateway.asked[0], answer="Seven per cent")
        await gateway.start()
        await talk.heard.until("Seven per cent")
        await talk.says("any news?")
    assert talk.heard.count("Seven per cent") == 1
    assert len(gateway.asked) == 1, "asking again with the same key must not ask twice"


async def test_a_question_asked_while_the_gateway_is_away_is_asked_when_it_is_back(
    gateway: FakeGateway,
) -> None:
    await gateway.kill()
    async with asyncio.timeout(BOUND), talking(client_for(gateway.url)) as talk:
        await talk.says("Can I get a discount?")
        await gateway.start()
        asked = await gateway.until_asked()
        await gateway.settle(asked, answer="Three per cent")
        await talk.heard.until("Three per cent")


async def test_redis_being_away_behind_the_gateway_is_waited_out(gateway: FakeGateway) -> None:
    gateway.refusal = "the store is away; try again in a moment"
    async with asyncio.timeout(BOUND), talking(client_for(gateway.url)) as talk:
        await talk.says("Can I get a discount?")
        await gateway.until(lambda: len(gateway.calls) >= 3)
        gateway.refusal = None
        await gateway.settle(await gateway.until_asked(), answer="Four per cent")
        await talk.heard.until("Four per cent")


async def test_two_answers_at_the_same_time_are_spoken_one_after_the_other(
    gateway: FakeGateway,
) -> None:
    async with asyncio.timeout(BOUND), talking(client_for(gateway.url)) as talk:
        await talk.says("Can I get a discount?")
        await talk.says("I want a refund.")
        await gateway.until_asked(2)
        talk.llm.may_speak.clear()
        talk.llm.thinking.clear()
        await gateway.settle(gateway.asked[0], answer="Answer the first")
        await gateway.settle(gateway.asked[1], answer="Answer the second")
        # Both are there while the model still thinks about one of them.
        await talk.llm.thinking.wait()
        await gateway.until(lambda: gateway.held == 0)
        talk.llm.may_speak.set()
        await talk.heard.until("Answer the first")
        await talk.heard.until("Answer the second")
    assert talk.heard.count("Answer the first") == 1
    assert talk.heard.count("Answer the second") == 1


async def test_an_answer_that_comes_in_mid_turn_is_spoken_after_the_turn(
    gateway: FakeGateway,
) -> None:
    async with asyncio.timeout(BOUND), talking(client_for(gateway.url)) as talk:
        await talk.says("Can I get a discount?")
        await gateway.until(lambda: gateway.held == 1)
        talk.llm.may_speak.clear()
        talk.llm.thinking.clear()
        turn = asyncio.create_task(talk.says("When are you open?"))
        await talk.llm.thinking.wait()
        await gateway.settle(gateway.asked[0], answer="Eight per cent")
        await gateway.until(lambda: gateway.held == 0)
        talk.llm.may_speak.set()
        await turn
        await talk.heard.until("Eight per cent")
    hours = next(i for i, line in enumerate(talk.heard.lines) if "Monday" in line)
    answer = next(i for i, line in enumerate(talk.heard.lines) if "Eight per cent" in line)
    assert hours < answer


async def test_what_the_customer_says_while_an_answer_is_spoken_is_not_lost(
    gateway: FakeGateway,
) -> None:
    async with asyncio.timeout(BOUND), talking(client_for(gateway.url)) as talk:
        await talk.says("Can I get a discount?")
        await gateway.until(lambda: gateway.held == 1)
        talk.llm.may_speak.clear()
        talk.llm.thinking.clear()
        await gateway.settle(gateway.asked[0], answer="Nine per cent")
        await talk.llm.thinking.wait()
        turn = asyncio.create_task(talk.says("How long is the warranty?"))
        await asyncio.sleep(0)
        talk.llm.may_speak.set()
        await turn
        await talk.heard.until("two-year warranty")
        await talk.heard.until("Nine per cent")


async def test_each_outcome_is_told_in_words_of_its_own(gateway: FakeGateway) -> None:
    async with asyncio.timeout(BOUND), talking(client_for(gateway.url)) as talk:
        for number, (status, reason) in enumerate(
            [
                ("declined", "we never do that"),
                ("timed_out", None),
                ("cancelled", None),
                ("undeliverable", "nobody is on duty"),
            ],
            start=1,
        ):
            await talk.says(f"Can I get a discount of {number}%?")
            # What a store may keep beside an outcome is no answer.
            await gateway.settle(
                await gateway.until_asked(number), status, answer="Sure, take it", reason=reason
            )
            await talk.heard.until(f"of {number}%?”")
        await gateway.until(lambda: gateway.held == 0)
    told = [next(x for x in talk.heard.lines if f"of {n}%?”" in x) for n in (1, 2, 3, 4)]
    assert "could not say yes" in told[0]
    assert "we never do that" in told[0]
    assert "neither a yes nor a no" in told[1]
    assert "taken back" in told[2]
    assert "could not get" in told[3]
    assert len(set(told)) == 4
    assert not any("Sure, take it" in line for line in talk.heard.lines)


async def test_a_decision_of_people_is_told_in_words_of_its_own(gateway: FakeGateway) -> None:
    async with asyncio.timeout(BOUND), talking(client_for(gateway.url)) as talk:
        await talk.says("Can I get a discount of 1%?")
        await gateway.settle(await gateway.until_asked(1), "approved", answer="Once only.")
        approved = await talk.heard.until("have approved “Can I get a discount of 1%?”")
        await talk.says("Can I get a discount of 2%?")
        await gateway.settle(await gateway.until_asked(2), "denied")
        denied = await talk.heard.until("decided against “Can I get a discount of 2%?”")
        await gateway.until(lambda: all(each.is_delivered for each in gateway.asked))
    assert "Maya says: Once only." in approved
    assert "says" not in denied


async def test_a_new_agent_picks_up_the_open_question_of_its_conversation(
    gateway: FakeGateway,
) -> None:
    async with asyncio.timeout(BOUND):
        async with talking(client_for(gateway.url), conversation_id="same") as first:
            await first.says("Can I get a discount?")
            await gateway.until(lambda: gateway.held == 1)
        async with talking(client_for(gateway.url), conversation_id="same") as second:
            await gateway.until(lambda: "check_answer" in gateway.calls)
            await gateway.settle(gateway.asked[0], answer="Six per cent")
            await second.heard.until("Six per cent")
        assert first.heard.count("Six per cent") == 0
        assert len(gateway.asked) == 1


async def test_a_new_agent_tells_the_answer_that_came_while_there_was_none(
    gateway: FakeGateway,
) -> None:
    recent = gateway.add("May she have a discount?", conversation_id="same")
    await gateway.settle(recent, answer="Two per cent")
    old = gateway.add("Refund?", conversation_id="same", age=timedelta(days=2))
    await gateway.settle(old, answer="Long ago")
    other = gateway.add("Whose?", conversation_id="other")
    await gateway.settle(other, answer="Somebody else's")
    async with asyncio.timeout(BOUND):
        async with talking(client_for(gateway.url), conversation_id="same") as talk:
            await talk.heard.until("Two per cent")
        assert talk.heard.count("Long ago") == 0
        assert talk.heard.count("Somebody else's") == 0


async def test_a_question_that_the_gateway_refuses_is_told_as_undeliverable(
    gateway: FakeGateway,
) -> None:
    async with asyncio.timeout(BOUND), talking(client_for(gateway.url)) as talk:
        await gateway.until(lambda: "list_questions" in gateway.calls)
        gateway.refusal = "route: must be one of default"
        await talk.says("Can I get a discount?")
        said = await talk.heard.until("could not get")
    assert "route" in said


async def test_an_answer_of_files_alone_is_told_by_their_names(gateway: FakeGateway) -> None:
    async with asyncio.timeout(BOUND), talking(client_for(gateway.url)) as talk:
        await talk.says("Can I get a discount?")
        files = [("voucher.pdf", "https://cdn.example/voucher.pdf")]
        await gateway.settle(await gateway.until_asked(), files=files)
        said = await talk.heard.until("voucher.pdf")
        await gateway.until(lambda: gateway.asked[0].delivered == [False])
    assert "Maya has sent voucher.pdf." in said
    assert not any("https://" in each or "None" in each for each in talk.heard.lines)


async def test_a_late_answer_of_files_alone_is_told_as_a_late_one(gateway: FakeGateway) -> None:
    async with asyncio.timeout(BOUND), talking(client_for(gateway.url)) as talk:
        await talk.says("Can I get a discount?")
        asked = await gateway.until_asked()
        await gateway.settle(asked, "timed_out")
        await talk.heard.until("neither a yes nor a no")
        await gateway.answer_late(asked, None, files=[("voucher.pdf", "https://cdn.example/v.pdf")])
        said = await talk.heard.until("voucher.pdf")
        await gateway.until(lambda: asked.delivered[-1:] == [True])
    assert "It came late: Maya has sent voucher.pdf." in said

"""The whole path, and each thing that the example it replaces got wrong."""

from __future__ import annotations

import asyncio

import pytest
from discord_double import defaults
from support.discord_views import (
    answer_text,
    said_by_bot,
    starter_of,
    structured,
    until_outcome,
    until_told,
)

from e2e.conftest import Fleet

pytestmark = pytest.mark.e2e


async def test_a_question_is_answered_in_its_thread_by_the_operator(fleet: Fleet) -> None:
    await fleet.add_gateway()
    await fleet.add_worker()
    double = fleet.double
    async with asyncio.timeout(30), fleet.client() as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(
            agent.call_tool(
                "ask_human",
                {
                    "question": "May I give @everyone 10 % off?",
                    "context": "She said **please** <@1182732417685631017>",
                    "options": ["Yes", "No"],
                    "urgency": "high",
                },
            )
        )
        thread = await double.until_thread("10 % off")
        starter = starter_of(double, thread)
        assert starter.mentions.users == [defaults.MAYA_ID]
        assert not starter.mentions.everyone
        assert not starter.mentions.roles
        said = next(f for f in starter.embeds[0]["fields"] if f["name"] == "Context")
        assert "\\*\\*please\\*\\*" in said["value"]
        assert "urgently" in starter.embeds[0]["title"]
        reply = await double.person("Maya").write(thread, "Yes, 10 % is fine.")
        answer = structured(await asking)
        shown = await until_outcome(double, thread, "Answered by Maya")
    assert answer_text(asking.result()) == "Yes, 10 % is fine."
    assert answer["status"] == "answered"
    assert answer["answered_by"] == {"id": str(defaults.MAYA_ID), "name": "Maya"}
    assert answer["channel"] == "discord"
    assert reply.reactions == {"✅": [double.bot.user.id]}
    assert answer["escalation_id"] in str(shown.embeds)
    assert said_by_bot(double, thread) == []


async def test_two_questions_at_once_get_each_its_own_answer(fleet: Fleet) -> None:
    await fleet.add_gateway()
    await fleet.add_worker()
    maya = fleet.double.person("Maya")
    async with asyncio.timeout(30), fleet.client() as agent, asyncio.TaskGroup() as group:
        first = group.create_task(agent.call_tool("ask_human", {"question": "First?"}))
        second = group.create_task(agent.call_tool("ask_human", {"question": "Second?"}))
        first_thread = await fleet.double.until_thread("First?")
        second_thread = await fleet.double.until_thread("Second?")
        await maya.write(second_thread, "two")
        await maya.write(first_thread, "one")
        assert answer_text(await first) == "one"
        assert answer_text(await second) == "two"


async def test_a_stranger_is_refused_told_so_and_the_question_stays_open(fleet: Fleet) -> None:
    await fleet.add_gateway()
    worker = await fleet.add_worker()
    double = fleet.double
    async with asyncio.timeout(30), fleet.client() as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(agent.call_tool("ask_human", {"question": "Refund?"}))
        thread = await double.until_thread("Refund?")
        await double.person("Mallory").write(thread, "Sure, everything is free!")
        await until_told(double, thread, "Only the operators")
        await worker.until_logged("reply_refused")
        assert not asking.done()
        await double.person("Noor", roles=["Operators"]).write(thread, "No.")
        assert answer_text(await asking) == "No."
    assert len(said_by_bot(double, thread)) == 1


async def test_what_the_operator_writes_elsewhere_is_no_answer(fleet: Fleet) -> None:
    await fleet.add_gateway()
    await fleet.add_worker()
    double, maya = fleet.double, fleet.double.person("Maya")
    async with asyncio.timeout(30), fleet.client() as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(agent.call_tool("ask_human", {"question": "Discount?"}))
        thread = await double.until_thread("Discount?")
        await maya.write(double.channel, "lunch?")
        await maya.write(defaults.SECOND_CHANNEL_ID, "see you at noon")
        other = await maya.start_thread(double.channel, "holidays")
        await maya.write(other, "who is away?")
        await maya.write(thread, "5 %")
        assert answer_text(await asking) == "5 %"


async def test_a_reply_to_the_questions_message_counts_as_one_in_its_thread(fleet: Fleet) -> None:
    await fleet.add_gateway()
    await fleet.add_worker()
    double = fleet.double
    async with asyncio.timeout(30), fleet.client() as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(agent.call_tool("ask_human", {"question": "Beside?"}))
        thread = await double.until_thread("Beside?")
        await double.person("Maya").reply(starter_of(double, thread), "beside it")
        assert answer_text(await asking) == "beside it"
        await until_outcome(double, thread, "Answered by Maya")


async def test_nobody_answers_and_that_is_told_as_a_time_out_not_as_an_answer(
    fleet: Fleet,
) -> None:
    await fleet.add_gateway({"ESCALATION_TIMEOUT": "4"})
    await fleet.add_worker()
    double = fleet.double
    async with asyncio.timeout(30), fleet.client() as agent:
        result = await agent.call_tool("ask_human", {"question": "Anybody?"})
        told = structured(result)
        assert told["status"] == "timed_out"
        assert told["answer"] is None
        assert "Nobody answered in time" in answer_text(result)
        thread = await double.until_thread("Anybody?")
        await until_outcome(double, thread, "Nobody answered in time")

        await double.person("Maya").write(thread, "Sorry, yes!")
        await until_told(double, thread, "late answer")
        later = structured(
            await agent.call_tool("check_answer", {"escalation_id": told["escalation_id"]})
        )
        assert later["status"] == "timed_out"
        assert later["answer"] is None
        assert later["late_answer"] == "Sorry, yes!"


async def test_the_second_reply_is_told_that_it_came_too_late(fleet: Fleet) -> None:
    await fleet.add_gateway()
    for _ in range(2):
        await fleet.add_worker({"DISCORD_LISTENERS": "2"})
    double = fleet.double
    async with asyncio.timeout(30), fleet.client() as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(agent.call_tool("ask_human", {"question": "Who first?"}))
        thread = await double.until_thread("Who first?")
        await double.person("Maya").write(thread, "me")
        assert answer_text(await asking) == "me"
        await double.person("Noor").write(thread, "no, me")
        await until_told(double, thread, "already ended")
    # Two workers heard both messages: the answer was taken once and the notice given once.
    assert len(said_by_bot(double, thread)) == 1


async def test_a_long_question_reaches_the_operator_whole(fleet: Fleet) -> None:
    await fleet.add_gateway()
    await fleet.add_worker()
    double = fleet.double
    question = "*" * 2_000 + " and " + "long " * 390 + "end?"
    async with asyncio.timeout(30), fleet.client() as agent:
        await agent.call_tool("ask_human", {"question": question, "wait_seconds": 0})
        thread = await double.until_thread("***")
        await until_told(double, thread, "end?")
    shown = starter_of(double, thread).embeds[0]["description"] + "".join(
        text.split("\n", 1)[1] for text in said_by_bot(double, thread)
    )
    assert shown.count("\\*") == question.count("*")
    assert shown.count("long") == question.count("long")


async def test_a_cancelled_question_is_shown_as_such_and_can_no_longer_be_answered(
    fleet: Fleet,
) -> None:
    await fleet.add_gateway()
    await fleet.add_worker()
    double = fleet.double
    async with asyncio.timeout(30), fleet.client() as agent:
        asked = structured(
            await agent.call_tool("ask_human", {"question": "Wanted?", "wait_seconds": 0})
        )
        thread = await double.until_thread("Wanted?")
        cancelled = await agent.call_tool(
            "cancel_question", {"escalation_id": asked["escalation_id"], "reason": "she left"}
        )
        assert structured(cancelled)["status"] == "cancelled"
        await until_outcome(double, thread, "Cancelled by the agent: she left")
        await double.person("Maya").write(thread, "Yes")
        await until_told(double, thread, "already ended")


async def test_a_call_comes_back_pending_after_its_hold_and_can_be_taken_up_again(
    fleet: Fleet,
) -> None:
    await fleet.add_gateway({"GATEWAY_HOLD_SECONDS": "0.3"})
    await fleet.add_worker()
    async with asyncio.timeout(30), fleet.client() as agent, asyncio.TaskGroup() as group:
        pending = structured(await agent.call_tool("ask_human", {"question": "Soon?"}))
        assert pending["status"] == "pending"
        checking = group.create_task(
            agent.call_tool(
                "check_answer", {"escalation_id": pending["escalation_id"], "wait_seconds": 20}
            )
        )
        thread = await fleet.double.until_thread("Soon?")
        await fleet.double.person("Maya").write(thread, "now")
        assert answer_text(await checking) == "now"
        listed = structured(await agent.call_tool("list_questions", {"status": "answered"}))
    assert [each["answer"] for each in listed["questions"]] == ["now"]


async def test_a_caller_with_a_progress_token_hears_of_progress_while_it_waits(
    fleet: Fleet,
) -> None:
    await fleet.add_gateway({"GATEWAY_HOLD_SECONDS": "0.3"})
    await fleet.add_worker()
    progressed = asyncio.Event()

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        assert progress >= 4
        assert total
        assert message
        progressed.set()

    async with asyncio.timeout(30), fleet.client() as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(
            agent.call_tool("ask_human", {"question": "Slow?"}, progress_callback=on_progress)
        )
        await progressed.wait()
        thread = await fleet.double.until_thread("Slow?")
        await fleet.double.person("Maya").write(thread, "there you are")
        assert answer_text(await asking) == "there you are"

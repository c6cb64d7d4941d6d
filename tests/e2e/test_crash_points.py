"""A process dies at each named place in turn; the question is answered, shown and told once.

The doomed process takes `HITL_CRASH_POINT`; another, without it, goes on with what is left.
"""

from __future__ import annotations

import asyncio
import base64
import time

import pytest
from discord_double import DiscordDouble, Upload, defaults
from discord_double.forms import filled_in_with, inputs_of, interactive
from discord_double.model import MessageType, Thread
from discord_double.reading import text_of
from mcp_types import ImageContent
from redis.asyncio import Redis
from support.discord_views import answer_text, starter_of, structured, until_outcome, until_told
from support.processes import Process

from e2e.conftest import Fleet
from shared.crash_points import VARIABLE, CrashPoint
from shared.escalation import Escalation
from shared.redis_adapter.store import RedisEscalationStore

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

GATEWAY_POINTS = (
    CrashPoint.ASK_BEFORE_ACCEPTED,
    CrashPoint.ASK_AFTER_ACCEPTED,
    CrashPoint.REPLY_READ_BEFORE_RESPONSE,
)
WORKER_POINTS = (
    CrashPoint.POSTING_LEASED,
    CrashPoint.STARTER_SENT,
    CrashPoint.STARTER_NOTED,
    CrashPoint.THREAD_OPENED,
    CrashPoint.POSTING_NOTED,
    CrashPoint.REPLY_HEARD,
    CrashPoint.REPLY_ACCEPTED,
    CrashPoint.OUTCOME_EDITED,
    CrashPoint.OUTCOME_CONFIRMED,
    CrashPoint.OUTCOME_CLOSED,
)
EXPIRY_POINTS = (CrashPoint.EXPIRY_DUE, CrashPoint.EXPIRY_CONCLUDED)
REMARK_POINTS = (CrashPoint.REMARK_HEARD, CrashPoint.REMARK_NOTED)
VOTE_POINTS = (CrashPoint.VOTE_HEARD, CrashPoint.VOTE_NOTED)
MEMORY_POINTS = (CrashPoint.PRECEDENTS_NOTED, CrashPoint.ANSWER_REMEMBERED)
ASSIGNMENT_POINTS = (CrashPoint.ASSIGNMENT_NOTED, CrashPoint.RELAYED)
PEOPLE_POINTS = (CrashPoint.SENDING_READ, CrashPoint.PAGE_KEPT)
END_POINTS = (CrashPoint.CONVERSATION_END_HEARD, CrashPoint.CONVERSATION_END_NOTED)
"""Walked through in test_hang_up.py, with the two of a customer who has gone."""
AGENT_POINTS = (CrashPoint.OUTCOME_KNOWN_TO_AGENT, CrashPoint.OUTCOME_SPOKEN)
"""Walked through in test_agent_hosts.py."""
CORRECTION_POINTS = (
    CrashPoint.EDIT_HEARD,
    CrashPoint.EDIT_NOTED,
    CrashPoint.ANSWER_HANDED_OVER,
)
"""Walked through in test_corrections.py."""
TASK_POINTS = (CrashPoint.TASK_REPLY_TOLD,)
"""Walked through in test_tasks.py."""


def test_every_point_is_walked_through() -> None:
    walked = {
        *GATEWAY_POINTS,
        *WORKER_POINTS,
        *EXPIRY_POINTS,
        *REMARK_POINTS,
        *VOTE_POINTS,
        *MEMORY_POINTS,
        *ASSIGNMENT_POINTS,
        *PEOPLE_POINTS,
        *AGENT_POINTS,
        *CORRECTION_POINTS,
        *TASK_POINTS,
        *END_POINTS,
        CrashPoint.CALLER_TOLD_OF,
        CrashPoint.HANGING_UP,
        CrashPoint.CATCHING_UP_LISTED,
        CrashPoint.FILES_KEPT,
    }
    assert walked == set(CrashPoint)


async def until_dead(process: Process) -> None:
    """Wait until a process has killed itself."""
    assert process.process is not None
    status = await asyncio.to_thread(process.process.wait, 40)
    assert status == -9, f"it left with {status}: {process.text()[-2000:]}"


async def answer_when_asked(fleet: Fleet, question: str, answer: str) -> Thread:
    """Let Maya answer in the question's thread as soon as there is one."""
    thread = await fleet.double.until_thread(question)
    await fleet.double.person("Maya").write(thread, answer)
    return thread


def assert_shown_once(double: DiscordDouble, thread: Thread, question: str) -> None:
    """Fail if people saw the question twice, or were told anything that is not so."""
    starters = [each for each in double.channel.messages if question in text_of(each)]
    named = [each for each in double.threads if question in each.name]
    assert (len(starters), len(named)) == (1, 1)
    said = [
        each.content
        for each in thread.messages
        if each.author.id == double.bot.user.id and each.type is not MessageType.THREAD_STARTER
    ]
    assert len(said) == len(set(said)), said


async def until_nothing_is_due(fleet: Fleet, *, still_open: int = 0) -> None:
    """Wait until no question is open (but these), unposted or unshown."""
    keys = fleet.keys
    async with Redis.from_url(fleet.redis_url, decode_responses=True) as redis:
        while True:
            due = [await redis.zcard(each) for each in (keys.open, keys.unposted, keys.unshown)]
            if due == [still_open, 0, 0]:
                return
            await asyncio.sleep(0.1)


async def ask_until_answered(fleet: Fleet, arguments: dict[str, object]) -> str:
    """Ask as an agent does: again with the same key, of any gateway, until there is an answer."""
    for attempt in range(200):
        try:
            async with fleet.client(attempt % len(fleet.gateways)) as agent:
                result = await agent.call_tool("ask_human", arguments)
        except Exception:  # noqa: BLE001 (a gateway that dies shows itself in many ways)
            await asyncio.sleep(0.1)
            continue
        if not result.is_error and structured(result)["status"] != "pending":
            return answer_text(result)
    raise AssertionError("never answered")


@pytest.mark.parametrize("point", WORKER_POINTS)
async def test_a_worker_dies(fleet: Fleet, point: CrashPoint) -> None:
    await fleet.add_gateway()
    doomed = await fleet.add_worker({VARIABLE: point})
    question = f"Dies at {point.replace('_', ' ')}?"
    async with asyncio.timeout(100), asyncio.TaskGroup() as group:
        asking = group.create_task(
            ask_until_answered(
                fleet, {"question": question, "idempotency_key": "k", "wait_seconds": 50}
            )
        )
        answering = group.create_task(answer_when_asked(fleet, question, "once"))
        await until_dead(doomed)
        died = time.monotonic()
        await fleet.add_worker()
        thread = await answering
        assert await asking == "once"
        await until_outcome(fleet.double, thread, "Answered by Maya")
        await until_nothing_is_due(fleet)
        assert_shown_once(fleet.double, thread, question)
        assert starter_of(fleet.double, thread)
        print(f"{point}: settled {time.monotonic() - died:.1f} s after the death")  # noqa: T201


@pytest.mark.parametrize("point", GATEWAY_POINTS)
async def test_a_gateway_dies(fleet: Fleet, point: CrashPoint) -> None:
    doomed = await fleet.add_gateway({VARIABLE: point})
    await fleet.add_gateway()
    await fleet.add_worker()
    question = f"Dies at {point.replace('_', ' ')}?"
    async with asyncio.timeout(100), asyncio.TaskGroup() as group:
        asking = group.create_task(
            ask_until_answered(
                fleet, {"question": question, "idempotency_key": "k", "wait_seconds": 50}
            )
        )
        thread = await answer_when_asked(fleet, question, "once")
        assert await asking == "once"
        await until_dead(doomed)
        await until_outcome(fleet.double, thread, "Answered by Maya")
        await until_nothing_is_due(fleet)
        assert_shown_once(fleet.double, thread, question)


@pytest.mark.parametrize("point", EXPIRY_POINTS)
async def test_a_worker_dies_as_it_times_a_question_out(fleet: Fleet, point: CrashPoint) -> None:
    await fleet.add_gateway({"ESCALATION_TIMEOUT": "3"})
    doomed = await fleet.add_worker({VARIABLE: point})
    async with asyncio.timeout(100), fleet.client() as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(
            agent.call_tool("ask_human", {"question": "Late?", "wait_seconds": 90})
        )
        await until_dead(doomed)
        await fleet.add_worker()
        assert structured(await asking)["status"] == "timed_out"
        thread = await fleet.double.until_thread("Late?")
        await until_outcome(fleet.double, thread, "Nobody answered in time")
        await until_nothing_is_due(fleet)
        assert_shown_once(fleet.double, thread, "Late?")


async def test_a_worker_dies_between_an_answers_images_and_the_answer(fleet: Fleet) -> None:
    await fleet.add_gateway()
    doomed = await fleet.add_worker({VARIABLE: CrashPoint.FILES_KEPT})
    question, png = "Dies with a picture?", b"\x89PNG\r\n\x1a\n a small one"
    async with asyncio.timeout(100), fleet.client() as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(
            agent.call_tool("ask_human", {"question": question, "wait_seconds": 90})
        )
        thread = await fleet.double.until_thread(question)
        await fleet.double.person("Maya").write(thread, "once", files=[Upload("a.png", png)])
        await until_dead(doomed)
        assert not asking.done()
        await fleet.add_worker()
        image = next(each for each in (await asking).content if isinstance(each, ImageContent))
        assert base64.b64decode(image.data) == png
        assert structured(asking.result())["answer"] == "once"
        await until_outcome(fleet.double, thread, "with a.png")
        await until_nothing_is_due(fleet)
        assert_shown_once(fleet.double, thread, question)


@pytest.mark.parametrize("point", REMARK_POINTS)
async def test_a_worker_dies_as_a_person_asks_back(fleet: Fleet, point: CrashPoint) -> None:
    await fleet.add_gateway()
    doomed = await fleet.add_worker({VARIABLE: point})
    question = f"Dies at {point.replace('_', ' ')}?"
    async with asyncio.timeout(100), fleet.client() as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(
            agent.call_tool("ask_human", {"question": question, "wait_seconds": 90})
        )
        thread = await answer_when_asked(fleet, question, "? How many?")
        await until_dead(doomed)
        await fleet.add_worker()
        standing = structured(await asking)
        assert (standing["status"], standing["asked_back"]) == ("needs_info", "How many?")
        escalation_id = standing["escalation_id"]
        reply = {"escalation_id": escalation_id, "message": "Three.", "wait_seconds": 90}
        waiting = group.create_task(agent.call_tool("send_to_operator", reply))
        await until_told(fleet.double, thread, "Three.")
        await fleet.double.person("Maya").write(thread, "once")
        assert answer_text(await waiting) == "once"
        await until_outcome(fleet.double, thread, "Answered by Maya")
        await until_nothing_is_due(fleet)
        assert_shown_once(fleet.double, thread, question)
        kept = await read(fleet, escalation_id)
        assert [each.text for each in kept.remarks] == ["How many?", "Three."]


@pytest.mark.parametrize("point", VOTE_POINTS)
async def test_a_worker_dies_as_a_person_approves(fleet: Fleet, point: CrashPoint) -> None:
    await fleet.add_gateway()
    doomed = await fleet.add_worker({VARIABLE: point})
    action = f"Dies at {point.replace('_', ' ')}"
    maya, noor = fleet.double.person("Maya"), fleet.double.person("Noor")
    async with asyncio.timeout(100), fleet.client() as agent, asyncio.TaskGroup() as group:
        asked = {"action": action, "approvals_needed": 2, "wait_seconds": 90}
        asking = group.create_task(agent.call_tool("request_approval", asked))
        thread = await fleet.double.until_thread(action)
        starter = starter_of(fleet.double, thread)
        await maya.click(starter, "Approve")
        await until_dead(doomed)
        next_worker = await fleet.add_worker()
        await next_worker.until_logged("discord_listening")
        # Discord tells whoever clicked that it failed, and does not send a click again.
        again = await maya.click(starter, "Approve")
        words = await fleet.double.until(lambda: again.response and again.response.content)
        before = "decided this before" if point is CrashPoint.VOTE_NOTED else "1 of 2"
        assert before in words
        await noor.click(starter, "Approve")
        standing = structured(await asking)
        assert (standing["status"], standing["approvals"]) == ("approved", 2)
        await until_outcome(fleet.double, thread, "Approved by Maya and Noor")
        await until_nothing_is_due(fleet)
        assert_shown_once(fleet.double, thread, action)


@pytest.mark.parametrize("point", ASSIGNMENT_POINTS)
async def test_a_worker_dies_as_a_question_is_given_to_somebody(
    fleet: Fleet, point: CrashPoint
) -> None:
    await fleet.add_gateway()
    doomed = await fleet.add_worker({VARIABLE: point})
    question = f"Dies at {point.replace('_', ' ')}?"
    maya, noor = fleet.double.person("Maya"), fleet.double.person("Noor")
    async with asyncio.timeout(100), fleet.client() as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(
            agent.call_tool("ask_human", {"question": question, "wait_seconds": 90})
        )
        thread = await fleet.double.until_thread(question)
        await doomed.until_logged("question_posted")
        click = await maya.click(starter_of(fleet.double, thread), "Reassign")
        menu = await fleet.double.until(lambda: click.response)
        (chooser,) = interactive(menu.components)
        await maya.choose(menu, str(chooser["custom_id"]), noor.id)
        await until_dead(doomed)
        await fleet.add_worker()
        told = await until_told(fleet.double, thread, "Maya asks you")
        assert told.mentions.users == [noor.id]
        await until_nothing_is_due(fleet, still_open=1)
        assert "Noor (asked by Maya)" in text_of(starter_of(fleet.double, thread))
        await noor.write(thread, "once")
        assert answer_text(await asking) == "once"
        await until_outcome(fleet.double, thread, "Answered by Noor")
        await until_nothing_is_due(fleet)
        assert_shown_once(fleet.double, thread, question)


async def test_a_worker_dies_as_a_person_sends_what_they_wrote(fleet: Fleet) -> None:
    routes = fleet.folder / "routes.toml"
    routes.write_text(
        f"[routes.default]\nchannels = [{defaults.CHANNEL_ID}]\n"
        f'operators = {{ users = [{defaults.MAYA_ID}] }}\nanswer_mode = "send_button"\n',
        encoding="utf-8",
    )
    with_routes = {"ROUTES_FILE": str(routes)}
    await fleet.add_gateway(with_routes)
    doomed = await fleet.add_worker({**with_routes, VARIABLE: CrashPoint.SENDING_READ})
    maya = fleet.double.person("Maya")
    async with asyncio.timeout(100), fleet.client() as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(
            agent.call_tool("ask_human", {"question": "Sent?", "wait_seconds": 90})
        )
        thread = await fleet.double.until_thread("Sent?")
        starter = starter_of(fleet.double, thread)
        await maya.write(thread, "Yes,")
        await maya.write(thread, "once.")
        lost = await maya.click(starter, "Send")
        await until_dead(doomed)
        next_worker = await fleet.add_worker(with_routes)
        await next_worker.until_logged("discord_listening")
        assert lost.response is not None
        assert not lost.response.content, "it goes on saying that the bot is thinking"
        again = await maya.click(starter, "Send")
        await fleet.double.until(lambda: again.response and "Sent" in again.response.content)
        assert answer_text(await asking) == "Yes,\nonce."
        await until_outcome(fleet.double, thread, "Answered by Maya")
        await until_nothing_is_due(fleet)
        assert_shown_once(fleet.double, thread, "Sent?")


async def test_a_worker_dies_as_a_person_fills_in_a_page(fleet: Fleet) -> None:
    await fleet.add_gateway()
    doomed = await fleet.add_worker({VARIABLE: CrashPoint.PAGE_KEPT})
    maya, fields = fleet.double.person("Maya"), [f"n{number}" for number in range(6)]
    schema = {"type": "object", "properties": {name: {"type": "integer"} for name in fields}}
    asked = {"question": "Filled in?", "answer_schema": schema, "wait_seconds": 90}
    async with asyncio.timeout(100), fleet.client() as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(agent.call_tool("ask_human", asked))
        thread = await fleet.double.until_thread("Filled in?")
        starter = starter_of(fleet.double, thread)
        opened = await maya.click(starter, "Fill in the form")
        await fleet.double.until(lambda: opened.modal)
        await maya.submit(opened, {"n0": "7"})
        await until_dead(doomed)
        next_worker = await fleet.add_worker()
        await next_worker.until_logged("discord_listening")
        again = await maya.click(starter, "Fill in the form")
        modal = await fleet.double.until(lambda: again.modal)
        assert filled_in_with(inputs_of(modal["components"])[0]) == "7", "nothing is written twice"
        first = await maya.submit(again, {})
        told = await fleet.double.until(lambda: first.response)
        assert "Page 1 of 2 kept" in told.content
        second = await maya.click(told, "Fill in page 2 of 2")
        await fleet.double.until(lambda: second.modal)
        await maya.submit(second, {"n5": "8"})
        assert structured(await asking)["values"] == {"n0": 7, "n5": 8}
        await until_outcome(fleet.double, thread, "Answered by Maya")
        await until_nothing_is_due(fleet)
        assert_shown_once(fleet.double, thread, "Filled in?")


REMEMBERING = f"""
[routes.default]
channels = [{defaults.CHANNEL_ID}]
operators = {{ users = [{defaults.MAYA_ID}] }}
memory = true
"""


@pytest.mark.parametrize("point", MEMORY_POINTS)
async def test_a_worker_dies_as_it_remembers(fleet: Fleet, point: CrashPoint) -> None:
    file = fleet.folder / "routes.toml"
    file.write_text(REMEMBERING, encoding="utf-8")
    routes = {"ROUTES_FILE": str(file)}
    await fleet.add_gateway()
    doomed = await fleet.add_worker({VARIABLE: point, **routes})
    question = f"Dies at {point.replace('_', ' ')}?"
    async with asyncio.timeout(100), fleet.client() as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(
            agent.call_tool("ask_human", {"question": question, "wait_seconds": 90})
        )
        answering = group.create_task(answer_when_asked(fleet, question, "once"))
        await until_dead(doomed)
        await fleet.add_worker(routes)
        thread = await answering
        assert answer_text(await asking) == "once"
        await until_outcome(fleet.double, thread, "Answered by Maya")
        await until_nothing_is_due(fleet)
        assert_shown_once(fleet.double, thread, question)
        again = f"Dies again at {point.replace('_', ' ')}?"
        await agent.call_tool("ask_human", {"question": again, "wait_seconds": 0})
        second = starter_of(fleet.double, await fleet.double.until_thread(again))
        (shown,) = (
            each["value"] for each in second.embeds[0]["fields"] if "before" in each["name"]
        )
        assert f"**1.** {question}" in shown
        assert "once" in shown
        assert "**2.**" not in shown


async def read(fleet: Fleet, escalation_id: str) -> Escalation:
    """Read a question's record as it is kept."""
    async with Redis.from_url(fleet.redis_url, decode_responses=True) as redis:
        found = await RedisEscalationStore(redis, fleet.keys).get(escalation_id)
    assert found is not None
    return found


async def test_a_question_that_ends_before_its_message_was_noted_is_not_shown_as_open(
    fleet: Fleet,
) -> None:
    await fleet.add_gateway({"ESCALATION_TIMEOUT": "3"})
    doomed = await fleet.add_worker({VARIABLE: CrashPoint.STARTER_SENT})
    async with asyncio.timeout(100), fleet.client() as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(
            agent.call_tool("ask_human", {"question": "Half shown?", "wait_seconds": 90})
        )
        await until_dead(doomed)
        await asyncio.sleep(3)  # until its deadline
        await fleet.add_worker()
        assert structured(await asking)["status"] == "undeliverable"
        await until_nothing_is_due(fleet)
        (starter,) = (each for each in fleet.double.channel.messages if "Half" in text_of(each))
        assert "Could not be delivered" in text_of(starter)


async def test_a_worker_dies_as_it_catches_up(fleet: Fleet) -> None:
    await fleet.add_gateway()
    first = await fleet.add_worker()
    async with asyncio.timeout(100), fleet.client() as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(
            agent.call_tool("ask_human", {"question": "Missed?", "wait_seconds": 90})
        )
        await fleet.double.until_thread("Missed?")
        await first.until_logged("question_posted")
        first.kill()
        thread = await answer_when_asked(fleet, "Missed?", "missed twice")
        doomed = fleet.make_worker({VARIABLE: CrashPoint.CATCHING_UP_LISTED})
        doomed.start()
        await until_dead(doomed)
        await fleet.add_worker()
        assert answer_text(await asking) == "missed twice"
        await until_nothing_is_due(fleet)
        assert_shown_once(fleet.double, thread, "Missed?")

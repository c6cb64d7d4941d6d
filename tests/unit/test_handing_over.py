"""Whatever an agent is shown of an answer was handed over before, and reads the same ever after."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from mcp import Client
from support.discord_views import answer_text, structured
from support.gateway import asking_over, build_server, caller
from support.make import a_correction, an_ask, an_outcome

from mcp_gateway.asking import Asking
from mcp_gateway.results.wording import wording
from mcp_gateway.settings import GatewaySettings
from mcp_gateway.waiting import Hold
from shared.errors import StoreUnavailableError, StoreUncertainError
from shared.escalation import Escalation, News, State
from shared.memory.corrections import MemoryCorrections
from shared.memory.escalations import MemoryEscalations
from shared.ports.clock import utc_now

AT_ONCE = Hold(0)


class Counting(MemoryEscalations):
    """A store that counts what was handed over, and whose Redis can go away for that."""

    def __init__(self) -> None:
        super().__init__()
        self.handed_over = 0
        self.away = False

    async def hand_over(self, escalation_id: str) -> Escalation | None:
        if self.away:
            raise StoreUnavailableError("Redis can't be reached")
        self.handed_over += 1
        return await super().hand_over(escalation_id)


@pytest.fixture
def store() -> Counting:
    return Counting()


@pytest.fixture
def asking(store: Counting) -> Asking:
    return asking_over(store)


async def answer(
    store: MemoryEscalations, escalation: Escalation, *, correctable: bool = True
) -> None:
    """Answer a question, so that the answer may be corrected."""
    outcome = an_outcome(escalation, at=utc_now())
    until = utc_now() + timedelta(minutes=2) if correctable else None
    outcome = outcome.model_copy(update={"correctable_until": until})
    await store.conclude(escalation.id, outcome)


async def correct(store: MemoryEscalations, escalation_id: str, text: str, seconds: float) -> None:
    """Edit the answer."""
    known = await store.get(escalation_id)
    assert known is not None
    edited = a_correction(known, text, seconds=seconds)
    await MemoryCorrections(store).correct(escalation_id, edited)


async def ask(asking: Asking, store: MemoryEscalations) -> Escalation:
    """Ask, and have it answered."""
    asked = await asking.ask(caller("shop"), an_ask().question, idempotency_key="k", hold=AT_ONCE)
    await answer(store, asked)
    return asked


Read = Callable[[Asking, Escalation], Awaitable[Escalation]]


async def by_check(asking: Asking, asked: Escalation) -> Escalation:
    return await asking.check(caller("shop"), asked.id, hold=AT_ONCE)


async def by_waiting(asking: Asking, asked: Escalation) -> Escalation:
    return await asking.check(caller("shop"), asked.id, hold=Hold(5))


async def by_asking_again(asking: Asking, asked: Escalation) -> Escalation:
    return await asking.ask(caller("shop"), asked.question, idempotency_key="k", hold=AT_ONCE)


async def by_cancelling(asking: Asking, asked: Escalation) -> Escalation:
    return await asking.cancel(caller("shop"), asked.id, reason=None)


async def by_confirming(asking: Asking, asked: Escalation) -> Escalation:
    return await asking.confirm_delivery(caller("shop"), asked.id, News.OUTCOME)


async def by_listing(asking: Asking, _: Escalation) -> Escalation:
    (listed,) = await asking.list_questions(caller("shop"), conversation_id=None, states=None)
    return listed


READS = (by_check, by_waiting, by_asking_again, by_cancelling, by_confirming, by_listing)


@pytest.mark.parametrize("read", READS)
async def test_whichever_way_an_answer_is_read_it_reads_the_same_ever_after(
    store: Counting, asking: Asking, read: Read
) -> None:
    asked = await ask(asking, store)
    await correct(store, asked.id, "corrected before", 1)
    first = await read(asking, asked)
    assert first.outcome is not None
    assert first.outcome.text == "corrected before"
    await correct(store, asked.id, "corrected after", 2)
    for again in READS:
        reading = await again(asking, asked)
        assert reading.outcome == first.outcome
        assert reading.late_answer is not None
        assert reading.late_answer.text == "corrected after"
    await correct(store, asked.id, "corrected once more", 3)
    last = await read(asking, asked)
    assert last.late_answer is not None
    assert last.late_answer.text == "corrected after", "it was read, too"


async def test_it_is_handed_over_at_each_reading_while_edits_may_be_unheard(
    store: Counting, asking: Asking
) -> None:
    asked = await ask(asking, store)
    for read in READS:
        await read(asking, asked)
    assert store.handed_over == len(READS)
    assert await MemoryCorrections(store).end_grace(asked.id, utc_now() + timedelta(minutes=3))
    for read in READS:
        await read(asking, asked)
    assert store.handed_over == len(READS)


async def test_what_nobody_read_while_it_could_be_edited_is_handed_over_all_the_same(
    store: Counting, asking: Asking
) -> None:
    asked = await ask(asking, store)
    assert await MemoryCorrections(store).end_grace(asked.id, utc_now() + timedelta(minutes=3))
    await by_check(asking, asked)
    assert store.handed_over == 1
    await by_check(asking, asked)
    assert store.handed_over == 1


async def test_nothing_is_handed_over_that_can_not_change(store: Counting, asking: Asking) -> None:
    firm = await asking.ask(caller("bank"), an_ask().question, idempotency_key=None, hold=AT_ONCE)
    await answer(store, firm, correctable=False)
    await asking.check(caller("bank"), firm.id, hold=AT_ONCE)
    declined = await asking.ask(
        caller("inn"), an_ask().question, idempotency_key=None, hold=AT_ONCE
    )
    await store.conclude(declined.id, an_outcome(declined, State.DECLINED, at=utc_now()))
    await asking.check(caller("inn"), declined.id, hold=AT_ONCE)
    assert store.handed_over == 0


async def test_a_wait_that_can_not_hand_over_the_answer_comes_back_with_the_id_alone(
    store: Counting, asking: Asking
) -> None:
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        waiting = group.create_task(
            asking.ask(caller("shop"), an_ask().question, idempotency_key=None, hold=Hold(4))
        )
        while not (opened := await store.list_open()):
            await asyncio.sleep(0)
        store.away = True
        await answer(store, opened[0])
        told = await waiting
    assert (told.id, told.state, told.outcome) == (opened[0].id, State.QUEUED, None)
    store.away = False
    assert (await asking.check(caller("shop"), told.id, hold=AT_ONCE)).state is State.ANSWERED


@pytest.mark.parametrize("read", [by_check, by_asking_again, by_cancelling, by_listing])
async def test_no_other_call_shows_an_answer_that_it_can_not_hand_over(
    store: Counting, asking: Asking, read: Read
) -> None:
    asked = await ask(asking, store)
    store.away = True
    with pytest.raises(StoreUnavailableError):
        await read(asking, asked)


class Unconfirmed(Counting):
    """A store that notes what is handed over, and whose replicas don't confirm the note."""

    confirms = False

    async def hand_over(self, escalation_id: str) -> Escalation | None:
        handed_over = await super().hand_over(escalation_id)
        if not self.confirms:
            raise StoreUncertainError("too few replicas confirmed it in time")
        return handed_over


@pytest.mark.parametrize("read", READS)
async def test_nobody_reads_what_no_replica_has_confirmed_however_often_they_ask(
    read: Read,
) -> None:
    store = Unconfirmed()
    asking = asking_over(store)
    asked = await ask(asking, store)
    for _ in range(3):
        with pytest.raises(StoreUncertainError):
            await read(asking, asked)
    noted = await store.get(asked.id)
    assert noted is not None
    assert noted.handed_over_at is not None, "one server has it, and may be lost"
    store.confirms = True
    assert (await read(asking, asked)).outcome == noted.outcome


async def test_a_correction_that_no_replica_has_confirmed_is_not_read_either() -> None:
    store = Unconfirmed()
    asking = asking_over(store)
    asked = await ask(asking, store)
    store.confirms = True
    await by_check(asking, asked)
    await correct(store, asked.id, "corrected", 1)
    store.confirms = False
    for _ in range(2):
        with pytest.raises(StoreUncertainError):
            await by_check(asking, asked)
    store.confirms = True
    read = await by_check(asking, asked)
    assert read.late_answer is not None
    assert read.late_answer.text == "corrected"


def a_client(asking: Asking) -> Client:
    """Make a client of a gateway. Open it in the test."""
    return Client(build_server(asking, GatewaySettings(_env_file=None)))  # pyright: ignore[reportCallIssue]


async def answered_here(agent: Client, store: MemoryEscalations) -> dict[str, Any]:
    """Ask as the client does, and have it answered; give the arguments that name it."""
    asked = await agent.call_tool("ask_human", {"question": "May I?", "wait_seconds": 0})
    (opened,) = await store.list_open()
    await answer(store, opened)
    return {"escalation_id": structured(asked)["escalation_id"]}


async def test_a_client_reads_the_answer_until_when_it_may_change_and_the_correction(
    store: Counting, asking: Asking
) -> None:
    async with asyncio.timeout(10), a_client(asking) as agent:
        known = await answered_here(agent, store)
        first = await agent.call_tool("check_answer", known)
        await correct(store, known["escalation_id"], "Yes, 15 %.", 1)
        (listed,) = structured(await agent.call_tool("list_questions", {}))["questions"]
        second = await agent.call_tool("check_answer", known)
    told, corrected = structured(first), structured(second)
    assert answer_text(first) == "Yes, 10 %.", "the answer itself, as ever"
    assert told["correctable_until"] is not None
    until = datetime.fromisoformat(told["correctable_until"]).isoformat(timespec="seconds")
    assert f"An edit of it made by {until} corrects it: check_answer tells" in told["next"]
    assert (corrected["status"], corrected["answer"]) == ("answered", "Yes, 10 %.")
    assert (corrected["late_answer"], corrected["correctable_until"]) == ("Yes, 15 %.", None)
    assert corrected["late_answered_by"] == corrected["answered_by"]
    assert "has corrected their answer. It is now: Yes, 15 %." in answer_text(second)
    assert "Before, it was: Yes, 10 %." in answer_text(second)
    assert "it was corrected" in corrected["next"]
    assert (listed["answer"], listed["late_answer"]) == ("Yes, 10 %.", "Yes, 15 %.")


async def test_a_correction_is_confirmed_for_itself(store: Counting, asking: Asking) -> None:
    async with asyncio.timeout(10), a_client(asking) as agent:
        known = await answered_here(agent, store)
        await agent.call_tool("check_answer", known)
        await correct(store, known["escalation_id"], "Yes, 15 %.", 1)
        first = await agent.call_tool("confirm_delivery", known)
        second = await agent.call_tool("confirm_delivery", {**known, "late_answer": True})
    assert "Since then a person has corrected the answer" in answer_text(first)
    assert not structured(first)["delivered"]
    assert structured(second)["delivered"]


async def test_a_list_of_others_hands_nothing_over(store: Counting, asking: Asking) -> None:
    async with asyncio.timeout(10), a_client(asking) as agent:
        await answered_here(agent, store)
        for status in ("approved", "pending", "timed_out"):
            listed = structured(await agent.call_tool("list_questions", {"status": status}))
            assert listed["questions"] == []
        assert store.handed_over == 0
        await agent.call_tool("list_questions", {"status": "answered"})
    assert store.handed_over == 1


async def test_what_is_said_of_corrections_is_as_true_after_their_time(
    store: Counting, asking: Asking
) -> None:
    asked = await ask(asking, store)
    read = await by_check(asking, asked)
    assert read.outcome is not None
    heard_late = read.outcome.model_copy(
        update={"correctable_until": utc_now() - timedelta(hours=3)}
    )
    _, before = wording(read)
    _, after = wording(read.model_copy(update={"outcome": heard_late}))
    for said in (before, after):
        assert "they may" not in said
        assert "Until" not in said
    moment = re.compile(r"\d{4}-\S+")
    assert moment.sub("", before) == moment.sub("", after), "a task's result reads the same"


async def test_once_no_correction_can_come_the_agent_is_not_told_of_one(
    store: Counting, asking: Asking
) -> None:
    async with asyncio.timeout(10), a_client(asking) as agent:
        known = await answered_here(agent, store)
        ended = utc_now() + timedelta(minutes=3)
        assert await MemoryCorrections(store).end_grace(known["escalation_id"], ended)
        told = structured(await agent.call_tool("check_answer", known))
    assert (told["correctable_until"], told["next"]) == (None, "Pass the answer on.")

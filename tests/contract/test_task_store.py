"""The port under the Tasks extension, over the questions of every backend."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from support.gateway import caller
from support.make import a_remark, an_outcome
from support.terms import the_terms

from contract.conftest import Backend
from mcp_gateway.asking import Asking
from mcp_gateway.results.rendering import render
from mcp_gateway.tasks.escalations import EscalationTasks
from mcp_gateway.tasks.shapes import Status
from mcp_gateway.tasks.store import TaskStore, UnknownTaskError
from mcp_gateway.waiting import Hold
from shared.escalation import Escalation, State
from shared.fan_out import FanOut
from shared.question import Question

REPLY = {"action": "accept", "content": {"reply": "Large."}}


def processes(backend: Backend, count: int = 2) -> list[tuple[Asking, TaskStore]]:
    """Make so many gateways that share nothing but the backend."""
    made: list[tuple[Asking, TaskStore]] = []
    for _ in range(count):
        asking = Asking(
            backend.store,
            backend.waiter,
            backend.discussion,
            terms=the_terms(),
            retention=timedelta(hours=1),
            clock=backend.clock,
        )
        made.append((asking, EscalationTasks(asking, FanOut())))
    return made


async def asked(asking: Asking) -> Escalation:
    return await asking.ask(
        caller("shop"), Question(text="May I give 10 % off?"), idempotency_key=None, hold=Hold(0.0)
    )


async def test_what_one_process_begins_another_one_answers_for(backend: Backend) -> None:
    (asking, here), (_, there) = processes(backend)
    async with asyncio.timeout(10):
        escalation = await asked(asking)
        task_id = escalation.id
        assert here.task_of(render(escalation)) == task_id
        task = await there.get(caller("shop"), task_id)
        assert task == await here.get(caller("shop"), task_id)
        assert task.status is Status.WORKING
        assert task.kept_for == escalation.kept_until - escalation.created_at
        outcome = an_outcome(escalation, at=backend.clock())
        await backend.store.conclude(task_id, outcome)
        ended = await there.get(caller("shop"), task_id)
    assert ended.status is Status.COMPLETED
    assert ended.result is not None
    assert ended.result["content"][0]["text"] == "Yes, 10 %."


async def test_a_result_that_is_the_end_names_no_task(backend: Backend) -> None:
    [(asking, tasks)] = processes(backend, 1)
    async with asyncio.timeout(10):
        escalation = await asked(asking)
        await backend.store.conclude(escalation.id, an_outcome(escalation, at=backend.clock()))
        ended = await asking.check(caller("shop"), escalation.id, hold=Hold(0.0))
    assert tasks.task_of(render(ended)) is None


async def test_a_reply_is_passed_on_once_through_whichever_process(backend: Backend) -> None:
    (asking, here), (_, there) = processes(backend)
    async with asyncio.timeout(10):
        task_id = (await asked(asking)).id
        for source, text in (("r1", "Which size?"), ("r2", "Which colour?")):
            remark = a_remark(at=backend.clock(), text=text, source=source)
            await backend.discussion.remark(task_id, remark)
        first, second = (await there.get(caller("shop"), task_id)).asked
        await asyncio.gather(
            here.update(caller("shop"), task_id, {first: REPLY}),
            there.update(caller("shop"), task_id, {first: REPLY}),
        )
        assert [*(await here.get(caller("shop"), task_id)).asked] == [second]
        await there.update(caller("shop"), task_id, {first: REPLY, second: {"action": "decline"}})
        task, record = await here.get(caller("shop"), task_id), await backend.store.get(task_id)
    assert task.status is Status.WORKING
    assert record is not None
    assert [each.source for each in record.remarks[2:]] == [f"task:{first}", f"task:{second}"]


async def test_a_cancellation_is_the_outcome_unless_there_is_one(backend: Backend) -> None:
    (asking, here), (_, there) = processes(backend)
    async with asyncio.timeout(10):
        task_id = (await asked(asking)).id
        await there.cancel(caller("shop"), task_id)
        await here.cancel(caller("shop"), task_id)
        assert (await here.get(caller("shop"), task_id)).status is Status.CANCELLED
        record = await backend.store.get(task_id)
    assert record is not None
    assert record.state is State.CANCELLED


async def test_nobody_else_knows_a_task(backend: Backend) -> None:
    [(asking, tasks)] = processes(backend, 1)
    async with asyncio.timeout(10):
        task_id = (await asked(asking)).id
        for act in (
            tasks.get(caller("bank"), task_id),
            tasks.update(caller("bank"), task_id, {}),
            tasks.cancel(caller("bank"), task_id),
            tasks.get(caller("shop"), "01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        ):
            with pytest.raises(UnknownTaskError):
                await act
        assert (await tasks.get(caller("shop"), task_id)).status is Status.WORKING

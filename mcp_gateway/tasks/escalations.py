"""Questions as tasks: the port over the asking use-case.

A person who asks back makes the task want input: one elicitation for each thing that was asked.
A reply to one is told to people as any reply of the agent's, and noted under its key, so that it
is told once and the others stay open.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from typing import Any, Final

from mcp_types import CallToolResult

from mcp_gateway.asking import Asking
from mcp_gateway.caller import Caller
from mcp_gateway.tasks.replies import open_requests, read_reply, source_of
from mcp_gateway.tasks.shapes import Task
from mcp_gateway.tasks.store import UnknownTaskError
from mcp_gateway.tasks.view import paced, task_of
from mcp_gateway.waiting import Hold
from shared.crash_points import CrashPoint, crash_point
from shared.errors import EndedError, StoreUnavailableError, UnknownEscalationError
from shared.escalation import Escalation
from shared.ports.waiting import Changes

LOOK_SECONDS: Final = 5.0
"""How often what is watched is read without a hint: one may be lost, and deadlines give none."""

AT_ONCE: Final = Hold(0.0)
OPEN: Final = frozenset({"pending", "needs_info"})
"""The statuses in a tool's result behind which a question goes on."""


class EscalationTasks:
    """`TaskStore` over questions: a task's id is its question's."""

    def __init__(
        self,
        asking: Asking,
        changes: Changes,
        *,
        show: Callable[[Escalation, Mapping[str, str]], Task] = task_of,
        read: Callable[[str, Any], str] = read_reply,
    ) -> None:
        self._asking = asking
        self._changes = changes
        self._show = show
        self._read = read

    def task_of(self, result: CallToolResult) -> str | None:
        """See `TaskStore.task_of`."""
        content: Mapping[str, Any] = result.structured_content or {}
        return content.get("escalation_id") if content.get("status") in OPEN else None

    async def get(self, owner: Caller, task_id: str) -> Task:
        """See `TaskStore.get`."""
        return await self._paced(owner, await self._read_task(owner, task_id))

    async def _paced(self, owner: Caller, task: Task) -> Task:
        """Suggest an interval at which the client, with all its tasks, keeps within its rate."""
        if task.status.has_ended:
            return task
        return paced(
            task,
            open_questions=await self._asking.count_open(owner),
            calls_per_second=owner.limits.calls_per_second,
        )

    async def _read_task(self, owner: Caller, task_id: str) -> Task:
        escalation = await self._find(owner, task_id)
        return self._show(escalation, await self._asking.images(escalation))

    async def update(self, owner: Caller, task_id: str, responses: Mapping[str, Any]) -> None:
        """See `TaskStore.update`."""
        wanted = open_requests(await self._find(owner, task_id))
        # All are read before the first is told.
        replies = [(key, self._read(key, responses[key])) for key in wanted if key in responses]
        for key, text in replies:
            try:
                await self._asking.tell_operator(
                    owner, task_id, text, hold=AT_ONCE, source=source_of(key)
                )
            except EndedError:
                return  # nobody waits for it any more
            crash_point(CrashPoint.TASK_REPLY_TOLD)

    async def cancel(self, owner: Caller, task_id: str) -> None:
        """See `TaskStore.cancel`."""
        try:
            await self._asking.cancel(owner, task_id, reason=None)
        except UnknownEscalationError as error:
            raise UnknownTaskError from error

    async def watch(self, owner: Caller, task_ids: frozenset[str]) -> AsyncGenerator[Task]:
        """See `TaskStore.watch`."""
        told: dict[str, Task] = {}
        still_open = set(task_ids)
        async with self._changes.subscribe() as hints, aclosing(self._looks(hints)) as looks:
            async for changed in looks:
                for task_id in sorted(still_open if changed is None else still_open & {changed}):
                    try:
                        task = await self._read_task(owner, task_id)
                        # As it is without a pace: how many others are open is no news of it.
                        is_news = task != told.get(task_id)
                        news = await self._paced(owner, task) if is_news else None
                    except StoreUnavailableError:
                        continue
                    except UnknownTaskError:
                        still_open.discard(task_id)
                        continue
                    if news is not None:
                        told[task_id] = task
                        yield news
                    if task.status.has_ended:
                        still_open.discard(task_id)
                if not still_open:
                    return

    async def _looks(self, hints: AsyncIterator[str]) -> AsyncGenerator[str | None]:
        """Tell which task may have changed, None for any of them, until this process stops."""
        hint = asyncio.ensure_future(anext(hints))
        stopping = asyncio.ensure_future(self._asking.until_stopping())
        try:
            look_at = time.monotonic()
            while not stopping.done():
                left = look_at - time.monotonic()
                if left <= 0:
                    look_at = time.monotonic() + LOOK_SECONDS
                    yield None
                    continue
                await asyncio.wait(
                    {hint, stopping}, timeout=left, return_when=asyncio.FIRST_COMPLETED
                )
                if hint.done():
                    changed, hint = hint.result(), asyncio.ensure_future(anext(hints))
                    yield changed or None
        finally:
            for waiting in (hint, stopping):
                waiting.cancel()
            await asyncio.gather(hint, stopping, return_exceptions=True)

    async def _find(self, owner: Caller, task_id: str) -> Escalation:
        try:
            return await self._asking.look(owner, task_id)
        except UnknownEscalationError as error:
            raise UnknownTaskError from error

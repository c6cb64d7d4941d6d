"""The suite's tools that go on as tasks: each is a question in the product's store.

The people who answer are played here, by the tool's name. A refusal stands for an error of the
tool, a question that nobody could be shown for an error of the protocol: the suite wants both, and
the product has neither.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal
from uuid import uuid4

from mcp.server.mcpserver.context import Context
from mcp.server.mcpserver.tools import Tool
from mcp_types import (
    INTERNAL_ERROR,
    CallToolResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequiredResult,
    TextContent,
)
from support.gateway import caller

from conformance.fixture_tools import text
from mcp_gateway.asking import Asking
from mcp_gateway.results.rendering import render
from mcp_gateway.settings import LOOPBACK_AGENT
from mcp_gateway.tasks.extension import takes_tasks
from mcp_gateway.tasks.replies import open_requests
from mcp_gateway.tasks.shapes import Status, Task
from mcp_gateway.tasks.view import task_of
from mcp_gateway.waiting import Hold
from shared.escalation import Author, Escalation, Outcome, Person, Provenance, Remark, State
from shared.ports.clock import utc_now
from shared.ports.discussion import Discussion
from shared.ports.escalations import EscalationStore
from shared.ports.waiting import Changes
from shared.question import Question

TASK_TOOLS: Final = ("slow_compute", "confirm_delete", "multi_input", "test_tool_with_task")
ONLY_TASKS: Final = ("failing_job", "protocol_error_job")

Call = Context[Any, Any]

_PLAYER: Final = Person(id="1", name="Fixture")
_SHORT: Final = 0.1


def show(escalation: Escalation, images: Mapping[str, str]) -> Task:
    """Show a question as the suite's tools want to be seen."""
    task = task_of(escalation, images)
    reason = (escalation.outcome.reason if escalation.outcome else None) or ""
    match escalation.state:
        case State.DECLINED:
            failed = CallToolResult(content=[TextContent(type="text", text=reason)], is_error=True)
            return replace(task, result=failed.model_dump(by_alias=True, exclude_none=True))
        case State.UNDELIVERABLE:
            error = {"code": INTERNAL_ERROR, "message": reason}
            return replace(task, status=Status.FAILED, result=None, error=error)
        case _:
            return task


def read(key: str, response: Any) -> str:
    """Take whatever the suite replies: it does not go by the form that it is shown."""
    return json.dumps(response)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where questions are asked and people played; `group` lives as long as the server."""

    asking: Asking
    store: EscalationStore
    discussion: Discussion
    changes: Changes
    group: asyncio.TaskGroup

    def tools(self) -> list[Tool]:
        """Make the tools."""

        async def slow_compute(ctx: Call, seconds: float = 0, label: str = "") -> CallToolResult:
            """Compute for so long."""
            if not takes_tasks(ctx.request_context):
                await asyncio.sleep(seconds)
                return text(f"Computed {label}.")
            return await self._begin("slow_compute", seconds=seconds, label=label)

        async def failing_job() -> CallToolResult:
            """Fail as a tool does."""
            return await self._begin("failing_job")

        async def protocol_error_job() -> CallToolResult:
            """Fail as a request does."""
            return await self._begin("protocol_error_job")

        async def confirm_delete(filename: str = "") -> CallToolResult:
            """Ask back once."""
            return await self._begin("confirm_delete", filename=filename)

        async def multi_input() -> CallToolResult:
            """Ask back twice at once."""
            return await self._begin("multi_input")

        async def test_tool_with_task(ctx: Call) -> CallToolResult | InputRequiredResult:
            """Ask for a name before there is a task."""
            match (ctx.input_responses or {}).get("user_name"):
                case ElicitResult(content={"name": str() as name}):
                    return await self._begin("test_tool_with_task", name=name)
                case _:
                    return _wants_name()

        functions = (
            slow_compute,
            failing_job,
            protocol_error_job,
            confirm_delete,
            multi_input,
            test_tool_with_task,
        )
        return [Tool.from_function(each) for each in functions]

    async def _begin(self, tool: str, **arguments: Any) -> CallToolResult:
        """Ask a question in place of the work, and let it be played."""
        escalation = await self.asking.ask(
            caller(LOOPBACK_AGENT),
            Question(text=tool, context=json.dumps(arguments)),
            idempotency_key=uuid4().hex,  # two calls are two tasks
            hold=Hold(0.0),
        )
        self.group.create_task(self._play(escalation, tool, arguments))
        return render(escalation)

    async def _play(self, escalation: Escalation, tool: str, arguments: Mapping[str, Any]) -> None:
        match tool:
            case "failing_job":
                await asyncio.sleep(_SHORT)
                await self._end(escalation, State.DECLINED, reason="The job failed.")
            case "protocol_error_job":
                await asyncio.sleep(_SHORT)
                await self._end(escalation, State.UNDELIVERABLE, reason="The job broke.")
            case "confirm_delete":
                await self._ask_back(escalation, f"Delete {arguments['filename']}?")
                await self._end(escalation, State.ANSWERED, text="Deleted.")
            case "multi_input":
                await self._ask_back(escalation, "Your name?", "Are you sure?")
                await self._end(escalation, State.ANSWERED, text="Done.")
            case "test_tool_with_task":
                await self._end(escalation, State.ANSWERED, text=f"Hello, {arguments['name']}!")
            case _:
                await asyncio.sleep(arguments["seconds"])
                await self._end(escalation, State.ANSWERED, text=f"Computed {arguments['label']}.")

    async def _ask_back(self, escalation: Escalation, *questions: str) -> None:
        """Ask back, and wait until all is replied to, or the task is cancelled."""
        async with self.changes.subscribe() as hints:
            for number, question in enumerate(questions):
                remark = Remark(
                    author=Author.OPERATOR,
                    text=question,
                    at=utc_now(),
                    by=_PLAYER,
                    source=f"fixture-{number}",
                )
                await self.discussion.remark(escalation.id, remark)
            async for hint in hints:
                if hint not in {"", escalation.id}:
                    continue
                current = await self.store.get(escalation.id)
                if current is None or not open_requests(current):
                    return

    async def _end(
        self,
        escalation: Escalation,
        state: Literal[State.ANSWERED, State.DECLINED, State.UNDELIVERABLE],
        *,
        text: str | None = None,
        reason: str | None = None,
    ) -> None:
        """End the question, unless it has ended."""
        now = utc_now()
        outcome = Outcome(
            state=state,
            at=now,
            seconds=(now - escalation.created_at).total_seconds(),
            provenance=Provenance.PERSON,
            text=text,
            reason=reason,
            by=_PLAYER,
        )
        await self.store.conclude(escalation.id, outcome)


def _wants_name() -> InputRequiredResult:
    form = ElicitRequestFormParams(
        message="What is your name?",
        requested_schema={
            "type": "object",
            "properties": {"name": {"type": "string"}},
            "required": ["name"],
        },
    )
    return InputRequiredResult(input_requests={"user_name": ElicitRequest(params=form)})

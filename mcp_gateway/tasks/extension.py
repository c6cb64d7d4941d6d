"""The extension itself: offers tasks to clients that know them, and answers for those it gave."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final, TypeVar

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.extension import Extension, MethodBinding
from mcp.server.mcpserver.server import require_client_extension
from mcp.shared.exceptions import MCPError
from mcp.shared.inbound import MCP_NAME_HEADER, decode_header_value
from mcp_types import HEADER_MISMATCH, INTERNAL_ERROR, INVALID_PARAMS, CallToolResult, RequestParams
from mcp_types import CallToolRequestParams as CallParams
from pydantic import ValidationError
from starlette.requests import Request

from mcp_gateway.caller import Caller
from mcp_gateway.results.bad_arguments import refusal_of
from mcp_gateway.tasks.shapes import EXTENSION, REVISIONS, Status, Task, TaskParams, UpdateParams
from mcp_gateway.tasks.store import TaskStore, UnknownTaskError, UnusableResponseError
from shared.errors import EscalationError, StoreUnavailableError
from shared.telemetry import get_logger

log = get_logger(__name__)

Context = ServerRequestContext[Any, Any]
ParamsT = TypeVar("ParamsT", bound=RequestParams)

ACKNOWLEDGED: Final[dict[str, Any]] = {"resultType": "complete"}


def takes_tasks(ctx: Context) -> bool:
    """Whether this request's client may be given a task: it says so with each request."""
    declared = ctx.session.client_capabilities
    extensions = declared.extensions if declared is not None else None
    return ctx.protocol_version in REVISIONS and EXTENSION in (extensions or {})


class TasksExtension(Extension):
    """Tasks over a `TaskStore`.

    `tools` may go on behind their call; those in `only_tasks` can't be called without tasks.
    """

    identifier = EXTENSION

    def __init__(
        self,
        store: TaskStore,
        *,
        tools: Collection[str],
        owner: Callable[[], Caller],
        only_tasks: Collection[str] = (),
    ) -> None:
        self._store = store
        self._tools = frozenset(tools) | frozenset(only_tasks)
        self._only_tasks = frozenset(only_tasks)
        self._owner = owner

    def methods(self) -> Sequence[MethodBinding]:
        """Serve `tasks/get`, `tasks/update` and `tasks/cancel`."""
        return [
            MethodBinding("tasks/get", RequestParams, self._get, REVISIONS),
            MethodBinding("tasks/update", RequestParams, self._update, REVISIONS),
            MethodBinding("tasks/cancel", RequestParams, self._cancel, REVISIONS),
        ]

    async def intercept_tool_call(
        self, params: CallParams, ctx: Context, call_next: CallNext
    ) -> HandlerResult:
        """Give a client that takes tasks a handle where the tool's work goes on.

        What is wrong with the call is the tool's to say, as without tasks; and what has ended by
        now is its result.
        """
        if params.name in self._only_tasks and not takes_tasks(ctx):
            require_client_extension(ctx, EXTENSION)
        result = await call_next(ctx)
        if (
            params.name not in self._tools
            or not takes_tasks(ctx)
            or not isinstance(result, CallToolResult)
            or (task_id := self._store.task_of(result)) is None
        ):
            return result
        try:
            task = await self._store.get(self._owner(), task_id)
        except EscalationError as error:
            # It is accepted, and the tool's own result tells how to ask for it again.
            log.warning("task_unread", task_id=task_id, reason=str(error))
            return result
        return shown(ctx, task).handle()

    async def _get(self, ctx: Context, _: RequestParams) -> dict[str, Any]:
        params = read_params(ctx, TaskParams)
        check(ctx, params.task_id)
        with as_protocol_errors():
            task = await self._store.get(self._owner(), params.task_id)
        return {**ACKNOWLEDGED, **shown(ctx, task).detailed()}

    async def _update(self, ctx: Context, _: RequestParams) -> dict[str, Any]:
        params = read_params(ctx, UpdateParams)
        check(ctx, params.task_id)
        with as_protocol_errors():
            await self._store.update(self._owner(), params.task_id, params.input_responses)
        return dict(ACKNOWLEDGED)

    async def _cancel(self, ctx: Context, _: RequestParams) -> dict[str, Any]:
        params = read_params(ctx, TaskParams)
        check(ctx, params.task_id)
        with as_protocol_errors():
            await self._store.cancel(self._owner(), params.task_id)
        return dict(ACKNOWLEDGED)


def read_params(ctx: Context, kind: type[ParamsT]) -> ParamsT:
    """Read what a request is told. The SDK, which would do it, names no field that is wrong.

    Raises:
        MCPError: It names each.
    """
    try:
        return kind.model_validate(ctx.params or {}, by_name=False)
    except ValidationError as error:
        raise MCPError(INVALID_PARAMS, refusal_of(error)) from error


def check(ctx: Context, task_id: str) -> None:
    """Refuse a request about a task that goes by another name outside, or to who knows no tasks.

    Whoever routes requests goes by the header `Mcp-Name`, so it must say what the body says, and
    the SDK checks that for its own methods only. A client that leaves it out is answered all the
    same: FastMCP's does, and a task is any gateway's, wherever a balancer sends it.

    Raises:
        MCPError: With the standard's code for either.
    """
    if isinstance(ctx.request, Request):
        named = ctx.request.headers.get(MCP_NAME_HEADER)
        if named is not None and decode_header_value(named) != task_id:
            raise MCPError(
                HEADER_MISMATCH, f"{MCP_NAME_HEADER} header does not match the body's 'taskId'"
            )
    require_client_extension(ctx, EXTENSION)


def shown(ctx: Context, task: Task) -> Task:
    """Show a task as its client can take it.

    A client that can't be asked for input is not told that it must give some: the message says
    what is wanted, and a tool takes the reply.
    """
    if task.status is not Status.INPUT_REQUIRED or _can_be_asked(ctx):
        return task
    return replace(task, status=Status.WORKING, asked={})


def _can_be_asked(ctx: Context) -> bool:
    declared = ctx.session.client_capabilities
    elicitation = declared.elicitation if declared is not None else None
    # An empty declaration means forms: it is older than the other kind.
    return elicitation is not None and (elicitation.form is not None or elicitation.url is None)


@contextmanager
def as_protocol_errors() -> Generator[None]:
    """Tell expected failures as the standard has them.

    Raises:
        MCPError: In place of what was raised within.
    """
    try:
        yield
    except (UnknownTaskError, UnusableResponseError) as error:
        raise MCPError(INVALID_PARAMS, str(error)) from error
    except StoreUnavailableError as error:
        raise MCPError(
            INTERNAL_ERROR, f"{error}. Please try again: it is safe to repeat"
        ) from error
    except EscalationError as error:
        raise MCPError(INTERNAL_ERROR, str(error)) from error

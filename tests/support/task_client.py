"""A client that takes tasks, on the SDK's own client: raw enough to see what is on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, ClassVar, Literal

import httpx2
from mcp import Client
from mcp.client.client import ConnectMode
from mcp.client.extension import ClaimContext, ClientExtension, NotificationBinding, ResultClaim
from mcp.client.session import ClientRequestContext, IncomingMessage
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.server.mcpserver.server import MCPServer
from mcp_types import (
    CallToolResult,
    ElicitRequestParams,
    ElicitResult,
    Request,
    Result,
    SubscriptionsAcknowledgedNotification,
)
from pydantic import ConfigDict, RootModel

from mcp_gateway.tasks.shapes import EXTENSION, LISTEN


class Handle(Result):
    """What a call returns in place of its result."""

    model_config = ConfigDict(extra="allow", alias_generator=None)

    result_type: Literal["task"] = "task"


class _Anything(RootModel[dict[str, Any]]):
    """Whatever stands on the wire."""


class _AboutATask(Request[dict[str, Any], str]):
    name_param: ClassVar[str | None] = "taskId"  # pyright: ignore[reportIncompatibleVariableOverride]


class _Listen(Request[dict[str, Any], Literal["subscriptions/listen"]]):
    method: Literal["subscriptions/listen"] = LISTEN


class _Tasks(ClientExtension):
    """Declares the extension, and leaves its results as they are."""

    identifier = EXTENSION

    def __init__(self, told: asyncio.Queue[dict[str, Any]]) -> None:
        self._told = told

    def claims(self) -> Sequence[ResultClaim[Any]]:
        return [ResultClaim(result_type="task", model=Handle, resolve=_never)]

    def notifications(self) -> Sequence[NotificationBinding[Any]]:
        return [
            NotificationBinding(
                method="notifications/tasks", params_type=_Anything, handler=self._note
            )
        ]

    async def _note(self, notified: _Anything) -> None:
        self._told.put_nowait(notified.root)


async def _never(handle: Handle, context: ClaimContext) -> CallToolResult:
    raise AssertionError("tests look at the handle itself")


async def _cannot_answer(
    context: ClientRequestContext, params: ElicitRequestParams
) -> ElicitResult:
    raise AssertionError("nothing is elicited in mid-call")


class TaskClient:
    """Says on the wire what a test says. Open it in the test."""

    def __init__(
        self,
        client: Client,
        told: asyncio.Queue[dict[str, Any]],
        acknowledged: asyncio.Queue[dict[str, Any]],
    ) -> None:
        self.client = client
        self._told = told
        self._acknowledged = acknowledged

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool; a handle, or a result, as it came."""
        result = await self.client.session.call_tool(tool, arguments, allow_claimed=True)
        return result.model_dump(by_alias=True, mode="json", exclude_none=True)

    async def get(self, task_id: str) -> dict[str, Any]:
        """Ask how a task stands."""
        return await self._send("tasks/get", taskId=task_id)

    async def update(self, task_id: str, **responses: Any) -> dict[str, Any]:
        """Reply to what is asked."""
        return await self._send("tasks/update", taskId=task_id, inputResponses=responses)

    async def cancel(self, task_id: str) -> dict[str, Any]:
        """Say that it is no longer wanted."""
        return await self._send("tasks/cancel", taskId=task_id)

    async def until(self, task_id: str, status: str) -> dict[str, Any]:
        """Look again and again until a task stands so; bounded by the test."""
        while (task := await self.get(task_id))["status"] != status:
            await asyncio.sleep(0.02)
        return task

    async def listen(self, *task_ids: str) -> dict[str, Any]:
        """Listen for news of these tasks until the server ends the stream; return its last word."""
        request = _Listen(params={"notifications": {"taskIds": list(task_ids)}})
        return (await self.client.session.send_request(request, _Anything)).root

    async def told(self) -> dict[str, Any]:
        """Take the next notification of a task."""
        return await self._told.get()

    def was_told_all(self) -> bool:
        """Tell whether no notification has come beyond those that were taken."""
        return self._told.empty()

    async def acknowledged(self) -> dict[str, Any]:
        """Take what the server agreed to tell of, the next time that it did."""
        return await self._acknowledged.get()

    async def _send(self, method: str, **params: Any) -> dict[str, Any]:
        request = _AboutATask(method=method, params=params)
        return (await self.client.session.send_request(request, _Anything)).root


@asynccontextmanager
async def task_client(
    server: MCPServer[None] | StdioServerParameters | str,
    *,
    declares: bool = True,
    can_be_asked: bool = True,
    mode: ConnectMode = "auto",
    key: str | None = None,
    http: httpx2.AsyncClient | None = None,
) -> AsyncGenerator[TaskClient]:
    """Open a client of a server: one in this process, a program, or one at an address.

    At an address it goes by `http`, or by an HTTP client with this `key`.
    """
    told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    acknowledged: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def note(message: IncomingMessage) -> None:
        if isinstance(message, SubscriptionsAcknowledgedNotification):
            agreed = message.params.notifications
            acknowledged.put_nowait(agreed.model_dump(by_alias=True, exclude_none=True))

    async with AsyncExitStack() as stack:
        if isinstance(server, str) and key is not None:
            http = await stack.enter_async_context(
                httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"})
            )
        where: Any = server
        if isinstance(server, str) and http is not None:
            where = streamable_http_client(server, http_client=http)
        client = Client(
            where,
            mode=mode,
            extensions=[_Tasks(told)] if declares else [],
            elicitation_callback=_cannot_answer if can_be_asked else None,
            message_handler=note,
        )
        yield TaskClient(await stack.enter_async_context(client), told, acknowledged)

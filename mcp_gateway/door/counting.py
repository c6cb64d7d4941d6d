"""Counts requests: none costs nothing, and none costs twice.

A tool counts its calls itself, since its refusals are results, in words for the model. Whatever
else is asked too often is refused by an error of JSON-RPC, with the time to come back in its data.
That is counted before it is served, but for a call that comes to no tool: only the SDK can tell.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError

from shared.errors import StoreUnavailableError, TooManyAtOnceError, TooManyCallsError
from shared.limits import Counted
from shared.telemetry import get_logger

log = get_logger(__name__)

TOO_MANY: Final = 429
"""The error's code. JSON-RPC and MCP have none for it: it is HTTP's, outside what they reserve."""
COUNTED_BY_TOOLS: Final = "tools/call"
CHANGES: Final = frozenset({"tasks/update", "tasks/cancel"})

Admit = Callable[[Counted], Awaitable[None]]


def too_many(error: TooManyCallsError | TooManyAtOnceError) -> MCPError:
    """Put a refusal into the protocol's words: `data.retryAfterMs` says when to come back."""
    milliseconds = round(error.retry_after.total_seconds() * 1000)
    return MCPError(TOO_MANY, str(error), {"retryAfterMs": milliseconds})


@dataclass(slots=True)
class _ToolCall:
    """A `tools/call` that is under way."""

    came_to_a_tool: bool = False


_UNDER_WAY: Final = ContextVar[_ToolCall | None]("tool_call_under_way", default=None)


class Counting:
    """A middleware that lets requests pass as often as their agent may make them."""

    def __init__(self, admit: Admit) -> None:
        self._admit = admit

    async def __call__(
        self, ctx: ServerRequestContext[Any, Any], call_next: CallNext
    ) -> HandlerResult:
        """Serve a request, or refuse it with the time to come back.

        A notification has nobody to be told of a refusal, and asks for nothing.

        Raises:
            MCPError: Its agent asks too often.
        """
        if ctx.request_id is None:
            return await call_next(ctx)
        if ctx.method != COUNTED_BY_TOOLS:
            await self._count(Counted.CALL if ctx.method in CHANGES else Counted.LOOK)
            return await call_next(ctx)
        under_way = _ToolCall()
        token = _UNDER_WAY.set(under_way)
        try:
            return await call_next(ctx)
        finally:
            _UNDER_WAY.reset(token)
            if not under_way.came_to_a_tool:
                # It names no tool, or its params are not what they must be: nothing was done.
                await self._count(Counted.LOOK)

    async def let_call(self) -> None:
        """Let a call in that came to a tool. Each tool asks this, before anything else.

        Raises:
            TooManyCallsError: Its agent calls too often.
            StoreUnavailableError: It can't be told now.
        """
        if (under_way := _UNDER_WAY.get()) is not None:
            under_way.came_to_a_tool = True
        await self._admit(Counted.CALL)

    async def _count(self, counted: Counted) -> None:
        try:
            await self._admit(counted)
        except TooManyCallsError as error:
            raise too_many(error) from error
        except StoreUnavailableError as error:
            # What needs Redis says so itself; the rest, such as a hello, goes on without.
            log.warning("request_uncounted", reason=str(error))

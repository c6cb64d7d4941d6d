"""`subscriptions/listen` for tasks: their notifications on the stream that the client opened.

The SDK serves the rest of that method and leaves no room in it for an extension's events, so this
is a middleware before it. It takes the requests that name tasks; of the others it sees to it that
no agent has them all, since the SDK's are so many for one process.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from contextlib import aclosing, contextmanager
from datetime import timedelta
from typing import Any, Final, cast

from mcp.server.context import CallNext, HandlerResult
from mcp.server.mcpserver.server import require_client_extension
from mcp.shared.exceptions import MCPError
from mcp.shared.subscriptions import SUBSCRIPTION_ID_META_KEY
from mcp_types import (
    RequestId,
    ServerNotification,
    SubscriptionFilter,
    SubscriptionsAcknowledgedNotification,
    SubscriptionsAcknowledgedNotificationParams,
    SubscriptionsListenResult,
)

from mcp_gateway.caller import Caller
from mcp_gateway.door.counting import TOO_MANY, too_many
from mcp_gateway.tasks.extension import Context, as_protocol_errors, shown
from mcp_gateway.tasks.shapes import (
    EXTENSION,
    LISTEN,
    REVISIONS,
    WATCHED_LIMIT,
    ListenParams,
    TaskNotification,
)
from mcp_gateway.tasks.store import TaskStore, UnknownTaskError
from shared.errors import TooManyAtOnceError
from shared.limits import Counted
from shared.shares import Lines, Shares

STREAMS_FOR_A_TASK: Final = 2
"""A client that listens anew may do so before its old stream is found dead."""
QUIET_STREAMS: Final = 100
"""Streams of one agent here that name no task. Nothing is ever told on them."""
AGAIN: Final = timedelta(seconds=10)
"""When an agent that listens to as much as it may is told to come back: a stream ends when its
tasks do, or its client, and nobody can say when that is."""


class TaskSubscriptions:
    """A middleware that serves `subscriptions/listen` where it names tasks."""

    def __init__(
        self,
        store: TaskStore,
        *,
        owner: Callable[[], Caller],
        is_let_in: Callable[[], Awaitable[bool]],
    ) -> None:
        self._store = store
        self._owner = owner
        self._is_let_in = is_let_in
        self._watched = Shares()
        self._quiet = Shares()
        self._beginning = Lines()

    async def __call__(self, ctx: Context, call_next: CallNext) -> HandlerResult:
        """Acknowledge the caller's own tasks, and tell of each until all have ended.

        The first that is told of a task is how it stands now, so nothing falls between the
        client's last look and its subscription. A stream whose caller is let in no more ends
        before it tells anything else. The tools of this server never change, so no
        other kind of event is promised.
        """
        if ctx.request_id is None or ctx.method != LISTEN:
            return await call_next(ctx)
        if ctx.protocol_version not in REVISIONS or not _names_tasks(ctx):
            with self._listening(self._owner()):
                return await call_next(ctx)
        asked = ListenParams.model_validate(ctx.params, by_name=False).notifications.task_ids
        require_client_extension(ctx, EXTENSION)
        owner, meta = self._owner(), {SUBSCRIPTION_ID_META_KEY: ctx.request_id}
        known = await self._known(owner, asked or ())
        with self._watching(owner, len(known)):
            await _acknowledge(ctx, ctx.request_id, known)
            async with aclosing(self._store.watch(owner, frozenset(known))) as changes:
                async for task in changes:
                    with as_protocol_errors():
                        # A stream may be open for days, and its key may be revoked meanwhile.
                        if not await self._is_let_in():
                            break
                    await ctx.session.send_notification(
                        # The SDK's union of notifications is closed; what it sends is not.
                        cast(
                            "ServerNotification",
                            TaskNotification(params={**shown(ctx, task).detailed(), "_meta": meta}),
                        ),
                        related_request_id=ctx.request_id,
                    )
        return SubscriptionsListenResult(_meta=meta)

    @contextmanager
    def _watching(self, owner: Caller, tasks: int) -> Generator[None]:
        """Hold an agent's streams to a number of tasks: each is read again every few seconds.

        Raises:
            MCPError: It listens to as many as it may.
        """
        most = max(WATCHED_LIMIT, STREAMS_FOR_A_TASK * owner.limits.open_questions)
        with self._watched.take(owner.identity, tasks, most=most) as room:
            if not room:
                raise _too_many(
                    f"tasks are listened to: this agent's streams here may name {most} together",
                    most,
                )
            yield

    @contextmanager
    def _listening(self, owner: Caller) -> Generator[None]:
        """Hold an agent to a number of streams that name no task.

        Raises:
            MCPError: It has as many as it may.
        """
        with self._quiet.take(owner.identity, most=QUIET_STREAMS) as room:
            if not room:
                raise _too_many(
                    f"streams are open: this agent may have {QUIET_STREAMS} here that name no task",
                    QUIET_STREAMS,
                )
            yield

    async def _known(self, owner: Caller, asked: Iterable[str]) -> list[str]:
        """Tell which tasks are the caller's own, for one of its streams after the other.

        Each may name a hundred: as many at once as it may look would leave no time for others.

        Raises:
            MCPError: As many stand in line as it may look at once.
        """
        most = owner.limits.rate(Counted.LOOK).burst
        async with self._beginning.turn(owner.identity, most=most) as has_turn:
            if not has_turn:
                raise too_many(TooManyAtOnceError("streams", most))
            with as_protocol_errors():
                return [each for each in dict.fromkeys(asked) if await self._is_known(owner, each)]

    async def _is_known(self, owner: Caller, task_id: str) -> bool:
        try:
            await self._store.get(owner, task_id)
        except UnknownTaskError:
            return False
        return True


def _too_many(what: str, limit: int) -> MCPError:
    return MCPError(
        TOO_MANY,
        f"too many {what}. End one of them first, or try again in "
        f"{AGAIN.total_seconds():g} seconds",
        {"limit": limit, "retryAfterMs": round(AGAIN.total_seconds() * 1000)},
    )


def _names_tasks(ctx: Context) -> bool:
    wanted = (ctx.params or {}).get("notifications")
    return (
        isinstance(wanted, Mapping) and cast("Mapping[str, Any]", wanted).get("taskIds") is not None
    )


async def _acknowledge(ctx: Context, subscription: RequestId, task_ids: list[str]) -> None:
    await ctx.session.send_notification(
        SubscriptionsAcknowledgedNotification(
            params=SubscriptionsAcknowledgedNotificationParams(
                # As an extra of the SDK's own filter: what a subclass adds would not be written.
                notifications=SubscriptionFilter.model_validate({"taskIds": task_ids}),
                _meta={SUBSCRIPTION_ID_META_KEY: subscription},
            )
        ),
        related_request_id=subscription,
    )

"""A task as the standard has it, and what clients send about one. Pure values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from mcp_types import Notification, RequestParams, SubscriptionFilter
from pydantic import Field

from shared.texts import FilledText

EXTENSION: Final = "io.modelcontextprotocol/tasks"
REVISIONS: Final = frozenset({"2026-07-28"})
"""The revisions of MCP at which there are tasks: those in which each request says what its client
can do."""
LISTEN: Final = "subscriptions/listen"
WATCHED_LIMIT: Final = 100
"""Tasks that one subscription may name."""


class Status(StrEnum):
    """Where a task stands."""

    WORKING = "working"
    INPUT_REQUIRED = "input_required"  # the client must reply to something first
    COMPLETED = "completed"  # there is a result, which may be an error of the tool
    FAILED = "failed"  # the call itself was in error, as JSON-RPC has it
    CANCELLED = "cancelled"

    @property
    def has_ended(self) -> bool:
        """Whether the task will never stand otherwise."""
        return self in {Status.COMPLETED, Status.FAILED, Status.CANCELLED}


@dataclass(frozen=True, slots=True)
class Task:
    """A task at one moment; `result`, `error` and `asked` as its status wants them."""

    id: str
    status: Status
    created_at: datetime
    updated_at: datetime
    kept_for: timedelta
    """From its creation; after this nobody knows it any more."""
    poll_every: timedelta
    message: str | None = None
    asked: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    """What the client must reply to, by keys that never come back with another meaning."""
    result: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None

    def handle(self) -> dict[str, Any]:
        """Write it as what a call returns in place of its result (`CreateTaskResult`)."""
        return {"resultType": "task", **self._base()}

    def detailed(self) -> dict[str, Any]:
        """Write it with what its status brings along (`DetailedTask`)."""
        match self.status:
            case Status.INPUT_REQUIRED:
                return {**self._base(), "inputRequests": dict(self.asked)}
            case Status.COMPLETED:
                return {**self._base(), "result": dict(self.result or {})}
            case Status.FAILED:
                return {**self._base(), "error": dict(self.error or {})}
            case Status.WORKING | Status.CANCELLED:
                return self._base()

    def _base(self) -> dict[str, Any]:
        return {
            "taskId": self.id,
            "status": self.status.value,
            **({} if self.message is None else {"statusMessage": self.message}),
            "createdAt": _moment(self.created_at),
            "lastUpdatedAt": _moment(self.updated_at),
            "ttlMs": _milliseconds(self.kept_for),
            "pollIntervalMs": _milliseconds(self.poll_every),
        }


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _milliseconds(time: timedelta) -> int:
    return max(1, round(time.total_seconds() * 1000))


TaskId = Annotated[FilledText, Field(max_length=64)]


class TaskParams(RequestParams):
    """What `tasks/get` and `tasks/cancel` are told."""

    task_id: TaskId


class UpdateParams(TaskParams):
    """What `tasks/update` is told. Responses that nobody waits for may have any shape."""

    input_responses: dict[str, Any]


class TaskFilter(SubscriptionFilter):
    """What `subscriptions/listen` may ask for, with tasks."""

    task_ids: Annotated[list[TaskId], Field(max_length=WATCHED_LIMIT)] | None = None


class ListenParams(RequestParams):
    """What `subscriptions/listen` is told."""

    notifications: TaskFilter


class TaskNotification(Notification[dict[str, Any], Literal["notifications/tasks"]]):
    """How a task stands now."""

    method: Literal["notifications/tasks"] = "notifications/tasks"

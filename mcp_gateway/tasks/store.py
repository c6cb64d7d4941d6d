"""The port under the extension: whoever keeps work that outlives a call can offer tasks."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any, Protocol

from mcp_types import CallToolResult

from mcp_gateway.caller import Caller
from mcp_gateway.tasks.shapes import Task
from shared.errors import EscalationError


class UnknownTaskError(EscalationError):
    """No task with this id is kept for whoever asks; another one's is as unknown."""

    def __init__(self) -> None:
        super().__init__("taskId: no such task is kept for you")


class UnusableResponseError(EscalationError):
    """What a client replied can't be passed on; the message names the field. Nothing was."""


class TaskStore(Protocol):
    """Keeps tasks where every process that serves them reads the same.

    Each method may raise `StoreUnavailableError`, and each but `task_of` `UnknownTaskError`.
    """

    def task_of(self, result: CallToolResult) -> str | None:
        """Name the task that goes on behind a tool's result; None where the result is the end.

        A task that is named is durable: `get` finds it, in whichever process.
        """
        ...

    async def get(self, owner: Caller, task_id: str) -> Task:
        """Read how a task stands."""
        ...

    async def update(self, owner: Caller, task_id: str, responses: Mapping[str, Any]) -> None:
        """Pass on what the client replies, each reply once.

        Replies under keys that nobody waits for, now or any more, are passed over.

        Raises:
            UnusableResponseError: A reply is not what was asked for.
        """
        ...

    async def cancel(self, owner: Caller, task_id: str) -> None:
        """Say that the result is no longer wanted. A task that has ended stays as it is."""
        ...

    def watch(self, owner: Caller, task_ids: frozenset[str]) -> AsyncGenerator[Task]:
        """Tell how each task stands now, and then each time that it stands otherwise.

        Ends once all have ended or are kept no more, and when this process stops. An outage of
        the store delays what is told.
        """
        ...

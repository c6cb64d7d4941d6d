"""A gateway over a store in memory, whose questions are watched as tasks."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from mcp.server.mcpserver.server import MCPServer

from mcp_gateway.asking import Asking
from mcp_gateway.settings import GatewaySettings
from shared.escalation import Author, State
from shared.memory.answer_files import MemoryAnswerFiles
from shared.memory.discussion import MemoryDiscussion
from shared.memory.escalations import MemoryEscalations
from support.clock import SteppedClock
from support.gateway import build_server
from support.make import a_remark, an_outcome
from support.task_client import TaskClient, task_client
from support.terms import the_terms

QUESTION: Final = {"question": "May I give 10 % off?"}


@dataclass(frozen=True, slots=True)
class TaskGateway:
    """A gateway over a store in memory, with the people behind it."""

    store: MemoryEscalations
    discussion: MemoryDiscussion
    files: MemoryAnswerFiles
    asking: Asking
    clock: SteppedClock

    @property
    def server(self) -> MCPServer[None]:
        """Build it; each is a process of its own, but for the store."""
        settings = GatewaySettings(_env_file=None)  # pyright: ignore[reportCallIssue]
        return build_server(self.asking, settings, changes=self.store.changes)

    def client(self, **how: Any) -> AbstractAsyncContextManager[TaskClient]:
        """Open a client of it."""
        return task_client(self.server, **how)

    async def end(self, task_id: str, state: State = State.ANSWERED, **how: Any) -> None:
        """Let a person, or nobody, end a question."""
        escalation = await self.store.get(task_id)
        assert escalation is not None
        outcome = an_outcome(escalation, state, at=self.clock(), **how)
        await self.store.conclude(task_id, outcome)

    async def ask_back(self, task_id: str, text: str, source: str = "r1") -> None:
        """Let a person ask back."""
        self.clock.advance(seconds=1)
        remark = a_remark(at=self.clock(), text=text, source=source)
        await self.discussion.remark(task_id, remark)

    async def told(self, task_id: str) -> list[str]:
        """List what people were told."""
        escalation = await self.store.get(task_id)
        assert escalation is not None
        return [each.text for each in escalation.remarks if each.author is Author.AGENT]


def a_gateway(store: MemoryEscalations | None = None) -> TaskGateway:
    """Make one."""
    clock = SteppedClock()
    store = store or MemoryEscalations(clock=clock)
    discussion, files = MemoryDiscussion(store), MemoryAnswerFiles(store)
    asking = Asking(
        store,
        store,
        discussion,
        terms=the_terms(timedelta(minutes=10)),
        retention=timedelta(hours=1),
        files=files,
        clock=clock,
    )
    return TaskGateway(store, discussion, files, asking, clock)

"""What the agent's tests share: a conversation over the real runtime, and models with a script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pydantic import SecretStr
from videosdk.agents import LLM, ChatContext, ChatRole, FunctionTool, LLMResponse

from customer_agent.background import Sharing
from customer_agent.conversation import Conversation, Manner, open_conversation
from customer_agent.gateway_client import Gateway, McpGateway
from customer_agent.notices import Notices
from customer_agent.patience import Patience
from customer_agent.providers import pipeline_that_writes
from customer_agent.rule_based_llm import RuleBasedLLM
from customer_agent.settings import OnHangup

BRISK = Patience(
    hold=5,
    first_retry=0.01,
    longest_retry=0.05,
    refused_retry=0.05,
    unreachable=60,
    asked_back=0.3,
    late_answer=0.05,
    longest_late_answer=0.2,
    resume=timedelta(minutes=15),
)


class Heard:
    """Everything that the agent said, in order."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, words: str) -> None:
        self.lines.append(words)
        task = asyncio.get_running_loop().create_task(self._note())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def count(self, part: str) -> int:
        return sum(part in line for line in self.lines)

    async def until(self, part: str) -> str:
        """Wait for a line that holds these words."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.count(part) > 0)
        return next(line for line in self.lines if part in line)

    async def until_times(self, part: str, times: int) -> None:
        """Wait until so many lines hold these words."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.count(part) >= times)

    async def _note(self) -> None:
        async with self._changed:
            self._changed.notify_all()


class ScriptedLLM(LLM):
    """A model that a test holds back, makes fail, or lets answer as the rules do."""

    def __init__(self, notices: Notices) -> None:
        super().__init__()
        self.rules = RuleBasedLLM(notices)
        self.may_speak = asyncio.Event()
        self.may_speak.set()
        self.thinking = asyncio.Event()
        self.failures = 0
        """How many of the next generations raise."""
        self.silences = 0
        """How many of the next generations say nothing."""
        self.seen: list[str] = []

    async def chat(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        messages: ChatContext,
        tools: list[FunctionTool] | None = None,
        conversational_graph: Any | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[LLMResponse]:
        last = messages.messages()[-1]
        parts = last.content if isinstance(last.content, list) else [last.content]
        self.seen.append(" ".join(part for part in parts if isinstance(part, str)))
        self.thinking.set()
        await self.may_speak.wait()
        if self.failures:
            self.failures -= 1
            raise RuntimeError("the model is away")
        if self.silences:
            self.silences -= 1
            yield LLMResponse(content="", role=ChatRole.ASSISTANT)
            return
        async for each in self.rules.chat(messages, tools, conversational_graph, **kwargs):
            yield each

    async def cancel_current_generation(self) -> None:
        """Nothing to cancel."""


@dataclass
class Talk:
    """A conversation under test."""

    conversation: Conversation
    heard: Heard
    llm: ScriptedLLM
    open_counts: list[int] = field(default_factory=list[int])

    async def says(self, text: str) -> None:
        """Let the customer say something, and wait for the end of that turn."""
        await self.conversation.hear(text)


def client_for(url: str, key: str | None = None) -> McpGateway:
    return McpGateway(url, api_key=SecretStr(key) if key else None)


@asynccontextmanager
async def talking(
    gateway: Gateway,
    *,
    conversation_id: str = "talk",
    patience: Patience = BRISK,
    on_hangup: OnHangup = OnHangup.LEAVE,
    hold_line_seconds: float = 0,
    longest_utterance_seconds: float = 60,
    sharing: Sharing | None = None,
    write: Callable[[str], None] | None = None,
) -> AsyncGenerator[Talk]:
    """Run a conversation, greeted and ready."""
    heard = Heard()
    models: list[ScriptedLLM] = []
    counts: list[int] = []

    def say(words: str) -> None:
        heard(words)
        if write is not None:
            write(words)

    def build(notices: Notices) -> Any:
        models.append(ScriptedLLM(notices))
        return pipeline_that_writes(models[0], say)

    async with open_conversation(
        conversation_id=conversation_id,
        gateway=gateway,
        build_pipeline=build,
        manner=Manner(
            instructions="Be kind.",
            greeting="Hello!",
            hold_line_seconds=hold_line_seconds,
            on_hangup=on_hangup,
            longest_utterance_seconds=longest_utterance_seconds,
            patience=patience,
            sharing=sharing or Sharing(),
        ),
        on_open_questions=counts.append,
    ) as conversation:
        await conversation.start()
        yield Talk(conversation, heard, models[0], counts)

"""The border to VideoSDK's runtime where it has no usable types."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, cast

from videosdk.agents import Agent, ChatContext, ChatMessage, JobContext
from videosdk.agents import event_bus as _event_bus
from videosdk.agents import (
    function_tool as _untyped_function_tool,  # pyright: ignore[reportUnknownVariableType]
)
from videosdk.agents import metrics as _metrics

_ToolT = TypeVar("_ToolT", bound=Callable[..., Any])


class Speaking(Protocol):
    """The part of a session that an agent itself uses."""

    async def say(self, message: str) -> object:
        """Speak these words."""
        ...


def function_tool(method: _ToolT) -> _ToolT:
    """Mark a method as a tool of its agent."""
    return cast("_ToolT", _untyped_function_tool(method))


def session_of(agent: Agent) -> Speaking:
    """Give the session of an agent that has entered it."""
    return cast("Speaking", agent.session)


def context_of(agent: Agent | None) -> ChatContext:
    """Give an agent's chat context; an empty one when the runtime has cleaned the agent up."""
    context = agent.chat_context if agent is not None else None
    return context if context is not None else ChatContext.empty()


def text_of(item: object) -> str:
    """Give the text of a chat message; nothing for anything else."""
    if not isinstance(item, ChatMessage):
        return ""
    parts = [item.content] if isinstance(item.content, str) else item.content
    return " ".join(part for part in parts if isinstance(part, str))


def isolate_session() -> None:
    """Give the current task, and those it starts, metrics and events of their own.

    The runtime keeps both in context variables with process-wide defaults, which several sessions
    in one process would share.
    """
    bus = cast("Any", _event_bus)
    _metrics.set_current_metrics_collector(_metrics.new_session_metrics_collector())
    bus.set_current_event_bus(bus.new_session_event_bus())


def on_any_state_change(session: Any, note: Callable[[], None]) -> None:
    """Call `note` whenever the customer or the agent starts or stops speaking."""

    def changed(_data: object) -> None:
        note()

    session.on("user_state_changed", changed)
    session.on("agent_state_changed", changed)


def adopt_running_loop(context: JobContext) -> None:
    """Make a job's context use the running loop.

    `WorkerJob` makes the context before it starts its loop, and the context hands to the audio
    track whatever loop it found then: an interruption would be signalled to a loop that is dead.
    """
    cast("Any", context)._loop = asyncio.get_running_loop()  # noqa: SLF001  There is no setter.

"""Keeps a failing model from taking the conversation down.

When a model raises in mid-reply, VideoSDK's speech goes on waiting for its next words for ever.
Here a failure ends the reply instead: with an apology where the customer waits for an answer, and
without a word where we asked for an outcome to be told, which is then tried again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

from videosdk.agents import ChatContext, ChatRole, LLMResponse

from customer_agent.notices import Notices
from customer_agent.runtime import text_of
from shared.telemetry import get_logger

_log = get_logger(__name__)

SORRY: Final = "I'm sorry, something went wrong on my side. Could you say that again?"


class SteadyModel:
    """Guards one model; counts how often it failed."""

    def __init__(self, model: Any, notices: Notices) -> None:
        self.failures = 0
        self._notices = notices
        self._chat = model.chat
        # In its place rather than around it: the runtime looks at the model's class and fields.
        model.chat = self._guarded_chat

    async def _guarded_chat(
        self, messages: ChatContext, *args: Any, **kwargs: Any
    ) -> AsyncIterator[LLMResponse]:
        said_something = False
        try:
            async for part in self._chat(messages, *args, **kwargs):
                said_something = said_something or bool(part and part.content)
                yield part
        except Exception:  # noqa: BLE001  The border to models of any make.
            self.failures += 1
            _log.exception("model_failed")
            if not said_something and not self._is_about_an_outcome(messages):
                yield LLMResponse(content=SORRY, role=ChatRole.ASSISTANT)

    def _is_about_an_outcome(self, messages: ChatContext) -> bool:
        last = messages.items[-1] if messages.items else None
        return self._notices.read(text_of(last)) is not None

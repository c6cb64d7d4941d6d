"""The agent's voice: the few things that we ask of VideoSDK's session, and what it really does.

The runtime's own guarantees are thin. `session.reply()` drops its instructions while another
reply is in progress, and says so to nobody; an interruption ends it silently; a model that fails
leaves it waiting for ever; and it swallows a cancellation. This module turns each of these into a
result that a caller can act on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from videosdk.agents import AgentSession, ChatMessage, ChatRole, UserState

from customer_agent.runtime import context_of, text_of
from shared.telemetry import get_logger

_log = get_logger(__name__)

_POLL_SECONDS: Final = 0.05
"""Awaiting an utterance would hand our own cancellation on to the runtime's future."""
STUCK_SECONDS: Final = 60.0
"""Longer than any one utterance: past it, the runtime has lost its model or its audio."""


class Telling(StrEnum):
    """What became of an attempt to make the agent say something."""

    SPOKEN = "spoken"
    INTERRUPTED = "interrupted"  # the customer spoke into it; `words` is what was heard
    SILENT = "silent"  # the model said nothing, failed, or hung
    DROPPED = "dropped"  # another reply was in progress; the model never saw it


@dataclass(frozen=True, slots=True)
class Told:
    """The result of one attempt, and the words that were spoken."""

    telling: Telling
    words: str = ""


class Voice(Protocol):
    """How the agent speaks without having been spoken to."""

    async def until_free(self) -> None:
        """Wait until neither the agent nor the customer is in mid-sentence."""
        ...

    async def tell(self, instructions: str) -> Told:
        """Let the model speak after `instructions`; return when it has been spoken."""
        ...

    async def say(self, words: str, *, remember: bool) -> bool:
        """Speak these very words, and tell whether it worked.

        The model knows of them afterwards if `remember`.
        """
        ...


class SessionVoice:
    """The voice of one `AgentSession`."""

    def __init__(
        self,
        session: AgentSession,
        *,
        model_failures: Callable[[], int],
        stuck_after: float = STUCK_SECONDS,
    ) -> None:
        self._session = session
        self._model_failures = model_failures
        self._stuck_after = stuck_after

    async def until_free(self) -> None:
        """Wait for the end of the turn. See `Voice`."""
        try:
            async with asyncio.timeout(self._stuck_after):
                while self._is_in_mid_sentence():
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            _log.warning("voice_stuck")
            self._session.interrupt(force=True)

    async def tell(self, instructions: str) -> Told:
        """Make the model speak. See `Voice`."""
        interrupted, failed, limit = False, False, asyncio.timeout(self._stuck_after)
        failures = self._model_failures()
        try:
            async with limit:
                # Not wait_for_playback: with it the runtime stops listening to the customer. It
                # returns after the playback all the same, except when called during a tool.
                handle = await self._session.reply(instructions, wait_for_playback=False)
                while not handle.done():
                    await asyncio.sleep(_POLL_SECONDS)
                interrupted = handle.interrupted
        except TimeoutError:
            failed = True
        except Exception:  # noqa: BLE001  The border to speech engines of any make.
            _log.exception("voice_failed")
            failed = True
        if limit.expired():  # also when the runtime swallowed the cancellation of the time limit
            _log.warning("voice_stuck")
            self._session.interrupt(force=True)
        _raise_swallowed_cancellation()
        failed = failed or limit.expired() or self._model_failures() > failures
        return self._result(instructions, interrupted=interrupted, failed=failed)

    async def say(self, words: str, *, remember: bool) -> bool:
        """Speak these words. See `Voice`."""
        try:
            await self._session.say(words, add_to_chat_context=remember)
        except Exception:  # noqa: BLE001  The border to speech engines of any make.
            _log.exception("voice_failed")
            return False
        _raise_swallowed_cancellation()
        return True

    def _is_in_mid_sentence(self) -> bool:
        utterance = self._session.current_utterance
        speaking = utterance is not None and not utterance.done()
        return speaking or self._session.user_state is UserState.SPEAKING

    def _result(self, instructions: str, *, interrupted: bool, failed: bool) -> Told:
        """Find out from the model's context what came of the instructions.

        Instructions that led to nothing are taken out again, so that the next attempt does not
        show them to the model twice.
        """
        items = context_of(self._session.agent).items
        asked = [i for i, item in enumerate(items) if _is_from(item, ChatRole.USER, instructions)]
        if not asked:
            return Told(Telling.DROPPED)
        replies = [
            item
            for item in items[asked[-1] + 1 :]
            if isinstance(item, ChatMessage) and item.role is ChatRole.ASSISTANT
        ]
        words = " ".join(text_of(each) for each in replies)
        interrupted = interrupted or any(each.interrupted for each in replies)
        if replies and not interrupted and not failed:
            return Told(Telling.SPOKEN, words)
        del items[asked[-1]]
        silent = failed or not interrupted
        return Told(Telling.SILENT if silent else Telling.INTERRUPTED, words)


def _is_from(item: object, role: ChatRole, text: str) -> bool:
    return isinstance(item, ChatMessage) and item.role is role and text_of(item) == text


def _raise_swallowed_cancellation() -> None:
    """Pass on a cancellation that the runtime caught while it gathered its own tasks.

    Raises:
        CancelledError: This task was asked to end.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError

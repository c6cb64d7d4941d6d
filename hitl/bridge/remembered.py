"""Keys for questions that have none, so that what is sent again is never asked again.

A connection may break after the gateway accepted a question, and people may answer it before the
bridge comes through again. Only an idempotency key finds that answer. The same words have the same
key until the client has read how they ended, and no longer than a client may take to ask again what
it gave up: later they may be another customer's, and people's word on the first is none on that.

While a question is open, the gateway joins whoever asks the same, whatever keys were made for it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, Final

from hitl.bridge.envelope import Message, params_of
from shared.made_keys import make_key

_ASKING: Final = frozenset({"ask_human", "request_approval"})
_OPEN: Final = frozenset({"pending", "needs_info"})
_LIMIT: Final = 1_000
"""More than one agent may have open."""
KEPT_SECONDS: Final = 600.0
"""From the last time that the same was asked."""


class Questions:
    """The keys of the questions that this client may ask again."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        # A clock that goes on while the machine sleeps.
        self._clock = clock
        self._keys: dict[str, tuple[str, float]] = {}
        """By words: the key, and when it was given last. Those given last stand last."""
        self._words: dict[str, str] = {}
        """By the id of its escalation."""

    def keyed(self, message: Message) -> Message:
        """Give a question its key, unless it has one or is none."""
        words = _words_of(message)
        if words is None:
            return message
        params = params_of(message)
        arguments = {**params_of(params, "arguments"), "idempotency_key": self._key_of(words)}
        return {**message, "params": {**params, "arguments": arguments}}

    def read(self, message: Message, answer: Message) -> None:
        """Note what the client learns: a question that has ended is asked anew from now on."""
        result = params_of(answer, "result")
        told = params_of(result, "structuredContent")
        escalation_id, status = told.get("escalation_id"), told.get("status")
        words = _words_of(message)
        if words is not None and (status in _OPEN and isinstance(escalation_id, str)):
            self._words[escalation_id] = words
        elif isinstance(status, str) and status not in _OPEN:
            known = self._words.pop(str(escalation_id), None)
            self._keys.pop(words or known or "", None)
        elif words is not None and result and not result.get("isError"):
            self._keys.pop(words, None)  # a task, which has an id of its own to go on with

    def _key_of(self, words: str) -> str:
        now = self._clock()
        key, given_at = self._keys.pop(words, (make_key(), now))
        if not 0 <= now - given_at <= KEPT_SECONDS:
            key = make_key()
        self._keys[words] = key, now
        if len(self._keys) > _LIMIT:
            del self._keys[next(iter(self._keys))]
        return key


def _words_of(message: Message) -> str | None:
    """Tell what a call asks, in one form; None where it asks nothing or has a key."""
    params = params_of(message)
    arguments: dict[str, Any] = params_of(params, "arguments")
    if message.get("method") != "tools/call" or params.get("name") not in _ASKING:
        return None
    if arguments.get("idempotency_key") is not None:
        return None
    asked = {name: value for name, value in arguments.items() if name != "wait_seconds"}
    return json.dumps([params["name"], asked], sort_keys=True)

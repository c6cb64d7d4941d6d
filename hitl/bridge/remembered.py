"""Keys for questions that have none, so that what is sent again is never asked again.

A connection may break after the gateway accepted a question, and people may answer it before the
bridge comes through again. Only an idempotency key finds that answer. The same words have the same
key until the client has read how they ended; asked after that, they are a new question.
"""

from __future__ import annotations

import json
from typing import Any, Final
from uuid import uuid4

from hitl.bridge.envelope import Message, params_of

_ASKING: Final = frozenset({"ask_human", "request_approval"})
_OPEN: Final = frozenset({"pending", "needs_info"})
_LIMIT: Final = 1_000
"""More than one agent may have open."""


class Questions:
    """The keys of the questions that this client may ask again."""

    def __init__(self) -> None:
        self._keys: dict[str, str] = {}
        self._words: dict[str, str] = {}
        """By the id of its escalation."""

    def keyed(self, message: Message) -> Message:
        """Give a question its key, unless it has one or is none."""
        words = _words_of(message)
        if words is None:
            return message
        if words not in self._keys and len(self._keys) >= _LIMIT:
            del self._keys[next(iter(self._keys))]
        key = self._keys.setdefault(words, f"bridge/{uuid4().hex}")
        params = params_of(message)
        arguments = {**params_of(params, "arguments"), "idempotency_key": key}
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

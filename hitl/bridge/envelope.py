"""What the gateway wants to know of a message in HTTP headers, read from the message itself."""

from __future__ import annotations

from typing import Any, Final, cast

from mcp.shared.inbound import (
    MCP_METHOD_HEADER,
    MCP_NAME_HEADER,
    MCP_PROTOCOL_VERSION_HEADER,
    NAME_BEARING_METHODS,
    encode_header_value,
)
from mcp_types import PROTOCOL_VERSION_META_KEY

Message = dict[str, Any]

HOLD_HEADER: Final = "hold-seconds"
UNNAMED: Final = "mcp"
"""What a client of version 1 of MCP's Python SDK is called unless it has a name: VideoSDK's."""
IMPATIENT_SECONDS: Final = 4.0
"""How long such a client is held. It gives up after 5 s unless it is told otherwise."""
_TASK_METHODS: Final = frozenset({"tasks/get", "tasks/update", "tasks/cancel"})


class Client:
    """What is known of the client from its handshake; nothing, if it makes none."""

    def __init__(self, hold_seconds: float | None) -> None:
        self._revision: str | None = None
        self.hold_seconds = hold_seconds

    def introduces_itself(self, initialize: Message) -> None:
        """Read the client's half of a handshake."""
        self._revision = None
        name = params_of(params_of(initialize), "clientInfo").get("name")
        if self.hold_seconds is None and name == UNNAMED:
            self.hold_seconds = IMPATIENT_SECONDS

    def agrees(self, initialized: Message) -> None:
        """Read the server's half."""
        revision = params_of(initialized, "result").get("protocolVersion")
        self._revision = revision if isinstance(revision, str) else None

    def headers(self, message: Message, *, passed: float) -> dict[str, str]:
        """Say it of one message, which the client has waited on for `passed` seconds."""
        params = params_of(message)
        method = str(message.get("method", ""))
        headers: dict[str, str] = {}
        if self.hold_seconds is not None:
            headers[HOLD_HEADER] = f"{max(self.hold_seconds - passed, 0):.3f}"
        revision = params_of(params, "_meta").get(PROTOCOL_VERSION_META_KEY)
        if isinstance(revision, str):
            headers[MCP_PROTOCOL_VERSION_HEADER] = revision
            headers[MCP_METHOD_HEADER] = method
            key = "taskId" if method in _TASK_METHODS else NAME_BEARING_METHODS.get(method)
            if key is not None and isinstance(name := params.get(key), str):
                headers[MCP_NAME_HEADER] = encode_header_value(name)
        elif self._revision is not None:
            headers[MCP_PROTOCOL_VERSION_HEADER] = self._revision
        return headers


def params_of(message: Message, key: str = "params") -> Message:
    """Read an object within a message; an empty one where there is none."""
    value = message.get(key)
    return cast("Message", value) if isinstance(value, dict) else {}


def is_request(message: Message) -> bool:
    """Whether a message wants an answer."""
    return "method" in message and message.get("id") is not None


def error(message: Message, code: int, words: str) -> Message:
    """Refuse a message."""
    return _answer(message, "error", {"code": code, "message": words})


def failure(message: Message, code: int, words: str) -> Message:
    """Answer a request with what kept it from being answered.

    A tool's failure is a result: the model reads it, where an error of the protocol only
    reaches whoever runs it.
    """
    if message.get("method") != "tools/call":
        return error(message, code, words)
    content = [{"type": "text", "text": words}]
    return result(message, {"resultType": "complete", "content": content, "isError": True})


def result(message: Message, value: Message) -> Message:
    """Answer a request."""
    return _answer(message, "result", value)


def _answer(message: Message, kind: str, value: Message) -> Message:
    return {"jsonrpc": "2.0", "id": message.get("id"), kind: value}

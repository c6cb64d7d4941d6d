"""What the bridge says in the gateway's place while that is away at the client's start.

Most clients give a server up for good that does not answer their hello, or list its tools. So the
bridge does both itself: the tools that a question needs, with what they can't do without. A call
of one goes to the gateway like any other, and says what is wrong while that is away.
"""

from __future__ import annotations

from typing import Any, Final

from mcp_types import (
    PROTOCOL_VERSION_META_KEY,
    SERVER_INFO_META_KEY,
)
from mcp_types.version import (
    HANDSHAKE_PROTOCOL_VERSIONS,
    LATEST_HANDSHAKE_VERSION,
    MODERN_PROTOCOL_VERSIONS,
)

from hitl.bridge.envelope import Message, params_of, result

STOOD_IN_FOR: Final = frozenset({"initialize", "server/discover", "tools/list"})
CHANGED: Final[Message] = {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}
SERVER: Final[Message] = {"name": "human-escalation", "title": "Ask a person", "version": "0.1.0"}
"""Who the gateway says it is."""
INSTRUCTIONS: Final = (
    "Asks a person when you meet a question that you must not decide alone. The gateway that "
    "passes questions on can't be reached at this moment, so these tools fail until it is back, "
    "and say what is wrong: call them all the same, again in a moment, and never decide such a "
    'question yourself because nobody answered. "pending" means that nobody has answered yet: '
    'call check_answer with the id. "needs_info" means that a person asks you back: reply with '
    "send_to_operator."
)
_CAPABILITIES: Final[Message] = {"tools": {"listChanged": True}}


def _tool(name: str, description: str, **arguments: str) -> Message:
    schema = {
        "type": "object",
        "properties": {
            each: {"type": "string", "description": meaning} for each, meaning in arguments.items()
        },
        "required": list(arguments),
    }
    return {"name": name, "description": description, "inputSchema": schema}


_ID: Final = "The id that ask_human or request_approval returned."
TOOLS: Final[tuple[Message, ...]] = (
    _tool(
        "ask_human",
        "Ask a person a question that you must not decide alone.",
        question="What you want to know, for a person.",
    ),
    _tool(
        "request_approval",
        "Ask people to allow an action that you must not take alone.",
        action="What you want to do, for a person.",
    ),
    _tool(
        "send_to_operator",
        "Reply to a person who asked back, or add to an open question; then wait again.",
        escalation_id=_ID,
        message="Your reply, for the person.",
    ),
    _tool(
        "check_answer",
        "Go on waiting for the answer to a question that was asked before.",
        escalation_id=_ID,
    ),
)


def stand_in(message: Message) -> Message:
    """Answer one of those requests."""
    match message["method"]:
        case "initialize":
            wanted = params_of(message).get("protocolVersion")
            known = wanted in HANDSHAKE_PROTOCOL_VERSIONS
            said: dict[str, Any] = {
                "protocolVersion": wanted if known else LATEST_HANDSHAKE_VERSION,
                "serverInfo": SERVER,
                "capabilities": _CAPABILITIES,
                "instructions": INSTRUCTIONS,
            }
        case "server/discover":
            said = {
                "supportedVersions": list(MODERN_PROTOCOL_VERSIONS),
                "capabilities": _CAPABILITIES,
                "instructions": INSTRUCTIONS,
            }
        case _:
            said = {"tools": list(TOOLS)}
    if PROTOCOL_VERSION_META_KEY in params_of(params_of(message), "_meta"):
        # It is not to be kept: the gateway says more once it is back.
        said |= {"resultType": "complete", "ttlMs": 0, "cacheScope": "private"}
        said["_meta"] = {SERVER_INFO_META_KEY: SERVER}
    return result(message, said)

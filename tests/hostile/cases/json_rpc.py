"""JSON-RPC: what is no JSON, no message, or a message of another shape."""

from __future__ import annotations

from typing import Any, Final

from hostile.case import (
    ERAS,
    HANDSHAKE,
    STATELESS,
    Case,
    Era,
    Right,
    Sent,
    as_json,
    head,
    meta,
    protocol_error,
    request,
    rows,
    usual,
)

PARSE, INVALID, NO_METHOD, PARAMS = -32700, -32600, -32601, -32602
_PING: Final[dict[str, Any]] = {"jsonrpc": "2.0", "id": 7, "method": "ping"}


def _body(era: Era, body: bytes) -> Sent:
    return Sent(head(usual(era)), body)


def _in_both(name: str, body: bytes, code: int, *says: str) -> list[Case]:
    right = Right(400, code=code, says=says)
    return [Case(f"{name} ({era})", _body(era, body), right) for era in ERAS]


NO_JSON: Final = [
    case
    for name, body, *says in rows(
        ("nothing", b"", "Expecting value"),
        ("white space", b" \r\n\t "),
        ("half an object", b'{"jsonrpc": "2.0", "id"'),
        ("two objects", as_json(_PING) * 2, "Extra data"),
        ("a form", b"question=Hello%3F&route=default"),
        ("XML", b"<?xml version='1.0'?><methodCall/>"),
        ("YAML", b"jsonrpc: '2.0'\nid: 7\n"),
        ("JSON5", b"{jsonrpc: '2.0', id: 7, method: 'ping',}"),
        ("a comment", b'{"jsonrpc": "2.0", /* hello */ "id": 7, "method": "ping"}'),
        ("a comma too many", b'{"jsonrpc": "2.0", "id": 7, "method": "ping",}'),
        ("Python", b"{'jsonrpc': '2.0', 'id': None}"),
        ("NaN", b'{"jsonrpc": "2.0", "id": 7, "method": "ping", "params": {"n": NaN}}', "NaN"),
        (
            "-Infinity",
            b'{"jsonrpc": "2.0", "id": 7, "method": "x", "params": {"n": -Infinity}}',
            "Infinity",
        ),
        (
            "a number of 5,000 digits",
            b'{"jsonrpc": "2.0", "id": 1%s}' % (b"0" * 5_000),
            "too many digits",
        ),
        ("a number in hexadecimal", b'{"jsonrpc": "2.0", "id": 0x10, "method": "ping"}'),
        ("a leading zero", b'{"jsonrpc": "2.0", "id": 007, "method": "ping"}'),
        (
            "a control character in a text",
            b'{"jsonrpc": "2.0", "id": 7, "method": "pi\x01ng"}',
            "control character",
        ),
        ("a line's end in a text", b'{"jsonrpc": "2.0", "id": 7, "method": "pi\nng"}'),
        ("an unknown escape", b'{"jsonrpc": "2.0", "id": 7, "method": "\\x70ing"}'),
        ("JSON lines", as_json(_PING) + b"\n" + as_json(_PING)),
        ("a pickle", b"\x80\x04\x95\x08\x00\x00\x00\x00\x00\x00\x00cposix\nsystem\n"),
    )
    for case in _in_both(name, body, PARSE, "Parse error", *says)
]

NO_MESSAGE: Final = [
    case
    for name, message, *says in rows(
        ("null", None, "one JSON-RPC message"),
        ("a text", "ping", "one JSON-RPC message"),
        ("a number", 7, "one JSON-RPC message"),
        ("true", True, "one JSON-RPC message"),
        ("an empty batch", [], "batch"),
        ("a batch of one", [_PING], "batch"),
        ("a batch of a thousand", [_PING] * 1_000, "batch"),
        ("a batch of batches", [[_PING]], "batch"),
        ("an empty object", {}, "jsonrpc"),
        ("no version", {"id": 7, "method": "ping"}, "jsonrpc"),
        ("version 1.0", {**_PING, "jsonrpc": "1.0"}, "jsonrpc"),
        ("version 2.0 as a number", {**_PING, "jsonrpc": 2.0}, "jsonrpc"),
        ("version 2", {**_PING, "jsonrpc": "2"}, "jsonrpc"),
        ("no method", {"jsonrpc": "2.0", "id": 7}, "method"),
        ("method null", {**_PING, "method": None}, "method"),
        ("method as a number", {**_PING, "method": 1}, "method"),
        ("method as a list", {**_PING, "method": ["ping"]}, "method"),
        ("id null", {**_PING, "id": None}, "id"),
        ("id true", {**_PING, "id": True}, "id"),
        ("id with a fraction", {**_PING, "id": 1.5}, "id"),
        ("id as a list", {**_PING, "id": [7]}, "id"),
        ("id as an object", {**_PING, "id": {}}, "id"),
        ("params as a list", {**_PING, "params": []}, "params"),
        ("params as a text", {**_PING, "params": "x"}, "params"),
        ("params as a number", {**_PING, "params": 0}, "params"),
        ("params false", {**_PING, "params": False}, "params"),
    )
    for case in _in_both(name, as_json(message), INVALID, *says)
]

TWICE: Final = [
    case
    for name, body in rows(
        ("method twice", b'{"jsonrpc": "2.0", "id": 7, "method": "ping", "method": "tools/call"}'),
        ("id twice", b'{"jsonrpc": "2.0", "id": 7, "id": 8, "method": "ping"}'),
        (
            "an argument twice",
            (
                b'{"jsonrpc": "2.0", "id": 7, "method": "tools/call", '
                b'"params": {"name": "ask_human", '
                b'"arguments": {"question": "May I?", "question": "Or not?"}}}'
            ),
        ),
        (
            "a name twice, written otherwise",
            b'{"jsonrpc": "2.0", "id": 7, "method": "ping", "m\\u0065thod": "tools/call"}',
        ),
    )
    for case in _in_both(name, body, INVALID, "twice")
]

RESPONSES: Final = [
    Case(f"{name} ({STATELESS})", _body(STATELESS, as_json(body)), Right(400, code=INVALID))
    for name, body in rows(
        ("a result that nobody asked for", {"jsonrpc": "2.0", "id": 1, "result": {}}),
        (
            "an error that nobody asked for",
            {"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": "x"}},
        ),
    )
]
"""With a handshake they are taken and dropped (202), as its revisions have it."""

METHODS: Final = [
    Case(
        f"method {method!r} ({era})",
        request(era, method, {}),
        protocol_error(era, NO_METHOD, "Method not found", status=404),
    )
    for era in ERAS
    for method in (
        "tools/delete",
        "TOOLS/CALL",
        "tools/call/",
        "rpc.discover",
        "__class__",
        "ask_human",
        "sampling/createMessage",
        "tasks/list",
        "tasks/result",
        "tasks/fetch",
        "x" * 2_000,
    )
]

PARAMS_OF_CALLS: Final = [
    Case(
        f"{name} ({era})",
        request(era, "tools/call", params, name=None if era == HANDSHAKE else ""),
        right,
    )
    for era in ERAS
    for name, params in rows(
        ("tools/call without a name", {"arguments": {}}),
        ("tools/call of null", {"name": None, "arguments": {}}),
    )
    for right in (protocol_error(era, PARAMS),)
] + [
    Case(f"{name} ({era})", request(era, "tools/call", params, name="list_questions"), right)
    for era in ERAS
    for name, params in rows(
        ("arguments as a list", {"name": "list_questions", "arguments": []}),
        ("arguments as a text", {"name": "list_questions", "arguments": "{}"}),
        ("arguments as a number", {"name": "list_questions", "arguments": 5}),
    )
    for right in (protocol_error(era, PARAMS),)
]

META: Final = [
    Case(
        name,
        request(HANDSHAKE, "tools/call", {"name": "list_questions", "_meta": value}),
        Right(200, code=PARAMS),
    )
    for name, value in rows(
        ("_meta as a text", "x"),
        ("_meta as a list", []),
        ("a progress token as an object", {"progressToken": {}}),
        ("a progress token with a fraction", {"progressToken": 1.5}),
    )
] + [
    Case(
        f"{name} ({STATELESS})",
        Sent(
            head(usual(STATELESS, method="tools/list")),
            as_json(
                {"jsonrpc": "2.0", "id": 7, "method": "tools/list", "params": {"_meta": value}}
            ),
        ),
        Right(400, code=PARAMS),
    )
    for name, value in rows(
        ("_meta as a text", "x"),
        ("no version in _meta", {k: v for k, v in meta().items() if "Version" not in k}),
        ("no capabilities in _meta", {k: v for k, v in meta().items() if "Capab" not in k}),
        ("capabilities as a list", {**meta(), "io.modelcontextprotocol/clientCapabilities": []}),
        ("client info as a text", {**meta(), "io.modelcontextprotocol/clientInfo": "me"}),
        ("a progress token as a list", {**meta(), "progressToken": [1]}),
    )
]

CASES: Final = [*NO_JSON, *NO_MESSAGE, *TWICE, *RESPONSES, *METHODS, *PARAMS_OF_CALLS, *META]

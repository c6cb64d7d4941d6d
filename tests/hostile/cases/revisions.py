"""Revisions of the protocol, and what each wants of headers; sessions, which there are none of."""

from __future__ import annotations

from typing import Any, Final

from hostile.case import (
    HANDSHAKE,
    STATELESS,
    Case,
    Right,
    Sent,
    as_json,
    call,
    head,
    meta,
    request,
    usual,
    with_headers,
)

UNSUPPORTED, MISMATCH, PARAMS, NO_METHOD = -32022, -32020, -32602, -32601


def _listed(**headers: str | None) -> Sent:
    known = with_headers(usual(STATELESS, method="tools/list"), **headers)
    return Sent(head(known), request(STATELESS, "tools/list", {}).body)


def _initialize(**params: Any) -> Sent:
    """Shake hands."""
    usually = {
        "protocolVersion": HANDSHAKE,
        "capabilities": {},
        "clientInfo": {"name": "hostile", "version": "1"},
    }
    kept = {name: value for name, value in {**usually, **params}.items() if value is not None}
    body = {"jsonrpc": "2.0", "id": 7, "method": "initialize", "params": kept}
    return Sent(head(with_headers(usual(HANDSHAKE), MCP_Protocol_Version=None)), as_json(body))


VERSIONS: Final = [
    Case(
        f"revision {version!r}",
        Sent(
            _listed(MCP_Protocol_Version=version).head,
            as_json(
                {
                    "jsonrpc": "2.0",
                    "id": 7,
                    "method": "tools/list",
                    "params": {
                        "_meta": {**meta(), "io.modelcontextprotocol/protocolVersion": version}
                    },
                }
            ),
        ),
        Right(400, code=UNSUPPORTED, says=(STATELESS,)),
    )
    for version in ("2099-01-01", "2026-07-29", "1.0", "draft", "latest", "9" * 500)
] + [
    Case(
        f"revision {version!r} outside, {STATELESS} within",
        _listed(MCP_Protocol_Version=version),
        Right(400, code=MISMATCH, says=("mcp-protocol-version",)),
    )
    for version in ("2099-01-01", "", "2026-07-28, 2026-07-28", "2026-07-28 x")
]

MIRRORED: Final = [
    Case(
        "no Mcp-Method", _listed(Mcp_Method=None), Right(400, code=MISMATCH, says=("mcp-method",))
    ),
    Case("Mcp-Method of another", _listed(Mcp_Method="tools/call"), Right(400, code=MISMATCH)),
    Case("Mcp-Method in capitals", _listed(Mcp_Method="TOOLS/LIST"), Right(400, code=MISMATCH)),
    Case(
        "no Mcp-Name",
        call(STATELESS, "list_questions", {}, Mcp_Name=None),
        Right(400, code=MISMATCH),
    ),
    Case(
        "Mcp-Name of another tool",
        call(STATELESS, "ask_human", {"question": "May I?"}, Mcp_Name="list_questions"),
        Right(400, code=MISMATCH, says=("mcp-name",)),
    ),
    Case(
        "Mcp-Name in broken Base64",
        call(STATELESS, "list_questions", {}, Mcp_Name="=?base64?!!!?="),
        Right(400, code=MISMATCH),
    ),
    Case(
        "Mcp-Name in Base64 of no UTF-8",
        call(STATELESS, "list_questions", {}, Mcp_Name="=?base64?//4=?="),
        Right(400, code=MISMATCH),
    ),
    *(
        Case(
            f"{name} twice",
            Sent(_listed().head + f"{name}: {value}\r\n".encode(), _listed().body),
            Right(400, code=MISMATCH, says=("more than once",)),
        )
        for name, value in (("Mcp-Method", "tools/list"), ("MCP-Protocol-Version", STATELESS))
    ),
]

HANDSHAKES: Final = [
    *(
        Case(f"initialize {name}", sent, Right(200, code=PARAMS))
        for name, sent in (
            ("without a revision", _initialize(protocolVersion=None)),
            ("with a revision as a number", _initialize(protocolVersion=1)),
            ("without capabilities", _initialize(capabilities=None)),
            ("with capabilities as a list", _initialize(capabilities=[])),
            ("without a client's name", _initialize(clientInfo=None)),
            ("with a client's name as a text", _initialize(clientInfo="me")),
        )
    ),
    Case(
        f"initialize at {STATELESS}, where there is no handshake",
        request(STATELESS, "initialize", {"protocolVersion": STATELESS}),
        Right(404, code=NO_METHOD),
    ),
    Case(
        f"ping at {STATELESS}, which has none",
        request(STATELESS, "ping", {}),
        Right(404, code=NO_METHOD),
    ),
    Case(
        "tasks/get with a handshake, which has no tasks",
        request(HANDSHAKE, "tasks/get", {"taskId": "<<open>>"}),
        Right(200, code=NO_METHOD),
    ),
]

CASES: Final = [*VERSIONS, *MIRRORED, *HANDSHAKES]

"""Bodies that are too large, too deep, or too many of something."""

from __future__ import annotations

from typing import Final

from hostile.case import ERAS, Case, Era, Right, Sent, as_json, head, meta, request, usual

LIMIT: Final = 1_000_000
_TOO_LARGE: Final = Right(413)
_TOO_DEEP: Final = Right(400, says=("nested deeper than 64",))


def _body(era: Era, body: bytes) -> Sent:
    return Sent(head(usual(era)), body)


def _chunked(era: Era, body: bytes) -> Sent:
    chunks = b"".join(
        b"%x\r\n%b\r\n" % (len(part), part)
        for start in range(0, len(body), 50_000)
        for part in (body[start : start + 50_000],)
    )
    known = head(usual(era)) + b"Transfer-Encoding: chunked\r\n"
    return Sent(known, chunks + b"0\r\n\r\n", counted=False)


def _around(depth: int, opening: bytes, closing: bytes, inner: bytes = b"1") -> bytes:
    """Put a value this deep into the arguments of a call."""
    method = b'{"jsonrpc":"2.0","id":7,"method":"tools/call",'
    before = method + b'"params":{"name":"list_questions","arguments":'
    return before + opening * depth + inner + closing * depth + b"}}"


LARGE: Final = [
    case
    for era in ERAS
    for case in (
        Case(f"a body of {LIMIT + 1} bytes ({era})", _body(era, b" " * (LIMIT + 1)), _TOO_LARGE),
        Case(
            f"a body of {LIMIT + 1} bytes in chunks ({era})",
            _chunked(era, b"[" * (LIMIT + 1)),
            _TOO_LARGE,
        ),
        Case(
            f"a body said to be of 10^12 bytes ({era})",
            Sent(head(usual(era)) + b"Content-Length: 1000000000000\r\n", counted=False),
            _TOO_LARGE,
        ),
        *(
            Case(
                f"{count} {what} ({era})",
                _body(era, _around(1, b"[" + part * count, b"]")),
                Right(400, code=-32600, says=("at most 10000 objects and lists",)),
            )
            for what, part, count in (
                ("empty lists", b"[],", 300_000),
                ("empty objects", b"{},", 300_000),
                ("lists of lists", b"[[],[]],", 5_000),
            )
        ),
        Case(
            f"a text of 900,000 characters ({era})",
            request(
                era,
                "tools/call",
                {"name": "ask_human", "arguments": {"question": "x" * 900_000}},
                name="ask_human",
            ),
            Right(200, is_error=True, says=("question: must have at most 4000 characters",)),
        ),
        Case(
            f"50,000 params ({era})",
            request(era, "tools/explode", {f"p{n}": 0 for n in range(50_000)}),
            Right(200 if era == ERAS[0] else 404, code=-32601),
        ),
        Case(
            f"a cursor of 500,000 characters ({era})",
            request(era, "tools/list", {"cursor": 5, "more": "x" * 500_000}),
            Right(200 if era == ERAS[0] else 400, code=-32602),
        ),
    )
]

DEEP: Final = [
    case
    for era in ERAS
    for case in (
        *(
            Case(f"{depth} {what} ({era})", _body(era, _around(depth, opening, closing)), _TOO_DEEP)
            for what, opening, closing in (
                ("lists within each other", b"[", b"]"),
                ("objects within each other", b'{"a":', b"}"),
                ("lists and objects in turn", b'[{"a":', b"}]"),
            )
            for depth in (64, 300, 900, 20_000)
        ),
        Case(f"a million open lists ({era})", _body(era, b"[" * LIMIT), Right(400, code=-32700)),
        Case(
            f"lists that never end ({era})",
            _body(era, _around(5_000, b"[", b"")),
            Right(400, code=-32700),
        ),
        Case(
            f"a wide and deep body ({era})",
            _body(era, _around(70, b"[" + b"[]," * 100, b"]")),
            _TOO_DEEP,
        ),
        Case(
            f"a deep _meta ({era})",
            _body(
                era,
                as_json(
                    {
                        "jsonrpc": "2.0",
                        "id": 7,
                        "method": "tools/list",
                        "params": {"_meta": {**meta(), "deep": 0}},
                    }
                ).replace(b'"deep": 0', b'"deep": ' + b"[" * 500 + b"]" * 500),
            ),
            _TOO_DEEP,
        ),
    )
]

CASES: Final = [*LARGE, *DEEP]

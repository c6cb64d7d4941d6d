"""Bytes that are no UTF-8, and characters that no text has."""

from __future__ import annotations

import json
from typing import Any, Final

from hostile.case import CUSTOMER, ERAS, HANDSHAKE, Case, Era, Right, Sent, head, meta, usual

_CALL: Final[dict[str, Any]] = {
    "jsonrpc": "2.0",
    "id": 7,
    "method": "tools/call",
    "params": {
        "name": "ask_human",
        "arguments": {"question": f"Größe? {CUSTOMER}"},
        "_meta": meta(),
    },
}
_TEXT: Final = json.dumps(_CALL, ensure_ascii=False)
_NO_UTF8: Final = Right(400, code=-32700, says=("must be UTF-8",))
_NO_JSON: Final = Right(400, code=-32700, says=("Parse error",))


def _body(era: Era, body: bytes) -> Sent:
    return Sent(head(usual(era, name="ask_human")), body)


def _with(raw: bytes) -> bytes:
    """Put bytes into the question."""
    return _TEXT.encode().replace("Größe".encode(), raw)


BYTES: Final = [
    Case(f"{name} ({era})", _body(era, body), right)
    for era in ERAS
    for name, body, right in (
        ("UTF-8 with a byte-order mark", _TEXT.encode("utf-8-sig"), _NO_JSON),
        ("UTF-16", _TEXT.encode("utf-16"), _NO_UTF8),
        ("UTF-16, big end first", _TEXT.encode("utf-16-be"), _NO_UTF8),
        (
            "UTF-16 of ASCII alone",
            json.dumps(_CALL["params"]["name"]).encode("utf-16-le"),
            _NO_JSON,
        ),
        ("UTF-32", _TEXT.encode("utf-32"), _NO_UTF8),
        ("Latin-1", _TEXT.encode("latin-1"), _NO_UTF8),
        ("Windows-1252", _with(b"\x93Gr\xf6\xdfe\x94"), _NO_UTF8),
        ("an overlong slash", _with(b"\xc0\xaf"), _NO_UTF8),
        ("an overlong NUL", _with(b"\xc0\x80"), _NO_UTF8),
        ("an overlong sequence of six bytes", _with(b"\xfc\x80\x80\x80\x80\xaf"), _NO_UTF8),
        ("half of a surrogate pair in UTF-8", _with(b"\xed\xa0\x80"), _NO_UTF8),
        ("a surrogate pair in UTF-8 (CESU-8)", _with(b"\xed\xa0\xbd\xed\xb8\x80"), _NO_UTF8),
        ("beyond the last character", _with(b"\xf4\x90\x80\x80"), _NO_UTF8),
        ("a continuation alone", _with(b"\x80"), _NO_UTF8),
        ("a sequence cut off", _with(b"\xe2\x82"), _NO_UTF8),
        (
            "a body cut off within a character",
            _TEXT.encode()[: _TEXT.encode().index(b"\xc3") + 1],
            _NO_UTF8,
        ),
        ("0xFF", _with(b"\xff"), _NO_UTF8),
        ("NUL bytes", _with(b"\x00"), _NO_JSON),
        ("a bell", _with(b"\x07"), _NO_JSON),
        ("NUL behind the body", _TEXT.encode() + b"\x00", _NO_JSON),
        ("NUL alone", b"\x00" * 100, _NO_JSON),
    )
]

ESCAPES: Final = [
    Case(f"{name} ({era})", _body(era, body), Right(400))
    for era in ERAS
    for name, body in (
        ("half of a surrogate pair as id", b'{"jsonrpc":"2.0","id":"\\ud800","method":"ping"}'),
        ("half of a surrogate pair as id, in no message", b'{"jsonrpc":"1.0","id":"\\udfff"}'),
        ("half of a surrogate pair as method", b'{"jsonrpc":"2.0","id":7,"method":"\\ud800"}'),
        (
            "half of a surrogate pair as a name",
            b'{"jsonrpc":"2.0","id":7,"method":"ping","params":{"\\ud800":1}}',
        ),
        (
            "surrogates in the wrong order",
            b'{"jsonrpc":"2.0","id":"\\ude00\\ud83d","method":"ping"}',
        ),
        ("an escape cut off", b'{"jsonrpc":"2.0","id":7,"method":"\\ud8"}'),
    )
]

NAMES: Final = [
    Case(
        f"{name} ({era})",
        Sent(
            head(usual(era, method="tools/call", name=None)),
            json.dumps({**_CALL, "params": {**_CALL["params"], "name": value}}).encode(),
        ),
        Right(200 if era == HANDSHAKE else 400),
    )
    for era in ERAS
    for name, value in (
        ("a tool of NUL", "\x00"),
        ("a tool of look-alikes", "ask_hum\u0430n"),
        ("a tool written from right to left", "\u202eask_human"),
    )
]
"""Without a handshake, `Mcp-Name` would have to say the same."""

CASES: Final = [*BYTES, *ESCAPES, *NAMES]

"""HTTP itself: methods, paths, media types, lengths, codings, names of the host, broken heads."""

from __future__ import annotations

import gzip
from typing import Final

from hostile.case import (
    ERAS,
    HANDSHAKE,
    STATELESS,
    Case,
    Headers,
    Right,
    Sent,
    as_json,
    call,
    head,
    usual,
    with_headers,
)

_GOOD: Final = call(HANDSHAKE, "list_questions", {})
_BODY: Final = _GOOD.body
_HEADERS: Final = usual(HANDSHAKE)
_NOT_HTTP: Final = Right(400, says=("Invalid HTTP request",))


def _posted(headers: Headers, body: bytes = _BODY, *, target: str = "/mcp") -> Sent:
    return Sent(head(headers, target=target), body)


def _changed(body: bytes = _BODY, **headers: str | None) -> Sent:
    return _posted(with_headers(_HEADERS, **headers), body)


def _asked(method: str, target: str = "/mcp", **headers: str | None) -> Sent:
    return Sent(head(with_headers(_HEADERS, **headers), method=method, target=target))


def _raw(first: bytes, *headers: bytes, body: bytes = b"") -> Sent:
    """Write every byte of the head."""
    lines = (first, b"Host: ask.example.org", b"Authorization: Bearer <<shop_key>>", *headers)
    return Sent(b"".join(line + b"\r\n" for line in lines), body, counted=False)


METHODS: Final = [
    *(
        Case(f"{method} ({era})", Sent(head(usual(era), method=method)), Right(405, headers=allow))
        for era in ERAS
        for method in ("GET", "DELETE", "PUT", "PATCH", "OPTIONS", "TRACE", "PROPFIND")
        for allow in ({"allow": "POST"},)
    ),
    Case("GET that wants old events", _asked("GET", Last_Event_ID="7"), Right(405)),
    Case("GET of a page", _asked("GET", Accept="text/html"), Right(405)),
    Case("CONNECT", _asked("CONNECT", "ask.example.org:443"), Right(404)),
    Case("a method in small letters", _asked("post"), Right(405)),
    Case("POST /healthz", _asked("POST", "/healthz"), Right(405, headers={"allow": "GET"})),
    Case("DELETE /readyz", _asked("DELETE", "/readyz"), Right(405)),
]

PATHS: Final = [
    Case(f"path {target}", _posted(_HEADERS, target=target), Right(status))
    for target, status in (
        ("/", 404),
        ("/mcp/", 404),
        ("/MCP", 404),
        ("//mcp", 404),
        ("/mcp/../mcp", 404),
        ("/mcp%00", 404),
        ("/mcp%2f", 404),
        ("/%6dcp/tools", 404),
        ("/sse", 404),
        ("/messages", 404),
        ("/.env", 404),
        ("/admin", 404),
        ("/metrics", 404),
        ("http://ask.example.org/mcp", 404),
        ("/%ff%fe", 404),
        ("/" + "a" * 9_000, 404),
    )
]

MEDIA: Final = [
    *(
        Case(f"Content-Type {kind!r}", _changed(Content_Type=kind), Right(415))
        for kind in (
            None,
            "",
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/jsonp",
            "application/json-rpc",
            "text/json",
            "application/json, text/plain",
        )
    ),
    Case(
        "Content-Type application/jsonlines (2026-07-28)",
        call(STATELESS, "list_questions", {}, Content_Type="application/jsonlines"),
        Right(415),
    ),
    *(
        Case(
            f"JSON in {charset}",
            _changed(Content_Type=f"application/json; charset={charset}"),
            right,
        )
        for charset, right in (("utf-16", Right(415)), ("latin-1", Right(415)))
    ),
    *(
        Case(
            f"Accept {accept!r} ({era})", call(era, "list_questions", {}, Accept=accept), Right(406)
        )
        for era in ERAS
        for accept in (None, "", "text/html", "application/json", "text/event-stream", "image/*")
    ),
    *(
        Case(f"Content-Encoding {coding}", _changed(body, Content_Encoding=coding), Right(415))
        for coding, body in (
            ("gzip", gzip.compress(_BODY)),
            ("br", b"\x8b"),
            ("identity, gzip", b""),
        )
    ),
]

NAMES: Final = [
    *(
        Case(f"Host {host!r} ({era})", call(era, "list_questions", {}, Host=host), Right(421))
        for era in ERAS
        for host in (
            "evil.example",
            "ask.example.org.evil.example",
            "evil.example:8765",
            "ask.example.org@evil.example",
            "0.0.0.0:<<port>>",
            "169.254.169.254",
            "localhost.evil.example",
        )
    ),
    *(
        Case(
            f"Origin {origin!r} ({era})", call(era, "list_questions", {}, Origin=origin), Right(403)
        )
        for era in ERAS
        for origin in (
            "http://evil.example",
            "null",
            "https://ask.example.org.evil.example",
            "https://evil.example/https://ask.example.org",
            "file://",
        )
    ),
    Case("no Host", Sent(head(with_headers(_HEADERS, Host=None)), _BODY), _NOT_HTTP),
    Case("an empty Host", _changed(Host=""), Right(421)),
]

HEADS: Final = [
    Case("no HTTP", Sent(b"\x16\x03\x01\x02\x00\x01\x00\r\n", counted=False), _NOT_HTTP),
    Case("HTTP/2 at once", Sent(b"PRI * HTTP/2.0\r\n\r\nSM\r\n", counted=False), Right(404)),
    Case("HTTP/0.9", Sent(b"GET /mcp\r\n", counted=False), _NOT_HTTP),
    Case("spaces in the path", _raw(b"POST /m cp HTTP/1.1"), _NOT_HTTP),
    Case("bytes in the path", _raw(b"POST /m\xffcp HTTP/1.1"), _NOT_HTTP),
    Case("NUL in the path", _raw(b"POST /m\x00cp HTTP/1.1"), _NOT_HTTP),
    Case("no colon in a header", _raw(b"POST /mcp HTTP/1.1", b"Nothing"), _NOT_HTTP),
    Case("a space before a colon", _raw(b"POST /mcp HTTP/1.1", b"X : 1"), _NOT_HTTP),
    Case("NUL in a header", _raw(b"POST /mcp HTTP/1.1", b"X: a\x00b"), _NOT_HTTP),
    Case("two Hosts", _raw(b"POST /mcp HTTP/1.1", b"Host: evil.example"), _NOT_HTTP),
    Case(
        "headers longer than 64 KiB that do not end",
        Sent(b"POST /mcp HTTP/1.1\r\nX: " + b"a" * 65_560, counted=False),
        _NOT_HTTP,
    ),
    Case("WebSocket", _asked("GET", Upgrade="websocket", Connection="Upgrade"), Right(405)),
    Case("HTTP/2 by upgrade", _asked("GET", Upgrade="h2c", Connection="Upgrade"), Right(405)),
]

LENGTHS: Final = [
    *(
        Case(
            f"Content-Length {length!r}",
            _raw(b"POST /mcp HTTP/1.1", b"Content-Length: " + length),
            _NOT_HTTP,
        )
        for length in (b"-1", b"1e3", b"0x10", b"9" * 30, b"+5", b"1 2", b"")
    ),
    Case(
        "two Content-Lengths",
        _raw(b"POST /mcp HTTP/1.1", b"Content-Length: 4", b"Content-Length: 40", body=b"null"),
        _NOT_HTTP,
    ),
    *(
        Case(
            f"Content-Length and chunks to {path}",
            _raw(
                f"{method} {path} HTTP/1.1".encode(),
                b"Content-Length: 5",
                b"Transfer-Encoding: chunked",
                body=b"0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
            ),
            Right(400, headers={"connection": "close"}, says=("exclude each other",)),
        )
        for method, path in (("POST", "/mcp"), ("GET", "/healthz"), ("GET", "/nowhere"))
    ),
    Case(
        "chunks of garbage",
        _raw(b"POST /mcp HTTP/1.1", b"Transfer-Encoding: chunked", body=b"zz\r\n<<open>>\r\n"),
        _NOT_HTTP,
    ),
    Case(
        "a chunk longer than it says",
        _raw(
            b"POST /mcp HTTP/1.1", b"Transfer-Encoding: chunked", body=b"2\r\nabcdef\r\n0\r\n\r\n"
        ),
        _NOT_HTTP,
    ),
    Case(
        "an unknown transfer coding",
        _raw(b"POST /mcp HTTP/1.1", b"Transfer-Encoding: gzip", body=as_json({})),
        _NOT_HTTP,
    ),
]

CASES: Final = [*METHODS, *PATHS, *MEDIA, *NAMES, *HEADS, *LENGTHS]

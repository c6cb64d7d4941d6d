"""One bad request, and the answer that is right: values, of which `cases` has a list by kind."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

HANDSHAKE: Final = "2025-11-25"
STATELESS: Final = "2026-07-28"
Era: TypeAlias = Literal["2025-11-25", "2026-07-28"]
ERAS: Final[tuple[Era, ...]] = (HANDSHAKE, STATELESS)

CUSTOMER: Final = "Xylophone-of-a-customer"
"""Stands in whatever a customer might have said: no log may have it."""

Headers: TypeAlias = tuple[tuple[str, str], ...]
_PLACE: Final = re.compile(rb"<<([a-z0-9_]+)>>")


def rows(*of: tuple[Any, ...]) -> tuple[tuple[Any, ...], ...]:
    """Write a table whose cells may be anything."""
    return of


def filled(text: bytes, values: Mapping[str, str]) -> bytes:
    """Put values in their places."""
    return _PLACE.sub(lambda found: values[found[1].decode()].encode(), text)


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as bytes, with places such as `<<open>>` for what is known only when it is sent."""

    head: bytes
    """The request line and the headers, each with its end of line, but the empty line."""
    body: bytes = b""
    counted: bool = True
    """Whether a Content-Length is written that fits the body."""

    def raw(self, values: Mapping[str, str]) -> bytes:
        """Write it as it goes over the wire."""
        head, body = filled(self.head, values), filled(self.body, values)
        length = b"Content-Length: %d\r\n" % len(body) if self.counted else b""
        return head + length + b"\r\n" + body


@dataclass(frozen=True, slots=True)
class Right:
    """The answer that is right."""

    status: int | None
    """None where the connection ends without an answer."""
    code: int | None = None
    """Of JSON-RPC's error, where the answer is one."""
    is_error: bool | None = None
    """Of a tool's result, where the answer is one."""
    says: tuple[str, ...] = ()
    """Words that are in the answer: the field, and the limit. `<<open>>` and the like may stand in
    them."""
    hides: tuple[str, ...] = ()
    """Names of what is not in it."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """What these headers contain."""


@dataclass(frozen=True, slots=True)
class Case:
    """A bad request."""

    name: str
    sent: Sent
    right: Right


def head(headers: Headers, *, method: str = "POST", target: str = "/mcp") -> bytes:
    """Write a request's line and headers."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1")


def with_headers(headers: Headers, **changed: str | None) -> Headers:
    """Change headers by their names with `_` for `-`; None leaves one out."""
    wanted = {name.replace("_", "-"): value for name, value in changed.items()}
    known = {name.lower(): name for name, _ in headers}
    kept = dict(headers)
    for name, value in wanted.items():
        kept.pop(known.get(name.lower(), name), None)
        if value is not None:
            kept[name] = value
    return tuple(kept.items())


def usual(era: Era, *, method: str = "tools/call", name: str | None = None) -> Headers:
    """Write the headers of a good request."""
    headers = (
        ("Host", "ask.example.org"),
        ("Authorization", "Bearer <<shop_key>>"),
        ("Content-Type", "application/json"),
        ("Accept", "application/json, text/event-stream"),
        ("MCP-Protocol-Version", era),
    )
    if era == HANDSHAKE:
        return headers
    return (*headers, ("Mcp-Method", method), *((("Mcp-Name", name),) if name is not None else ()))


def meta(*, tasks: bool = False) -> dict[str, Any]:
    """Write the envelope of a request without a session."""
    extensions: dict[str, Any] = {"io.modelcontextprotocol/tasks": {}} if tasks else {}
    return {
        "io.modelcontextprotocol/protocolVersion": STATELESS,
        "io.modelcontextprotocol/clientInfo": {"name": "hostile", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {"extensions": extensions, "elicitation": {}},
    }


def as_json(value: object) -> bytes:
    """Write JSON in ASCII, half surrogates and numbers that are none included."""
    return json.dumps(value).encode()


def request(
    era: Era,
    method: str,
    params: Mapping[str, Any],
    *,
    name: str | None = None,
    tasks: bool = False,
    **headers: str | None,
) -> Sent:
    """Write a request that is good, but for its params and the headers that are changed."""
    params = {**params, "_meta": meta(tasks=tasks)} if era == STATELESS else params
    body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
    known = usual(era, method=method, name=name)
    return Sent(head(with_headers(known, **headers)), as_json(body))


def call(era: Era, tool: str, arguments: object, **headers: str | None) -> Sent:
    """Call a tool."""
    known = with_headers(usual(era, method="tools/call", name=tool), **headers)
    params = {"name": tool, "arguments": arguments}
    return Sent(head(known), request(era, "tools/call", params).body)


def of_both_eras(name: str, tool: str, arguments: object, right: Right) -> list[Case]:
    """Let a tool be called by a client with a handshake, and by one without."""
    return [Case(f"{name} ({era})", call(era, tool, arguments), right) for era in ERAS]


def refused(*says: str) -> Right:
    """Expect a tool's result that is an error: as the standard wants what a model can mend."""
    return Right(200, is_error=True, says=says)


def protocol_error(era: Era, code: int, *says: str, status: int = 400) -> Right:
    """Expect an error of the protocol: in the stream of the handshake era, else with a status."""
    return Right(200 if era == HANDSHAKE else status, code=code, says=says)

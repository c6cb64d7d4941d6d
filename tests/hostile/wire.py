"""Raw bytes over a socket, and what comes back: no client stands between that would mend them."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, cast

PATIENCE_SECONDS: Final = 10.0
"""An answer that takes longer is none."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, read by the letter."""

    status: int
    headers: tuple[tuple[str, str], ...]
    """Names in lower case."""
    body: bytes

    def header(self, name: str) -> str:
        """Read a header that stands there once."""
        values = [value for each, value in self.headers if each == name]
        assert len(values) <= 1, f"{name} stands there {len(values)} times"
        return values[0] if values else ""

    @property
    def text(self) -> str:
        """The body, which is always UTF-8."""
        return self.body.decode("utf-8")

    @property
    def words(self) -> str:
        r"""The body, with `\u2026` read as the character that it is."""
        return re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), self.text)

    def message(self) -> Mapping[str, Any]:
        """Read the JSON object that it brings: its body, or the one message of its stream."""
        text = self.text
        if self.header("content-type").startswith("text/event-stream"):
            messages = [line[6:] for line in text.split("\r\n") if line.startswith("data: ")]
            assert len(messages) == 1, f"not one message: {text[:500]}"
            text = messages[0]
        read: object = json.loads(text, parse_constant=_no_json)
        assert isinstance(read, dict), f"not an object: {text[:500]}"
        return cast("dict[str, Any]", read)


def _no_json(constant: str) -> float:
    raise AssertionError(f"{constant} is no JSON")


@contextmanager
def connected(port: int) -> Generator[socket.socket]:
    """Open a connection to this host."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
        yield connection


def exchange(port: int, sent: bytes) -> Answer | None:
    """Send these bytes on a connection of their own; None where it ends without an answer."""
    with connected(port) as connection:
        send(connection, sent)
        with connection.makefile("rb") as stream:
            return read_answer(stream)


def send(connection: socket.socket, sent: bytes) -> None:
    """Send all; whoever has refused already may not want to read the rest."""
    try:
        connection.sendall(sent)
    except (BrokenPipeError, ConnectionResetError):
        return


def read_answer(stream: BinaryIO) -> Answer | None:
    """Read the next answer to its end; None where the connection ends before it begins."""
    try:
        first = stream.readline()
    except ConnectionResetError:
        return None
    if not first:
        return None
    version, status, *_ = first.split(b" ")
    assert version == b"HTTP/1.1", first
    headers: list[tuple[str, str]] = []
    while (line := stream.readline().rstrip(b"\r\n")) != b"":
        name, separator, value = line.decode("latin-1").partition(":")
        assert separator, line
        headers.append((name.lower(), value.strip()))
    return Answer(int(status), tuple(headers), _body(stream, dict(headers)))


def _body(stream: BinaryIO, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding") != "chunked":
        length = headers.get("content-length")
        body = stream.read() if length is None else stream.read(int(length))
        assert length is None or len(body) == int(length), "the answer was cut off"
        return body
    parts: list[bytes] = []
    while (size := int(stream.readline(), 16)) > 0:
        parts.append(stream.read(size))
        assert stream.readline() == b"\r\n"
    assert stream.readline() == b"\r\n"
    return b"".join(parts)

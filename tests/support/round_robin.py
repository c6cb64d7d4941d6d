"""A reverse proxy before several gateways: each request goes to the next of them that is there.

It does what any such proxy does, and no more: Host stays as it was, who came and how is added as
`X-Forwarded-*`, bytes go on as they come, and a gateway that takes no connection is passed over. A
request that a gateway has got is never sent to another one.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

AWAY: Final = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class Served:
    """A request, and which of the gateways got it."""

    backend: int
    method: str
    """As JSON-RPC names it, with the tool's name behind it; HTTP's where there is no body."""


@dataclass(slots=True)
class RoundRobin:
    """Passes requests on in turn."""

    backends: Sequence[int]
    """The gateways' ports."""
    scheme: str = "https"
    """What clients are said to have come by."""
    port: int = 0
    served: list[Served] = field(default_factory=list[Served])
    _next: int = 0

    @property
    def url(self) -> str:
        """Where MCP clients find the gateways."""
        return f"http://127.0.0.1:{self.port}/mcp"

    def who_served(self, method: str) -> list[int]:
        """Tell which gateways got the requests of a method, in order."""
        return [each.backend for each in self.served if each.method == method]

    async def until_served(self, method: str, times: int = 1) -> int:
        """Wait until so many requests of a method have come; tell which gateway got the last."""
        while len(got := self.who_served(method)) < times:
            await asyncio.sleep(0.01)
        return got[times - 1]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass the one request of a connection on, until either side is done with it."""
        client = (reader, writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(_length(head))
            gateway = await self._turn(_method(head, body))
            if gateway is None:
                writer.write(AWAY)
            else:
                await self._pass_on(client, gateway, self._as_sent(head, writer) + body)
        writer.close()

    async def _turn(self, method: str) -> Streams | None:
        """Connect to whose turn it is, or to the next that can be reached."""
        for _ in self.backends:
            number, self._next = self._next, (self._next + 1) % len(self.backends)
            with suppress(ConnectionError):
                streams = await asyncio.open_connection("127.0.0.1", self.backends[number])
                self.served.append(Served(number, method))
                return streams
        return None

    async def _pass_on(self, client: Streams, gateway: Streams, request: bytes) -> None:
        """Send a request; whichever side goes, the other is let go of."""
        gateway[1].write(request)
        answering = asyncio.ensure_future(_copy(gateway[0], client[1]))
        leaving = asyncio.ensure_future(client[0].read())
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if answering.done() and not answering.result():
                client[1].write(AWAY)  # it went before it had said anything
        finally:
            for each in (answering, leaving):
                each.cancel()
            await asyncio.gather(answering, leaving, return_exceptions=True)
            gateway[1].close()

    def _as_sent(self, head: bytes, writer: asyncio.StreamWriter) -> bytes:
        """Write the head as a gateway gets it."""
        first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        dropped = ("connection:", "x-forwarded-")
        kept = [each for each in lines if not each.lower().startswith(dropped)]
        address = writer.get_extra_info("peername")[0]
        added = [
            "Connection: close",
            f"X-Forwarded-For: {address}",
            f"X-Forwarded-Proto: {self.scheme}",
        ]
        return "\r\n".join([first, *kept, *added, "", ""]).encode("latin-1")


@asynccontextmanager
async def round_robin(*backends: int) -> AsyncGenerator[RoundRobin]:
    """Listen on a port of its own before gateways on these."""
    proxy = RoundRobin(backends)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> int:
    """Pass bytes on as they come; tell how many there were."""
    passed = 0
    with suppress(ConnectionError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
            passed += len(data)
    return passed


def _length(head: bytes) -> int:
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            return int(value)
    return 0


def _method(head: bytes, body: bytes) -> str:
    if not body:
        return head.split(b" ", 1)[0].decode()
    message: dict[str, Any] = json.loads(body)
    tool: str = message.get("params", {}).get("name", "")
    return f"{message.get('method')} {tool}".rstrip()

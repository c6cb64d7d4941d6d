"""Another address of a server, whose connections can be made to hang as those to a lost host do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Relay:
    """Passes bytes on, both ways."""

    target: int
    port: int = 0
    connections: list[asyncio.Event] = field(default_factory=list[asyncio.Event])
    """One for each connection; set, it hangs."""

    def hang(self) -> None:
        """Let what is connected now hang for ever; new connections work."""
        for each in self.connections:
            each.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on."""
        hangs = asyncio.Event()
        self.connections.append(hangs)
        theirs, ours = await asyncio.open_connection("127.0.0.1", self.target)

        async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while data := await source.read(65536):
                if not hangs.is_set():
                    sink.write(data)
            sink.close()

        await asyncio.gather(copy(reader, ours), copy(theirs, writer))


@asynccontextmanager
async def relay_to(target: int, *, port: int = 0) -> AsyncGenerator[Relay]:
    """Listen on a port for a server on another one."""
    relay = Relay(target)
    server = await asyncio.start_server(relay.serve, "127.0.0.1", port)
    relay.port = server.sockets[0].getsockname()[1]
    yield relay
    server.close()

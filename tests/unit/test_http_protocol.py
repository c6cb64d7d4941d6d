"""Who is hung up on, and who is not: on a real socket, with a time that a test can wait for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import uvicorn
from starlette.responses import PlainTextResponse

from mcp_gateway.door.http_protocol import GuardedProtocol

REQUEST = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


class Hasty(GuardedProtocol):
    seconds = 0.2


@asynccontextmanager
async def a_server() -> AsyncGenerator[int]:
    config = uvicorn.Config(
        PlainTextResponse("Yes"),
        port=0,
        http=Hasty,
        ws="none",
        lifespan="off",
        log_config=None,
        timeout_keep_alive=60,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await serving


async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Ask, and read the answer."""
    writer.write(REQUEST)
    return (await reader.readuntil(b"Yes")).startswith(b"HTTP/1.1 200")


async def test_a_body_that_comes_behind_its_answer_keeps_no_connection_open() -> None:
    async with a_server() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            REQUEST.replace(b"GET", b"POST").replace(b"\r\n\r\n", b"\r\nContent-Length: 3\r\n\r\n")
        )
        assert (await reader.readuntil(b"Yes")).startswith(b"HTTP/1.1 200")
        writer.write(b"abc")
        async with asyncio.timeout(5):
            assert await reader.read() == b"", "hung up on"
        writer.close()
        await writer.wait_closed()


async def test_a_connection_that_was_of_use_may_wait_for_its_next_request() -> None:
    async with a_server() as port:
        used, its_writer = await asyncio.open_connection("127.0.0.1", port)
        assert await answered(used, its_writer)
        silent, silent_writer = await asyncio.open_connection("127.0.0.1", port)
        assert await silent.read() == b"", "hung up on"
        assert await answered(used, its_writer)
        its_writer.write(REQUEST[:10])
        assert await used.read() == b"", "hung up on in the middle of its third"
        for writer in (its_writer, silent_writer):
            writer.close()
            await writer.wait_closed()

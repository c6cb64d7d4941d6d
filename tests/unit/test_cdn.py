"""Reading files from Discord, and refusing to read anything else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from escalation_worker.discord_channel.hearing.cdn import Cdn

BODY = b"x" * 1_000


@asynccontextmanager
async def serving(
    *, status: int = 200, location: str = ""
) -> AsyncGenerator[tuple[str, list[str]]]:
    """Serve files as Discord does; give the address, and a list of what was asked for."""
    asked: list[str] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        if request.path.endswith("/slow"):
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(b"x")
            await asyncio.Event().wait()
        if request.path.endswith("/endless"):
            return web.Response(body=_endless())
        headers = {"Location": location} if location else {}
        return web.Response(body=BODY, status=status, headers=headers)

    app = web.Application()
    app.router.add_get("/{path:.*}", handle)
    server = TestServer(app)
    await server.start_server(shutdown_timeout=0.1)
    try:
        yield str(server.make_url("/")).rstrip("/"), asked
    finally:
        await server.close()


async def _endless() -> AsyncIterator[bytes]:
    while True:
        yield BODY


async def test_a_file_is_read_as_long_as_it_is_no_larger_than_announced() -> None:
    async with asyncio.timeout(10), serving() as (address, _):
        cdn = Cdn(f"{address}/api/v10")
        url = f"{address}/attachments/1/2/a.png?ex=1"
        assert await cdn.read(url, len(BODY)) == BODY
        assert await cdn.read(url, len(BODY) - 1) is None


async def test_a_file_without_an_end_is_given_up_at_its_limit() -> None:
    async with asyncio.timeout(10), serving() as (address, _):
        cdn = Cdn(address, seconds=60)
        assert await cdn.read(f"{address}/attachments/1/2/endless", 100_000) is None


async def test_a_file_that_does_not_come_in_time_is_given_up() -> None:
    async with asyncio.timeout(10), serving() as (address, _):
        cdn = Cdn(address, seconds=0.1)
        assert await cdn.read(f"{address}/attachments/1/2/slow", 1_000) is None


@pytest.mark.parametrize("status", [204, 403, 404, 429, 500, 503])
async def test_a_file_that_is_not_served_is_left_alone(status: int) -> None:
    async with asyncio.timeout(10), serving(status=status) as (address, _):
        assert await Cdn(address).read(f"{address}/attachments/1/2/a.png", 1_000) is None


async def test_a_server_that_is_away_costs_nothing_but_the_file() -> None:
    async with asyncio.timeout(10):
        cdn = Cdn("http://127.0.0.1:9")
        assert await cdn.read("http://127.0.0.1:9/attachments/1/2/a.png", 1_000) is None


async def test_nobody_is_sent_elsewhere() -> None:
    async with (
        asyncio.timeout(10),
        serving() as (elsewhere, asked),
        serving(status=302, location=f"{elsewhere}/attachments/1/2/a.png") as (address, _),
    ):
        assert await Cdn(address).read(f"{address}/attachments/1/2/a.png", 1_000) is None
    assert asked == []


@pytest.mark.parametrize("path", ["/", "/api/v10/users/@me", "/_double/state"])
async def test_of_discords_own_servers_only_files_are_read(path: str) -> None:
    async with asyncio.timeout(10), serving() as (address, asked):
        assert await Cdn(address).read(address + path, 1_000) is None
    assert asked == []


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.discordapp.com/attachments/1/2/a.png",
        "https://cdn.discordapp.com.evil.example/attachments/1/2/a.png",
        "https://cdn.discordapp.com@evil.example/attachments/1/2/a.png",
        "https://user@cdn.discordapp.com/attachments/1/2/a.png",
        "https://cdn.discordapp.com:8443/attachments/1/2/a.png",
        "https://cdn.discordapp.com:port/attachments/1/2/a.png",
        "https://169.254.169.254/attachments/1/2/a.png",
        "https://[::1/attachments/",
        "file:///attachments/1/2/a.png",
    ],
)
async def test_nothing_is_read_from_anywhere_else(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise AssertionError("a connection was made")

    monkeypatch.setattr("aiohttp.ClientSession", refuse)
    assert await Cdn().read(url, 1_000) is None


@pytest.mark.parametrize("host", ["cdn.discordapp.com", "media.discordapp.net"])
def test_discords_own_links_are_known(host: str) -> None:
    assert Cdn()._is_ours(f"https://{host}/attachments/1/2/a.png?ex=1&is=2&hm=3&")  # pyright: ignore[reportPrivateUsage]

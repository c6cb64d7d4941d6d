from __future__ import annotations

import json
import zlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from discord_double import defaults

from .conftest import until

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from discord_double import DiscordDouble

    from .conftest import Rest

SUFFIX = b"\x00\x00\xff\xff"


class Socket:
    """A gateway client without a library."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self._inflate = zlib.decompressobj()

    async def next(self) -> dict[str, Any]:
        message = await self.socket.receive()
        if message.type is aiohttp.WSMsgType.BINARY:
            assert message.data.endswith(SUFFIX)
            return json.loads(self._inflate.decompress(message.data))
        assert message.type is aiohttp.WSMsgType.TEXT, message
        return json.loads(message.data)

    async def until(self, name: str) -> dict[str, Any]:
        while True:
            payload = await self.next()
            if payload["t"] == name:
                return payload

    async def send(self, op: int, data: object) -> None:
        await self.socket.send_json({"op": op, "d": data})

    async def identify(self, token: str = defaults.BOT_TOKEN, **fields: Any) -> None:
        await self.send(2, {"token": token, "intents": 1 << 9, "properties": {}, **fields})

    async def close_code(self) -> int | None:
        while True:
            message = await self.socket.receive()
            if message.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}:
                return self.socket.close_code


@asynccontextmanager
async def opened(
    double: DiscordDouble, query: str = "v=10&encoding=json"
) -> AsyncGenerator[Socket]:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{double.gateway_url}?{query}") as socket,
    ):
        client = Socket(socket)
        hello = await client.next()
        assert hello["op"] == 10
        assert hello["d"]["heartbeat_interval"] == 41250
        yield client


@pytest.mark.parametrize("query", ["v=10&encoding=json", "v=10&compress=zlib-stream"])
async def test_identify_is_answered_with_ready_and_heartbeats_with_acks(
    double: DiscordDouble, query: str
) -> None:
    async with opened(double, query) as socket:
        await socket.send(1, None)
        assert (await socket.next())["op"] == 11
        await socket.identify()
        ready = await socket.next()
        assert (ready["op"], ready["t"], ready["s"]) == (0, "READY", 1)
        assert ready["d"]["resume_gateway_url"] == double.gateway_url
        assert ready["d"]["guilds"] == [{"id": str(defaults.GUILD_ID), "unavailable": True}]


async def test_the_resume_address_repeats_the_host_that_was_asked_for(
    double: DiscordDouble,
) -> None:
    url = f"ws://localhost:{double.settings.port}/"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as raw:
        socket = Socket(raw)
        await socket.next()
        await socket.identify()
        assert (await socket.next())["d"]["resume_gateway_url"] == url
    double.settings.public_url = "https://discord.example"
    async with opened(double) as socket:
        await socket.identify()
        address = (await socket.next())["d"]["resume_gateway_url"]
        assert address == "wss://discord.example/"


@pytest.mark.parametrize(
    ("op", "data", "code"),
    [
        (2, {"token": "wrong", "intents": 0}, 4004),
        (2, {"token": defaults.BOT_TOKEN, "intents": 1 << 40}, 4013),
        (2, {"token": defaults.BOT_TOKEN, "intents": 0, "shard": [1, 1]}, 4010),
        (2, None, 4002),
        (3, {}, 4003),
        (8, {"guild_id": "1"}, 4003),
        (77, {}, 4001),
    ],
)
async def test_what_is_wrong_is_hung_up_on_with_its_code(
    double: DiscordDouble, op: int, data: object, code: int
) -> None:
    async with opened(double) as socket:
        await socket.send(op, data)
        assert await socket.close_code() == code


async def test_nonsense_and_long_payloads_are_hung_up_on(double: DiscordDouble) -> None:
    async with opened(double) as socket:
        await socket.socket.send_str("{nonsense")
        assert await socket.close_code() == 4002
    async with opened(double) as socket:
        await socket.send(1, "x" * 4096)
        assert await socket.close_code() == 4002


async def test_a_second_identify_is_hung_up_on(double: DiscordDouble) -> None:
    async with opened(double) as socket:
        await socket.identify()
        await socket.identify()
        assert await socket.close_code() == 4005


async def test_more_than_120_payloads_a_minute_are_hung_up_on(double: DiscordDouble) -> None:
    async with opened(double) as socket:
        for _ in range(121):
            await socket.send(1, None)
        assert await socket.close_code() == 4008


async def test_a_client_without_heartbeats_is_hung_up_on(double: DiscordDouble) -> None:
    double.settings.heartbeat_interval = 0.02
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(double.gateway_url) as raw,
    ):
        assert await Socket(raw).close_code() == 4009


async def test_a_sequence_from_the_future_is_refused(double: DiscordDouble) -> None:
    async with opened(double) as first:
        await first.identify()
        session = (await first.next())["d"]["session_id"]
        async with opened(double) as second:
            data = {"token": defaults.BOT_TOKEN, "session_id": session, "seq": 99}
            await second.send(6, data)
            assert await second.close_code() == 4007


async def test_a_client_that_says_goodbye_leaves_no_session(double: DiscordDouble) -> None:
    async with opened(double) as socket:
        await socket.identify()
        await socket.until("READY")
        assert len(double.gateway.sessions) == 1
        await socket.socket.close(code=1000)
        await until(double, lambda: not double.gateway.sessions)


async def test_a_client_that_leaves_without_goodbye_leaves_its_session(
    double: DiscordDouble,
) -> None:
    async with opened(double) as socket:
        await socket.identify()
        await socket.until("READY")
        await socket.socket.close(code=4000)
        await until(double, lambda: not double.gateway.connected)
        assert len(double.gateway.sessions) == 1


async def test_identifying_too_often_invalidates_and_in_the_end_costs_the_token(
    double: DiscordDouble, rest: Rest
) -> None:
    double.settings.identify_interval = 60.0
    async with opened(double) as first, opened(double) as second:
        await first.identify()
        assert (await first.next())["t"] == "READY"
        await second.identify()
        assert (await second.next())["op"] == 9
    double.settings.identify_interval = 0.0
    double.bot.identifies_left = 1
    async with opened(double) as last:
        await last.identify()
        await last.until("READY")
    assert (await rest("GET", "/users/@me"))[0] == 401

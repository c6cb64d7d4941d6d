from __future__ import annotations

import json
import zlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
import pytest
from discord_double import defaults
from discord_double.events import Intent
from discord_double.permissions import EVERYONE_DEFAULT

from .conftest import Client, all_text_intents, connected, until

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


async def test_a_wrong_token_is_a_login_failure(double: DiscordDouble) -> None:
    client = Client(double)
    async with client:
        with pytest.raises(discord.LoginFailure):
            await client.login("wrong")
    assert double.requests[-1].status == 401


async def test_intents_that_the_portal_does_not_grant_are_refused(double: DiscordDouble) -> None:
    double.bot.message_content = False
    with pytest.raises(discord.PrivilegedIntentsRequired):
        async with connected(double):
            pass


async def test_missed_events_are_replayed_after_a_cut(double: DiscordDouble) -> None:
    maya = double.person("Maya")
    async with connected(double) as client:
        await maya.write(double.channel, "before")
        await client.until_heard("before")
        double.gateway.refuse_connections(1)
        double.gateway.cut()
        await client.until(lambda: not double.gateway.connected)
        await maya.write(double.channel, "while away")
        await client.until(lambda: "RESUMED" in client.events)
        await maya.write(double.channel, "after")
        await client.until_heard("after")
        assert [m.content for m in client.heard] == ["before", "while away", "after"]
        assert (double.gateway.identifies, double.gateway.resumes) == (1, 1)


async def test_a_close_code_and_a_request_to_reconnect_lead_to_resumes(
    double: DiscordDouble,
) -> None:
    async with connected(double) as client:
        double.gateway.disconnect(4000)
        await client.until(lambda: double.gateway.resumes == 1)
        await client.until(lambda: client.events.count("RESUMED") == 1)
        double.gateway.ask_to_reconnect()
        await client.until(lambda: client.events.count("RESUMED") == 2)
        assert double.gateway.identifies == 1


async def test_an_invalid_session_makes_the_client_identify_again(double: DiscordDouble) -> None:
    async with connected(double) as client:
        double.gateway.invalidate()
        await client.until(lambda: client.events.count("READY") == 2)
        assert double.gateway.identifies == 2
        await double.person("Maya").write(double.channel, "still there?")
        await client.until_heard("still there?")


async def test_a_resumable_invalid_session_is_resumed(double: DiscordDouble) -> None:
    async with connected(double) as client:
        double.gateway.invalidate(resumable=True)
        await client.until(lambda: "RESUMED" in client.events)
        assert double.gateway.identifies == 1


async def test_an_expired_session_cannot_be_resumed(double: DiscordDouble) -> None:
    double.settings.session_life = 0.0
    async with connected(double) as client:
        double.gateway.cut()
        await client.until(lambda: client.events.count("READY") == 2)


async def test_a_session_that_forgot_too_much_cannot_be_resumed(double: DiscordDouble) -> None:
    double.settings.replay_limit = 3
    maya = double.person("Maya")
    async with connected(double) as client:
        double.gateway.refuse_connections(1)
        double.gateway.cut()
        await client.until(lambda: not double.gateway.connected)
        for n in range(5):
            await maya.write(double.channel, str(n))
        await client.until(lambda: client.events.count("READY") == 2)
        assert client.heard == []


async def test_a_sequence_from_the_future_is_refused(double: DiscordDouble) -> None:
    async with opened(double) as first:
        await first.identify()
        session = (await first.next())["d"]["session_id"]
        async with opened(double) as second:
            data = {"token": defaults.BOT_TOKEN, "session_id": session, "seq": 99}
            await second.send(6, data)
            assert await second.close_code() == 4007


async def test_a_lost_event_is_not_replayed_either(double: DiscordDouble) -> None:
    maya = double.person("Maya")
    loss = double.gateway.lose_events("MESSAGE_CREATE")
    async with connected(double) as client:
        await maya.write(double.channel, "lost")
        assert loss.lost == 1
        double.gateway.disconnect()
        await client.until(lambda: "RESUMED" in client.events)
        await maya.write(double.channel, "found")
        await client.until_heard("found")
        assert [m.content for m in client.heard] == ["found"]
        texts = [m.content async for m in client.text_channel.history()]
        assert texts == ["found", "lost"]


async def test_two_clients_of_one_token_both_hear_every_event(double: DiscordDouble) -> None:
    async with connected(double) as one, connected(double) as two:
        await double.person("Maya").write(double.channel, "to all")
        heard = await one.until_heard("to all"), await two.until_heard("to all")
        assert heard[0].id == heard[1].id
        assert len(double.gateway.connected) == 2


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


async def test_content_is_empty_without_the_intent_but_for_mentions_and_own_messages(
    double: DiscordDouble,
) -> None:
    maya = double.person("Maya")
    async with connected(double, Client(double, intents=discord.Intents.default())) as client:
        await maya.write(double.channel, "secret")
        await client.until(lambda: len(client.heard) == 1)
        assert client.heard[0].content == ""
        assert client.heard[0].author.id == defaults.MAYA_ID
        mention = f"<@{defaults.BOT_USER_ID}> open"
        await maya.write(double.channel, mention)
        await client.until_heard(mention)
        await client.text_channel.send("mine")
        await client.until_heard("mine")
        await maya.write_directly("direct")
        await client.until_heard("direct")


async def test_rest_hides_content_from_an_application_without_the_grant(
    double: DiscordDouble, rest: Rest
) -> None:
    await double.person("Maya").write(double.channel, "secret")
    path = f"/channels/{defaults.CHANNEL_ID}/messages"
    assert (await rest("GET", path))[1][0]["content"] == "secret"
    double.bot.message_content = False
    assert (await rest("GET", path))[1][0]["content"] == ""
    _, application = await rest("GET", "/oauth2/applications/@me")
    hidden, shown = discord.ApplicationFlags(), discord.ApplicationFlags()
    hidden.value = application["flags"]
    assert not hidden.gateway_message_content_limited
    assert hidden.gateway_guild_members_limited
    double.bot.message_content = True
    _, application = await rest("GET", "/applications/@me")
    shown.value = application["flags"]
    assert shown.gateway_message_content_limited


async def test_events_come_only_with_their_intents(double: DiscordDouble) -> None:
    maya = double.person("Maya")
    intents = discord.Intents(guilds=True)
    async with connected(double, Client(double, intents=intents)) as client:
        written = await maya.write(double.channel, "unheard")
        await maya.react(written, "👍")
        await maya.start_typing(double.channel)
        await maya.start_thread(written, "seen")
        await client.until(lambda: "THREAD_CREATE" in client.events)
        assert set(client.events) == {"READY", "GUILD_CREATE", "THREAD_CREATE"}


async def test_a_channel_out_of_sight_sends_no_events(double: DiscordDouble) -> None:
    hidden = double.add_channel("hidden")
    double.allow(hidden, defaults.MAYA_ID, EVERYONE_DEFAULT)
    double.deny(hidden, defaults.BOT_ROLE_ID, EVERYONE_DEFAULT)
    maya = double.person("Maya")
    async with connected(double) as client:
        assert client.get_channel(hidden.id) is None
        await maya.write(hidden, "psst")
        await maya.write(double.channel, "hello")
        await client.until_heard("hello")
        assert [m.content for m in client.heard] == ["hello"]


async def test_members_are_sent_in_chunks(double: DiscordDouble) -> None:
    intents = all_text_intents()
    intents.members = True
    async with connected(double, Client(double, intents=intents)) as client:
        guild = client.get_guild(defaults.GUILD_ID)
        assert guild is not None
        assert {m.display_name for m in guild.members} >= {"Maya", "Noor", "Mallory", "Olivia"}
    async with connected(double) as client:
        guild = client.get_guild(defaults.GUILD_ID)
        assert guild is not None
        assert guild.get_member(defaults.MAYA_ID) is None
        found = await guild.query_members(user_ids=[defaults.MAYA_ID])
        assert [m.id for m in found] == [defaults.MAYA_ID]


async def test_removing_the_bot_takes_the_guild_away(double: DiscordDouble, rest: Rest) -> None:
    async with connected(double) as client:
        double.remove_bot()
        await client.until(lambda: "GUILD_DELETE" in client.events)
        assert not client.guilds
    status, error = await rest.post()
    assert (status, error["code"]) == (403, 50001)
    status, error = await rest("GET", f"/guilds/{defaults.GUILD_ID}")
    assert (status, error["code"]) == (404, 10004)


async def test_identifies_are_counted_and_resumes_are_not(
    double: DiscordDouble, rest: Rest
) -> None:
    async with connected(double) as client:
        double.gateway.disconnect()
        await client.until(lambda: "RESUMED" in client.events)
    _, gateway = await rest("GET", "/gateway/bot")
    assert gateway["url"] == double.gateway_url
    assert gateway["session_start_limit"]["remaining"] == 999


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


async def test_a_zombie_connection_is_left_and_resumed(double: DiscordDouble) -> None:
    double.settings.heartbeat_interval = 0.05
    client = Client(double, heartbeat_timeout=0.2)
    async with connected(double, client):
        double.gateway.play_dead()
        await client.until(lambda: "RESUMED" in client.events)


async def test_a_second_bot_is_another_user_with_its_own_events(double: DiscordDouble) -> None:
    double.add_bot("Second", "second-token")
    async with (
        connected(double) as one,
        connected(double, Client(double), "second-token") as two,
    ):
        assert two.user is not None
        assert two.user.name == "Second"
        sent = await one.text_channel.send("hello, second")
        heard = await two.until_heard("hello, second")
        assert heard.id == sent.id
        assert heard.author.bot


def test_intents_have_the_librarys_values() -> None:
    for mine, theirs in (
        (Intent.GUILDS, discord.Intents(guilds=True)),
        (Intent.GUILD_MEMBERS, discord.Intents(members=True)),
        (Intent.GUILD_MESSAGES, discord.Intents(guild_messages=True)),
        (Intent.MESSAGE_CONTENT, discord.Intents(message_content=True)),
        (Intent.DIRECT_MESSAGES, discord.Intents(dm_messages=True)),
        (Intent.GUILD_MESSAGE_REACTIONS, discord.Intents(guild_reactions=True)),
    ):
        assert mine == theirs.value

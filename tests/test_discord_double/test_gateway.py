from __future__ import annotations

from typing import TYPE_CHECKING

import discord
import pytest
from discord_double import Permission, defaults
from discord_double.events import Intent
from discord_double.permissions import EVERYONE_DEFAULT

from .conftest import Client, all_text_intents, connected

if TYPE_CHECKING:
    from discord_double import DiscordDouble

    from .conftest import Rest


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
        assert client.get_channel(hidden.id) is not None
        await maya.write(hidden, "psst")
        await maya.write(double.channel, "hello")
        await client.until_heard("hello")
        assert [m.content for m in client.heard] == ["hello"]


async def test_threads_come_in_sight_with_their_channel(double: DiscordDouble) -> None:
    double.deny(double.channel, defaults.BOT_ROLE_ID, Permission.VIEW_CHANNEL)
    thread = await double.person("Maya").start_thread(double.channel, "Seen later")
    async with connected(double) as client:
        guild = client.get_guild(defaults.GUILD_ID)
        assert guild is not None
        assert not guild.threads
        double.allow(double.channel, defaults.BOT_ROLE_ID, Permission.VIEW_CHANNEL)
        await client.until(lambda: "THREAD_LIST_SYNC" in client.events)
        assert [t.id for t in guild.threads] == [thread.id]


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

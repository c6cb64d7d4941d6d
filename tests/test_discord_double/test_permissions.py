from __future__ import annotations

from typing import TYPE_CHECKING

import discord
import pytest
from discord_double import Permission, Refusal, defaults

from .conftest import connected

if TYPE_CHECKING:
    from discord_double import DiscordDouble

    from .conftest import Rest

CHANNEL = f"/channels/{defaults.CHANNEL_ID}"
EMBED = {"embeds": [{"description": "x"}]}
POLL = {"poll": {"question": {"text": "x"}, "answers": [{"poll_media": {"text": "y"}}]}}


@pytest.mark.parametrize(
    ("denied", "method", "path", "body"),
    [
        (Permission.SEND_MESSAGES, "POST", "/messages", {"content": "x"}),
        (Permission.SEND_MESSAGES, "POST", "/typing", None),
        (Permission.EMBED_LINKS, "POST", "/messages", EMBED),
        (Permission.SEND_POLLS, "POST", "/messages", POLL),
        (Permission.READ_MESSAGE_HISTORY, "GET", "/messages/{own}", None),
        (Permission.ADD_REACTIONS, "PUT", "/messages/{own}/reactions/👍/@me", None),
        (Permission.CREATE_PUBLIC_THREADS, "POST", "/messages/{own}/threads", {"name": "x"}),
        (Permission.CREATE_PUBLIC_THREADS, "POST", "/threads", {"name": "x", "type": 11}),
        (Permission.CREATE_PRIVATE_THREADS, "POST", "/threads", {"name": "x", "type": 12}),
    ],
)
async def test_what_needs_a_permission_is_50013_without_it(
    double: DiscordDouble,
    rest: Rest,
    denied: Permission,
    method: str,
    path: str,
    body: dict[str, object] | None,
) -> None:
    _, own = await rest.post()
    path = CHANNEL + path.format(own=own["id"])
    double.deny(double.channel, defaults.BOT_ROLE_ID, denied)
    status, error = await rest(method, path, body)
    assert (status, error) == (403, {"message": "Missing Permissions", "code": 50013})
    double.allow(double.channel, defaults.BOT_USER_ID, denied)
    assert (await rest(method, path, body))[0] < 300


async def test_a_thread_needs_its_own_permissions(double: DiscordDouble, rest: Rest) -> None:
    _, own = await rest.post()
    await rest("POST", f"{CHANNEL}/messages/{own['id']}/threads", {"name": "T"})
    thread = f"/channels/{own['id']}"
    double.deny(double.channel, defaults.BOT_ROLE_ID, Permission.SEND_MESSAGES)
    assert (await rest("POST", f"{thread}/messages", {"content": "x"}))[0] == 200
    denied = Permission.SEND_MESSAGES_IN_THREADS | Permission.MANAGE_THREADS
    double.deny(double.channel, defaults.BOT_ROLE_ID, denied)
    status, error = await rest("POST", f"{thread}/messages", {"content": "x"})
    assert (status, error["code"]) == (403, 50013)
    status, error = await rest("DELETE", thread)
    assert (status, error["code"]) == (403, 50013)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/messages"),
        ("POST", "/messages"),
        ("POST", "/threads"),
        ("PATCH", ""),
    ],
)
async def test_a_channel_out_of_sight_is_50001(
    double: DiscordDouble, rest: Rest, method: str, path: str
) -> None:
    double.deny(double.channel, defaults.GUILD_ID, Permission.VIEW_CHANNEL)
    double.deny(double.channel, defaults.BOT_ROLE_ID, Permission.VIEW_CHANNEL)
    body = None if method == "GET" else {"name": "x", "content": "x"}
    status, error = await rest(method, CHANNEL + path, body)
    assert (status, error) == (403, {"message": "Missing Access", "code": 50001})


async def test_without_read_history_the_list_is_empty_and_replies_are_refused(
    double: DiscordDouble, rest: Rest
) -> None:
    _, own = await rest.post()
    double.deny(double.channel, defaults.BOT_ROLE_ID, Permission.READ_MESSAGE_HISTORY)
    assert await rest("GET", f"{CHANNEL}/messages") == (200, [])
    status, error = await rest.post("x", message_reference={"message_id": own["id"]})
    assert (status, error["code"]) == (403, 160002)


async def test_a_members_overwrite_beats_a_roles_and_a_roles_beats_everyones(
    double: DiscordDouble,
) -> None:
    maya, noor = double.person("Maya"), double.person("Noor")
    double.deny(double.channel, defaults.GUILD_ID, Permission.SEND_MESSAGES)
    double.allow(double.channel, defaults.OPERATOR_ROLE_ID, Permission.SEND_MESSAGES)
    double.deny(double.channel, maya.id, Permission.SEND_MESSAGES)
    await noor.write(double.channel, "allowed by role")
    for person in (maya, double.person("Mallory")):
        with pytest.raises(Refusal) as refused:
            await person.write(double.channel, "no")
        assert refused.value.code == 50013
    await double.person("Olivia").write(double.channel, "owners may all")


@pytest.mark.parametrize("header", ["wrong", ""])
async def test_a_wrong_token_is_401(rest: Rest, header: str) -> None:
    status, error = await rest("GET", "/users/@me", token=header or None)
    assert (status, error) == (401, {"message": "401: Unauthorized", "code": 0})


async def test_what_does_not_exist_is_404_with_its_code(rest: Rest) -> None:
    cases = {
        "/channels/1": 10003,
        "/guilds/1": 10004,
        "/users/1": 10013,
        f"/guilds/{defaults.GUILD_ID}/members/1": 10013,
        f"/guilds/{defaults.GUILD_ID}/roles/1": 10011,
        "/nowhere": 0,
    }
    for path, code in cases.items():
        status, error = await rest("GET", path)
        assert (status, error["code"]) == (404, code), path
    assert (await rest("DELETE", "/users/@me"))[0] == 405
    assert (await rest("GET", "/channels/abc"))[1]["code"] == 50035


async def test_discord_py_reads_guild_channel_roles_and_members(double: DiscordDouble) -> None:
    async with connected(double) as client:
        guild = await client.fetch_guild(defaults.GUILD_ID)
        assert guild.name == defaults.GUILD_NAME
        member = await guild.fetch_member(defaults.MAYA_ID)
        assert member.display_name == "Maya"
        assert [r.id for r in await guild.fetch_roles()] == [
            defaults.GUILD_ID,
            defaults.OPERATOR_ROLE_ID,
            defaults.BOT_ROLE_ID,
        ]
        assert [g.id async for g in client.fetch_guilds()] == [defaults.GUILD_ID]
        assert {c.id for c in await guild.fetch_channels()} == {
            defaults.CHANNEL_ID,
            defaults.SECOND_CHANNEL_ID,
        }
        channel = await client.fetch_channel(defaults.CHANNEL_ID)
        assert isinstance(channel, discord.TextChannel)
        me = client.get_guild(defaults.GUILD_ID)
        assert me is not None
        assert client.text_channel.permissions_for(me.me).manage_threads
        assert not client.text_channel.permissions_for(me.me).mention_everyone

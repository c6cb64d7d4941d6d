"""Guilds with their channels, roles and members; and channels themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from discord_double import errors, payloads
from discord_double.acts import guilds as acts
from discord_double.acts import threads
from discord_double.model import ChannelType, Thread
from discord_double.permissions import Permission, in_guild

from .call import Call, Reply, Route

if TYPE_CHECKING:
    from discord_double.model import Guild


def read_channel(call: Call) -> Reply:
    channel = call.channel()
    call.world.require(call.user, channel)
    return Reply(payloads.channel(channel, call.viewer))


def edit_channel(call: Call) -> Reply:
    channel = call.channel()
    call.world.require(call.user, channel)
    if isinstance(channel, Thread):
        threads.edit(call.world, call.user, channel, call.fields)
    else:
        acts.edit_channel(call.world, call.user, channel, call.fields)
    return Reply(payloads.channel(channel, call.viewer))


def delete_channel(call: Call) -> Reply:
    channel = call.channel()
    shown = payloads.channel(channel, call.viewer)
    acts.delete_channel_as(call.world, call.user, channel)
    return Reply(shown)


def read_guild(call: Call) -> Reply:
    guild = _guild(call)
    shown = payloads.guild(guild)
    if call.query_flag("with_counts"):
        shown["approximate_member_count"] = len(guild.members)
        shown["approximate_presence_count"] = len(guild.members)
    return Reply(shown)


def list_channels(call: Call) -> Reply:
    guild = _guild(call)
    shown = [
        payloads.channel(c, call.viewer)
        for c in call.world.channels.values()
        if c.guild_id == guild.id and not isinstance(c, Thread)
    ]
    return Reply(shown)


def create_channel(call: Call) -> Reply:
    guild = _guild(call)
    if Permission.MANAGE_CHANNELS not in in_guild(guild, guild.members[call.user.id]):
        raise errors.missing_permissions(Permission.MANAGE_CHANNELS)
    name: Any = call.fields.get("name")
    if not isinstance(name, str) or not name:
        raise errors.InvalidForm([("name", "BASE_TYPE_REQUIRED", "This field is required")])
    kind = ChannelType(call.fields.get("type", 0))
    channel = acts.create_channel(call.world, guild, name, kind)
    return Reply(payloads.channel(channel, call.viewer), 201)


def list_roles(call: Call) -> Reply:
    return Reply([payloads.role(role) for role in _guild(call).roles.values()])


def read_role(call: Call) -> Reply:
    role = _guild(call).roles.get(call.id("role_id"))
    if role is None:
        raise errors.unknown_role()
    return Reply(payloads.role(role))


def list_members(call: Call) -> Reply:
    guild = _guild(call)
    if not call.application.server_members:
        raise errors.missing_access()
    limit = call.query_number("limit", 1, least=1, most=1000)
    after = call.query_id("after") or 0
    ids = sorted(i for i in guild.members if i > after)[:limit]
    return Reply([payloads.member(guild.members[i]) for i in ids])


def read_member(call: Call) -> Reply:
    guild = _guild(call)
    member = guild.members.get(call.id("user_id"))
    if member is None:
        unknown = call.id("user_id") not in call.world.users
        raise errors.unknown_user() if unknown else errors.unknown_member()
    return Reply(payloads.member(member))


def _guild(call: Call) -> Guild:
    """Return the guild of the path; one that the bot is not in is as good as unknown."""
    guild = call.world.guild(call.id("guild_id"))
    if call.user.id not in guild.members:
        raise errors.unknown_guild()
    return guild


_CHANNEL = "/channels/{channel_id}"
_GUILD = "/guilds/{guild_id}"

ROUTES = (
    Route("GET", _CHANNEL, read_channel),
    Route("PATCH", _CHANNEL, edit_channel),
    Route("DELETE", _CHANNEL, delete_channel),
    Route("GET", _GUILD, read_guild),
    Route("GET", _GUILD + "/channels", list_channels),
    Route("POST", _GUILD + "/channels", create_channel),
    Route("GET", _GUILD + "/roles", list_roles),
    Route("GET", _GUILD + "/roles/{role_id}", read_role),
    Route("GET", _GUILD + "/members", list_members),
    Route("GET", _GUILD + "/members/{user_id}", read_member),
)

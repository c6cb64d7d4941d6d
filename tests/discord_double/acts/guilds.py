"""Guilds and their channels, roles and members."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from discord_double import errors, payloads
from discord_double.forms import NAME_MAX, Form
from discord_double.model import Channel, ChannelType, Member, Overwrite, Role, Thread, User
from discord_double.permissions import NOTHING, Permission

from . import announce, threads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from discord_double.model import Application, Guild
    from discord_double.world import World


def create_channel(
    world: World, guild: Guild, name: str, kind: ChannelType = ChannelType.TEXT
) -> Channel:
    """Add a channel to a guild."""
    channel = Channel(world.ids.next(), kind, name, guild.id, position=len(world.channels))
    world.channels[channel.id] = channel
    announce.channel_changed(world, "CHANNEL_CREATE", channel)
    return channel


def edit_channel(world: World, who: User, channel: Channel, body: Mapping[str, Any]) -> None:
    """Change a channel's name, topic or overwrites."""
    world.require(who, channel, Permission.MANAGE_CHANNELS)
    form = Form(body)
    name = form.text("name", body.get("name"), longest=NAME_MAX, shortest=1)
    form.text("topic", body.get("topic"), longest=1024)
    overwrites = form.objects("permission_overwrites", body.get("permission_overwrites"), most=1000)
    form.close()
    if name is not None:
        channel.name = name
    if "topic" in body:
        channel.topic = body["topic"]
    if body.get("permission_overwrites") is not None:
        read = [_read_overwrite(item) for item in overwrites]
        _set_overwrites(world, channel, {overwrite.id: overwrite for overwrite in read})
    else:
        announce.channel_changed(world, "CHANNEL_UPDATE", channel)


def set_overwrite(
    world: World,
    channel: Channel,
    target_id: int,
    *,
    allow: Permission = NOTHING,
    deny: Permission = NOTHING,
) -> None:
    """Allow and deny permissions in a channel to one role or member."""
    guild = world.guild(channel.guild_id or 0)
    is_member = target_id not in guild.roles
    fresh = Overwrite(target_id, is_member=is_member, allow=allow, deny=deny)
    _set_overwrites(world, channel, channel.overwrites | {target_id: fresh})


def delete_channel(world: World, channel: Channel) -> None:
    """Delete a channel with its threads; clients are told of the channel alone."""
    announce.channel_changed(world, "CHANNEL_DELETE", channel)
    for other in list(world.channels.values()):
        if isinstance(other, Thread) and other.parent_id == channel.id:
            del world.channels[other.id]
    del world.channels[channel.id]


def delete_channel_as(world: World, who: User, channel: Channel) -> None:
    """Delete a channel or thread on behalf of someone who must be allowed to."""
    if isinstance(channel, Thread):
        threads.delete(world, who, channel)
    elif channel.type is ChannelType.DM:
        world.require(who, channel)
    else:
        world.require(who, channel, Permission.MANAGE_CHANNELS)
        delete_channel(world, channel)


def create_role(
    world: World,
    guild: Guild,
    name: str,
    permissions: Permission = NOTHING,
    *,
    mentionable: bool = False,
) -> Role:
    """Add a role to a guild."""
    role = Role(world.ids.next(), name, permissions, mentionable, position=len(guild.roles))
    guild.roles[role.id] = role
    announce.role_changed(world, "GUILD_ROLE_CREATE", guild, {"role": payloads.role(role)})
    return role


def edit_role(
    world: World,
    guild: Guild,
    role: Role,
    *,
    permissions: Permission | None = None,
    mentionable: bool | None = None,
) -> None:
    """Change what a role allows, or whether all may mention it."""
    if permissions is not None:
        role.permissions = permissions
    if mentionable is not None:
        role.mentionable = mentionable
    announce.role_changed(world, "GUILD_ROLE_UPDATE", guild, {"role": payloads.role(role)})


def add_member(
    world: World, guild: Guild, user: User, roles: tuple[int, ...] = (), nick: str | None = None
) -> Member:
    """Let a user join a guild."""
    world.users[user.id] = user
    member = Member(user, datetime.now(UTC), list(roles), nick)
    guild.members[user.id] = member
    announce.member_changed(world, "GUILD_MEMBER_ADD", guild, member)
    return member


def set_roles(world: World, guild: Guild, member: Member, roles: tuple[int, ...]) -> None:
    """Give a member exactly these roles."""
    if unknown := set(roles) - set(guild.roles):
        raise errors.unknown_role() from LookupError(unknown)
    member.roles = list(roles)
    announce.member_changed(world, "GUILD_MEMBER_UPDATE", guild, member)


def remove_member(world: World, guild: Guild, user_id: int) -> None:
    """Take a member out of a guild; a bot hears that the guild is gone."""
    member = guild.members.pop(user_id, None)
    if member is None:
        raise errors.unknown_member()
    application = world.bot_of(member.user)
    if application is not None:
        application.guild_ids.discard(guild.id)
        announce.guild_gone(world, guild, application)
    announce.member_changed(world, "GUILD_MEMBER_REMOVE", guild, member)


def invite_bot(world: World, guild: Guild, application: Application, role: Role) -> Member:
    """Let a bot join a guild, with its own managed role."""
    guild.roles[role.id] = role
    member = Member(application.user, datetime.now(UTC), [role.id])
    guild.members[application.user.id] = member
    world.users[application.user.id] = application.user
    application.guild_ids.add(guild.id)
    announce.guild_joined(world, guild, application)
    return member


def _set_overwrites(world: World, channel: Channel, overwrites: dict[int, Overwrite]) -> None:
    """Put overwrites in force, and show the channel's threads to bots that now see it."""
    before = _viewers(world, channel)
    channel.overwrites = overwrites
    announce.channel_changed(world, "CHANNEL_UPDATE", channel)
    for application in _viewers(world, channel):
        if application not in before:
            announce.threads_synced(world, channel, application)


def _viewers(world: World, channel: Channel) -> list[Application]:
    return [
        application
        for application in world.applications.values()
        if Permission.VIEW_CHANNEL in world.permissions(application.user, channel)
    ]


def _read_overwrite(item: Mapping[str, Any]) -> Overwrite:
    return Overwrite(
        int(item["id"]),
        is_member=int(item.get("type", 0)) == 1,
        allow=Permission(int(item.get("allow") or 0)),
        deny=Permission(int(item.get("deny") or 0)),
    )

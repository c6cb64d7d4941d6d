"""The events that acts publish, one function for each: name, audience and content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord_double import payloads
from discord_double.events import Event, Intent
from discord_double.model import ChannelType
from discord_double.snowflakes import created_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from discord_double.events import Viewer
    from discord_double.model import (
        Application,
        Channel,
        Guild,
        JsonObject,
        Member,
        Message,
        Thread,
        User,
    )
    from discord_double.world import World

    _Render = Callable[[Viewer], JsonObject]


def message_created(world: World, message: Message, channel: Channel) -> None:
    def render(viewer: Viewer) -> JsonObject:
        shown = payloads.gateway_message(world, message, viewer)
        return shown if message.nonce is None else shown | {"nonce": message.nonce}

    _in_channel(world, "MESSAGE_CREATE", channel, render)


def message_updated(world: World, message: Message, channel: Channel) -> None:
    _in_channel(
        world,
        "MESSAGE_UPDATE",
        channel,
        lambda viewer: payloads.gateway_message(world, message, viewer),
    )


def message_deleted(world: World, message: Message, channel: Channel) -> None:
    body = _place(channel) | {"id": str(message.id)}
    _in_channel(world, "MESSAGE_DELETE", channel, lambda _: body)


def messages_deleted(world: World, ids: list[int], channel: Channel) -> None:
    body = _place(channel) | {"ids": [str(i) for i in ids]}
    _in_channel(world, "MESSAGE_DELETE_BULK", channel, lambda _: body)


def reaction_changed(
    world: World, message: Message, channel: Channel, user: User, key: str, *, added: bool
) -> None:
    body = _place(channel) | {
        "user_id": str(user.id),
        "message_id": str(message.id),
        "emoji": payloads.emoji(key),
        "burst": False,
        "type": 0,
    }
    if added:
        body["message_author_id"] = str(message.author.id)
        if member := world.member(channel, user):
            body["member"] = payloads.member(member)
    name = "MESSAGE_REACTION_ADD" if added else "MESSAGE_REACTION_REMOVE"
    _in_channel(world, name, channel, lambda _: body, kind="reactions")


def reactions_cleared(world: World, message: Message, channel: Channel, key: str | None) -> None:
    body = _place(channel) | {"message_id": str(message.id)}
    name = "MESSAGE_REACTION_REMOVE_ALL"
    if key is not None:
        name, body["emoji"] = "MESSAGE_REACTION_REMOVE_EMOJI", payloads.emoji(key)
    _in_channel(world, name, channel, lambda _: body, kind="reactions")


def typing_started(world: World, user: User, channel: Channel) -> None:
    body = _place(channel) | {
        "user_id": str(user.id),
        "timestamp": int(created_at(world.ids.next()).timestamp()),
    }
    if member := world.member(channel, user):
        body["member"] = payloads.member(member)
    _in_channel(world, "TYPING_START", channel, lambda _: body, kind="typing")


def pins_changed(world: World, channel: Channel, last_pin: str | None) -> None:
    body: JsonObject = _place(channel) | {"last_pin_timestamp": last_pin}
    _in_channel(world, "CHANNEL_PINS_UPDATE", channel, lambda _: body, kind="pins")


def thread_created(world: World, thread: Thread) -> None:
    _about_thread(
        world,
        "THREAD_CREATE",
        thread,
        lambda viewer: payloads.thread(thread, viewer) | {"newly_created": True},
    )


def thread_updated(world: World, thread: Thread) -> None:
    _about_thread(world, "THREAD_UPDATE", thread, lambda viewer: payloads.thread(thread, viewer))


def thread_deleted(world: World, thread: Thread) -> None:
    body: JsonObject = {
        "id": str(thread.id),
        "guild_id": str(thread.guild_id),
        "parent_id": str(thread.parent_id),
        "type": int(thread.type),
    }
    _about_thread(world, "THREAD_DELETE", thread, lambda _: body)


def thread_membership_synced(world: World, thread: Thread) -> None:
    """Tell each bot in a thread that was unarchived of its own membership."""
    for application in world.applications.values():
        own = thread.members.get(application.user.id)
        if own is None:
            continue
        body = payloads.thread_member(thread, own) | {"guild_id": str(thread.guild_id)}
        world.publish(
            Event(
                "THREAD_MEMBER_UPDATE",
                lambda _, body=body: body,
                Intent.GUILDS,
                only_to=application.id,
            )
        )


def thread_members_changed(
    world: World, thread: Thread, added: tuple[int, ...] = (), removed: tuple[int, ...] = ()
) -> None:
    """Tell who came and went: to all with the member intent, else to the bot concerned."""
    guild = world.guild(thread.guild_id or 0)
    body: JsonObject = {
        "id": str(thread.id),
        "guild_id": str(guild.id),
        "member_count": min(len(thread.members), payloads.MEMBER_COUNT_CAP),
    }
    if added:
        body["added_members"] = [
            payloads.thread_member(thread, thread.members[i])
            | {"member": payloads.member(guild.members[i]), "presence": None}
            for i in added
        ]
    if removed:
        body["removed_member_ids"] = [str(i) for i in removed]
    concerned = {*added, *removed}
    for application in world.applications.values():
        concerns = application.user.id in concerned
        intents = Intent.GUILD_MEMBERS | (Intent.GUILDS if concerns else Intent(0))
        if concerns or guild.id in application.guild_ids:
            world.publish(
                Event(
                    "THREAD_MEMBERS_UPDATE",
                    lambda _: body,
                    intents,
                    only_to=application.id,
                )
            )


def channel_changed(world: World, name: str, channel: Channel) -> None:
    """Publish CHANNEL_CREATE, CHANNEL_UPDATE or CHANNEL_DELETE.

    These go to every bot of the guild: which channels exist is no secret, only their content.
    """
    world.publish(
        Event(
            name,
            lambda viewer: payloads.channel(channel, viewer),
            Intent.GUILDS,
            channel.guild_id,
        )
    )


def threads_synced(world: World, channel: Channel, application: Application) -> None:
    """Tell a bot that came to see a channel of the active threads in it."""

    def render(viewer: Viewer) -> JsonObject:
        shown = [
            payloads.thread(thread, viewer)
            for thread in world.active_threads(channel.guild_id or 0)
            if thread.parent_id == channel.id
        ]
        return {
            "guild_id": str(channel.guild_id),
            "channel_ids": [str(channel.id)],
            "members": [thread["member"] for thread in shown if "member" in thread],
            "threads": shown,
        }

    world.publish(Event("THREAD_LIST_SYNC", render, Intent.GUILDS, only_to=application.id))


def role_changed(world: World, name: str, guild: Guild, body: JsonObject) -> None:
    """Publish GUILD_ROLE_CREATE, GUILD_ROLE_UPDATE or GUILD_ROLE_DELETE."""
    body = {"guild_id": str(guild.id)} | body
    world.publish(Event(name, lambda _: body, Intent.GUILDS, guild.id))


def guild_gone(world: World, guild: Guild, application: Application) -> None:
    # No "unavailable" in it: that is what tells a removal from an outage.
    body: JsonObject = {"id": str(guild.id)}
    world.publish(Event("GUILD_DELETE", lambda _: body, Intent.GUILDS, only_to=application.id))


def guild_joined(world: World, guild: Guild, application: Application) -> None:
    world.publish(
        Event(
            "GUILD_CREATE",
            lambda viewer: payloads.gateway_guild(world, guild, viewer),
            Intent.GUILDS,
            only_to=application.id,
        )
    )


def member_changed(world: World, name: str, guild: Guild, member: Member) -> None:
    """Publish GUILD_MEMBER_ADD, GUILD_MEMBER_UPDATE or GUILD_MEMBER_REMOVE."""
    body: JsonObject = {"guild_id": str(guild.id)}
    if name == "GUILD_MEMBER_REMOVE":
        body["user"] = payloads.user(member.user)
    else:
        body |= payloads.member(member)
    world.publish(Event(name, lambda _: body, Intent.GUILD_MEMBERS, guild.id))


_INTENTS = {
    "messages": (Intent.GUILD_MESSAGES, Intent.DIRECT_MESSAGES),
    "reactions": (Intent.GUILD_MESSAGE_REACTIONS, Intent.DIRECT_MESSAGE_REACTIONS),
    "typing": (Intent.GUILD_MESSAGE_TYPING, Intent.DIRECT_MESSAGE_TYPING),
    "pins": (Intent.GUILDS, Intent.DIRECT_MESSAGES),
}


def _in_channel(
    world: World, name: str, channel: Channel, render: _Render, kind: str = "messages"
) -> None:
    in_guild, direct = _INTENTS[kind]
    is_direct = channel.type is ChannelType.DM
    intents = direct if is_direct else in_guild
    world.publish(Event(name, render, intents, channel.guild_id, channel.id))


def _about_thread(world: World, name: str, thread: Thread, render: _Render) -> None:
    world.publish(Event(name, render, Intent.GUILDS, thread.guild_id, thread.id))


def _place(channel: Channel) -> JsonObject:
    body: JsonObject = {"channel_id": str(channel.id)}
    if channel.guild_id is not None:
        body["guild_id"] = str(channel.guild_id)
    return body

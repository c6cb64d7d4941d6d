"""Users, members, roles, channels, threads, guilds and applications."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord_double import permissions
from discord_double.model import ChannelType, Thread
from discord_double.permissions import Permission
from discord_double.snowflakes import created_at, iso

if TYPE_CHECKING:
    from collections.abc import Iterable

    from discord_double.events import Viewer
    from discord_double.model import (
        Application,
        Channel,
        Guild,
        JsonObject,
        Member,
        Role,
        ThreadMember,
        User,
    )
    from discord_double.world import World

MEMBER_COUNT_CAP = 50  # a thread's member_count stops here


def user(who: User) -> JsonObject:
    return {
        "id": str(who.id),
        "username": who.username,
        "discriminator": "0" if not who.bot else f"{who.id % 9999 + 1:04}",
        "global_name": who.global_name,
        "avatar": None,
        "avatar_decoration_data": None,
        "banner": None,
        "accent_color": None,
        "bot": who.bot,
        "public_flags": 0,
    }


def own_user(who: User) -> JsonObject:
    """Show a bot's user to the bot itself."""
    extra = {"verified": True, "mfa_enabled": False, "email": None, "locale": "en-US", "flags": 0}
    return user(who) | extra


def partial_member(member: Member) -> JsonObject:
    """Show a member without the user, as inside a message."""
    return {
        "roles": [str(role_id) for role_id in member.roles],
        "nick": member.nick,
        "avatar": None,
        "banner": None,
        "joined_at": iso(member.joined_at),
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "pending": False,
        "flags": 0,
        "communication_disabled_until": None,
    }


def member(who: Member) -> JsonObject:
    return partial_member(who) | {"user": user(who.user)}


def role(what: Role) -> JsonObject:
    shown: JsonObject = {
        "id": str(what.id),
        "name": what.name,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "icon": None,
        "unicode_emoji": None,
        "position": what.position,
        "permissions": _bits(what.permissions),
        "managed": what.bot_id is not None,
        "mentionable": what.mentionable,
        "flags": 0,
    }
    if what.bot_id is not None:
        shown["tags"] = {"bot_id": str(what.bot_id)}
    return shown


def channel(what: Channel, viewer: Viewer) -> JsonObject:
    """Show a channel of any kind, threads included."""
    if isinstance(what, Thread):
        return thread(what, viewer)
    last = None if what.last_message_id is None else str(what.last_message_id)
    shown: JsonObject = {
        "id": str(what.id),
        "type": int(what.type),
        "last_message_id": last,
        "flags": 0,
        "last_pin_timestamp": None,
    }
    if what.type is ChannelType.DM:
        own_id = viewer.application.user.id
        return shown | {"recipients": [user(u) for u in what.recipients if u.id != own_id]}
    shown |= {
        "guild_id": str(what.guild_id),
        "name": what.name,
        "topic": what.topic,
        "position": what.position,
        "parent_id": None if what.parent_id is None else str(what.parent_id),
        "nsfw": False,
        "rate_limit_per_user": 0,
        "default_auto_archive_duration": 1440,
        "permission_overwrites": [
            {
                "id": str(o.id),
                "type": int(o.is_member),
                "allow": _bits(o.allow),
                "deny": _bits(o.deny),
            }
            for o in what.overwrites.values()
        ],
    }
    if what.type is ChannelType.FORUM:
        shown |= {
            "available_tags": [],
            "default_reaction_emoji": None,
            "default_sort_order": None,
            "default_forum_layout": 0,
        }
    return shown


def thread(what: Thread, viewer: Viewer) -> JsonObject:
    """Show a thread, with the viewer's membership if it is in the thread."""
    metadata: JsonObject = {
        "archived": what.archived,
        "archive_timestamp": iso(what.archive_changed_at),
        "auto_archive_duration": what.auto_archive_minutes,
        "locked": what.locked,
        "create_timestamp": iso(created_at(what.id)),
    }
    if what.is_private:
        metadata["invitable"] = what.invitable
    shown: JsonObject = {
        "id": str(what.id),
        "type": int(what.type),
        "guild_id": str(what.guild_id),
        "parent_id": str(what.parent_id),
        "owner_id": str(what.owner_id),
        "name": what.name,
        "last_message_id": None if what.last_message_id is None else str(what.last_message_id),
        "last_pin_timestamp": None,
        "rate_limit_per_user": what.slowmode_seconds,
        "message_count": what.message_count,
        "total_message_sent": what.total_message_sent,
        "member_count": min(len(what.members), MEMBER_COUNT_CAP),
        "flags": 0,
        "thread_metadata": metadata,
    }
    if own := what.members.get(viewer.application.user.id):
        shown["member"] = thread_member(what, own)
    return shown


def thread_member(of: Thread, who: ThreadMember) -> JsonObject:
    return {
        "id": str(of.id),
        "user_id": str(who.user_id),
        "join_timestamp": iso(who.joined_at),
        "flags": 1,
    }


def member_in_channel(world: World, who: Member, where: Channel) -> JsonObject:
    """Show a member with what it may do in a channel, as interactions do."""
    return member(who) | {"permissions": _bits(world.permissions(who.user, where))}


def interaction_channel(world: World, what: Channel, who: User, viewer: Viewer) -> JsonObject:
    return channel(what, viewer) | {"permissions": _bits(world.permissions(who, what))}


def resolved(world: World, home: Guild, ids: Iterable[int], viewer: Viewer) -> JsonObject:
    """Show what ids in an interaction stand for: users, members, roles, channels."""
    shown: dict[str, JsonObject] = {"users": {}, "members": {}, "roles": {}, "channels": {}}
    for found in ids:
        key = str(found)
        if found in home.members:
            who = home.members[found]
            shown["users"][key] = user(who.user)
            granted = _bits(permissions.in_guild(home, who))
            shown["members"][key] = partial_member(who) | {"permissions": granted}
        elif found in world.users:  # who is not in this guild, or no longer
            shown["users"][key] = user(world.users[found])
        elif found in home.roles:
            shown["roles"][key] = role(home.roles[found])
        elif found in world.channels:
            where = world.channels[found]
            granted = _bits(world.permissions(viewer.application.user, where))
            shown["channels"][key] = channel(where, viewer) | {"permissions": granted}
    return {kind: items for kind, items in shown.items() if items}


def guild(what: Guild) -> JsonObject:
    """Show a guild as REST does: with roles, without channels and members."""
    return {
        "id": str(what.id),
        "name": what.name,
        "icon": None,
        "splash": None,
        "discovery_splash": None,
        "banner": None,
        "description": None,
        "owner_id": str(what.owner_id),
        "region": "deprecated",
        "afk_channel_id": None,
        "afk_timeout": 300,
        "verification_level": 0,
        "default_message_notifications": 1,
        "explicit_content_filter": 0,
        "roles": [role(r) for r in what.roles.values()],
        "emojis": [],
        "stickers": [],
        "features": [],
        "mfa_level": 0,
        "nsfw_level": 0,
        "application_id": None,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "public_updates_channel_id": None,
        "safety_alerts_channel_id": None,
        "vanity_url_code": None,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "premium_progress_bar_enabled": False,
        "preferred_locale": "en-US",
        "max_presences": None,
        "max_members": 250_000,
        "max_video_channel_users": 25,
        "incidents_data": None,
    }


def gateway_guild(world: World, what: Guild, viewer: Viewer) -> JsonObject:
    """Show a guild as GUILD_CREATE does: with all channels, and the active threads in sight."""
    own = viewer.application.user
    here = [c for c in world.channels.values() if c.guild_id == what.id]
    channels = [c for c in here if not isinstance(c, Thread)]
    threads = [
        c
        for c in here
        if isinstance(c, Thread)
        and not c.archived
        and Permission.VIEW_CHANNEL in world.permissions(own, c)
    ]
    return guild(what) | {
        "joined_at": iso(what.members[own.id].joined_at),
        "large": False,
        "unavailable": False,
        "member_count": len(what.members),
        # Without the presence intent a bot is shown itself only, and asks for the others.
        "members": [member(what.members[own.id])],
        "presences": [],
        "voice_states": [],
        "channels": [channel(c, viewer) for c in channels],
        "threads": [thread(t, viewer) for t in threads],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def application(what: Application, owner: User) -> JsonObject:
    """Show an application to its own bot, with what the portal grants to it."""
    return {
        "id": str(what.id),
        "name": what.user.username,
        "icon": None,
        "description": "",
        "summary": "",
        "bot_public": False,
        "bot_require_code_grant": False,
        "verify_key": f"{what.id:064x}",
        "owner": user(owner),
        "team": None,
        "bot": user(what.user),
        "flags": application_flags(what),
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "redirect_uris": [],
        "approximate_guild_count": len(what.guild_ids),
    }


def application_flags(what: Application) -> int:
    """Return the flags of a bot in fewer than 100 guilds, for the intents it may use."""
    granted = (
        (what.presences, 1 << 13),
        (what.server_members, 1 << 15),
        (what.message_content, 1 << 19),
    )
    return sum(bit for allowed, bit in granted if allowed)


def _bits(granted: Permission) -> str:
    """Write permissions in decimal; everything at all is what an administrator is shown."""
    known = permissions.EVERYTHING & ((1 << 53) - 1)
    return str(int(granted & known))

"""What a member may do in a channel: role permissions, then channel overwrites.

The order of the steps is Discord's: owner, administrator, the everyone overwrite, role
overwrites (all denials before all allowances), the member's own overwrite.
"""

from __future__ import annotations

from enum import IntFlag
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .model import Channel, Guild, Member


class Permission(IntFlag):
    """The permission bits that the double checks or reports."""

    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38
    SEND_POLLS = 1 << 49
    PIN_MESSAGES = 1 << 51


NOTHING = Permission(0)
EVERYTHING = ~NOTHING

EVERYONE_DEFAULT = (
    Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.ADD_REACTIONS
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.USE_EXTERNAL_EMOJIS
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.CREATE_PRIVATE_THREADS
    | Permission.SEND_MESSAGES_IN_THREADS
    | Permission.SEND_POLLS
)
BOT_DEFAULT = EVERYONE_DEFAULT | Permission.MANAGE_THREADS

DIRECT_MESSAGE = (
    Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.ADD_REACTIONS
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.SEND_POLLS
)


def in_guild(guild: Guild, member: Member) -> Permission:
    """Return what the member's roles allow, before any channel has its say."""
    if member.user.id == guild.owner_id:
        return EVERYTHING
    granted = guild.roles[guild.id].permissions
    for role_id in member.roles:
        granted |= guild.roles[role_id].permissions
    return EVERYTHING if Permission.ADMINISTRATOR in granted else granted


def in_channel(guild: Guild, member: Member, channel: Channel) -> Permission:
    """Return what the member may do in a channel that is not a thread.

    For a thread, pass its parent: threads inherit from it.
    """
    granted = in_guild(guild, member)
    if granted == EVERYTHING:
        return granted
    overwrites = channel.overwrites
    if everyone := overwrites.get(guild.id):
        granted = (granted & ~everyone.deny) | everyone.allow
    allowed = denied = NOTHING
    for role_id in member.roles:
        if overwrite := overwrites.get(role_id):
            allowed |= overwrite.allow
            denied |= overwrite.deny
    granted = (granted & ~denied) | allowed
    if own := overwrites.get(member.user.id):
        granted = (granted & ~own.deny) | own.allow
    return granted if Permission.VIEW_CHANNEL in granted else NOTHING

"""Builds the guild of `defaults`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from . import defaults
from .model import Channel, ChannelType, Guild, Member, Role, User
from .permissions import EVERYONE_DEFAULT

if TYPE_CHECKING:
    from .world import World


def furnish(world: World) -> Guild:
    """Build the guild of `defaults`, before anybody looks."""
    guild = Guild(defaults.GUILD_ID, defaults.GUILD_NAME, defaults.OWNER_ID)
    world.guilds[guild.id] = guild
    guild.roles[guild.id] = Role(guild.id, "@everyone", EVERYONE_DEFAULT)
    operators = Role(
        defaults.OPERATOR_ROLE_ID, defaults.OPERATOR_ROLE_NAME, mentionable=True, position=1
    )
    guild.roles[operators.id] = operators
    cast: dict[str, tuple[int, list[int]]] = {
        defaults.OWNER_NAME: (defaults.OWNER_ID, []),
        **{name: (i, [operators.id]) for name, i in defaults.OPERATORS.items()},
        **{name: (i, []) for name, i in defaults.STRANGERS.items()},
    }
    for name, (user_id, roles) in cast.items():
        user = User(user_id, name.lower(), name)
        world.users[user_id] = user
        guild.members[user_id] = Member(user, datetime.now(UTC), roles)
    for position, (channel_id, name) in enumerate(
        (
            (defaults.CHANNEL_ID, defaults.CHANNEL_NAME),
            (defaults.SECOND_CHANNEL_ID, defaults.SECOND_CHANNEL_NAME),
        )
    ):
        world.channels[channel_id] = Channel(
            channel_id, ChannelType.TEXT, name, guild.id, position=position
        )
    return guild

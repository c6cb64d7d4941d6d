"""What the gateway tells: events, the intents that let them through, and who is looking.

An event is rendered per viewer, because what a bot may read depends on the bot.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from .model import Application, JsonObject


class Intent(IntFlag):
    """The groups of events that a session asks for."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_REACTIONS = 1 << 10
    GUILD_MESSAGE_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_REACTIONS = 1 << 13
    DIRECT_MESSAGE_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15


# Bits that Discord has given a meaning; an IDENTIFY with others is closed with 4013.
ALL_INTENT_BITS = (1 << 17) - 1 | 1 << 20 | 1 << 21 | 1 << 24 | 1 << 25


@dataclass(frozen=True, slots=True)
class Viewer:
    """A bot that looks at a payload.

    `reads_content` is whether it sees what others wrote without mentioning it.
    """

    application: Application
    reads_content: bool = True


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    It goes to sessions that have one of `intents` (any session when it is None), of bots
    that are in the guild and can view the channel; or, where `only_to` is given, to
    exactly that application.
    """

    name: str
    render: Callable[[Viewer], JsonObject]
    intents: Intent | None = None
    guild_id: int | None = None
    channel_id: int | None = None
    only_to: int | None = None

"""The double's state as JSON, for checkers. Messages look as in the API, all readable."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from discord_double import payloads
from discord_double.events import Viewer
from discord_double.model import ChannelType, Thread
from discord_double.snowflakes import iso

if TYPE_CHECKING:
    from discord_double.acts.interactions import Interaction
    from discord_double.faults import Fault
    from discord_double.model import Channel, JsonObject, Message
    from discord_double.server import DiscordDouble


def state(double: DiscordDouble) -> JsonObject:
    """Show everything: guild, members, channels, threads, messages, bots, sessions."""
    world = double.world
    plain = [c for c in world.channels.values() if not isinstance(c, Thread)]
    return {
        "guild": payloads.guild(double.guild),
        "members": members(double),
        "channels": [_with_messages(double, c) for c in plain if c.type is not ChannelType.DM],
        "direct_channels": [_with_messages(double, c) for c in plain if c.type is ChannelType.DM],
        "threads": [_with_messages(double, t) for t in double.threads],
        "bots": [
            {
                "id": str(bot.id),
                "name": bot.user.username,
                "guilds": [str(i) for i in bot.guild_ids],
                "message_content": bot.message_content,
                "identifies_left": bot.identifies_left,
            }
            for bot in world.applications.values()
        ],
        "sessions": sessions(double),
        "interactions": [interaction(double, i) for i in world.interactions.values()],
        "requests": len(double.requests),
        "events": world.revision,
        "counts": dict(double.counts),
    }


def members(double: DiscordDouble) -> list[JsonObject]:
    return [payloads.member(m) for m in double.guild.members.values()]


def sessions(double: DiscordDouble) -> list[JsonObject]:
    return [
        {
            "id": session.id,
            "bot": session.application.user.username,
            "intents": int(session.intents),
            "sequence": session.sequence,
            "connected": session.is_connected,
        }
        for session in double.gateway.sessions.values()
    ]


def thread(double: DiscordDouble, what: Thread) -> JsonObject:
    shown = payloads.thread(what, _viewer(double))
    return shown | {"members": [str(i) for i in what.members]}


def message(double: DiscordDouble, what: Message) -> JsonObject:
    """Show a message, and of an ephemeral one for whom it is."""
    shown = payloads.message(double.world, what, _viewer(double))
    if what.nonce is not None:
        shown["nonce"] = what.nonce
    return shown if what.only_for is None else shown | {"only_for": str(what.only_for)}


def interaction(double: DiscordDouble, what: Interaction) -> JsonObject:
    return {
        "id": str(what.id),
        "type": int(what.type),
        "user_id": str(what.user.id),
        "channel_id": str(what.channel.id),
        "message_id": None if what.message is None else str(what.message.id),
        "data": what.data,
        "acknowledged": what.is_acknowledged,
        "callback": None if what.callback is None else int(what.callback),
        "modal": what.modal,
        "choices": what.choices,
        "messages": [message(double, m) for m in what.messages],
    }


def history(double: DiscordDouble, after: int, pattern: str) -> list[JsonObject]:
    """Show the events numbered above `after` whose name matches."""
    wanted = re.compile(pattern)
    return [
        {"number": h.number, "at": h.at, "name": h.name, "data": h.data}
        for h in double.world.history
        if h.number > after and wanted.search(h.name)
    ]


def requests(double: DiscordDouble, after: int) -> list[JsonObject]:
    """Show the requests numbered above `after`."""
    return [
        {
            "number": number,
            "method": r.method,
            "path": r.path,
            "status": r.status,
            "at": r.at,
            "seconds": r.seconds,
            "bot": r.bot,
        }
        for number, r in enumerate(double.requests[after:], start=after + 1)
    ]


def fault(what: Fault) -> JsonObject:
    return {
        "number": what.number,
        "kind": what.kind,
        "method": what.method.pattern,
        "path": what.path.pattern,
        "times": what.times,
        "status": what.status,
        "seconds": what.seconds,
        "after_effect": what.after_effect,
        "struck": what.struck,
    }


def _with_messages(double: DiscordDouble, what: Channel) -> JsonObject:
    shown = payloads.channel(what, _viewer(double))
    if isinstance(what, Thread):
        shown |= {"members": [str(i) for i in what.members], "active_at": iso(what.active_at)}
    return shown | {"messages": [message(double, m) for m in what.messages]}


def _viewer(double: DiscordDouble) -> Viewer:
    return Viewer(double.bot)

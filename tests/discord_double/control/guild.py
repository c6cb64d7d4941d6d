"""What befalls the guild, whoever wanted it so: POST guild/{act}.

add-channel     name                                 → the channel
delete-channel  channel_id                           (or a thread)
delete-message  message_id
auto-archive    channel_id                           as Discord does after a while
webhook         channel_id, name, content            → the message
allow, deny     channel_id, target_id, permissions   (names, such as "SEND_MESSAGES")
add-bot         name, token                          → its id
remove-bot      name?                                it hears GUILD_DELETE
portal          name?, message_content?, server_members?, presences?
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from discord_double import payloads
from discord_double.events import Viewer
from discord_double.jsons import as_list
from discord_double.permissions import NOTHING, Permission

from . import dump
from .endpoint import Endpoint, body_of, channel_in, message_in

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web

    from discord_double.model import Application, JsonObject
    from discord_double.server import DiscordDouble

    Act = Callable[[DiscordDouble, JsonObject], Awaitable[Any]]


async def act(double: DiscordDouble, request: web.Request) -> Any:
    """Let something happen to the guild."""
    run = ACTS.get(request.match_info["act"])
    if run is None:
        raise LookupError(f"no such act; there are {sorted(ACTS)}")
    return await run(double, await body_of(request))


async def _add_channel(double: DiscordDouble, body: JsonObject) -> Any:
    return payloads.channel(double.add_channel(str(body["name"])), Viewer(double.bot))


async def _delete_channel(double: DiscordDouble, body: JsonObject) -> Any:
    double.delete_channel(channel_in(double, body))


async def _delete_message(double: DiscordDouble, body: JsonObject) -> Any:
    double.delete_message(message_in(double, body))


async def _auto_archive(double: DiscordDouble, body: JsonObject) -> Any:
    double.auto_archive(double.world.thread(int(body["channel_id"])))


async def _webhook(double: DiscordDouble, body: JsonObject) -> Any:
    channel = channel_in(double, body)
    message = await double.post_as_webhook(channel, str(body["name"]), str(body["content"]))
    return dump.message(double, message)


async def _allow(double: DiscordDouble, body: JsonObject) -> Any:
    double.allow(channel_in(double, body), int(body["target_id"]), _permissions(body))


async def _deny(double: DiscordDouble, body: JsonObject) -> Any:
    double.deny(channel_in(double, body), int(body["target_id"]), _permissions(body))


async def _add_bot(double: DiscordDouble, body: JsonObject) -> Any:
    return {"id": str(double.add_bot(str(body["name"]), str(body["token"])).id)}


async def _remove_bot(double: DiscordDouble, body: JsonObject) -> Any:
    double.remove_bot(_bot(double, body))


async def _portal(double: DiscordDouble, body: JsonObject) -> Any:
    """Grant privileged intents to an application, or take them away."""
    bot = _bot(double, body)
    bot.message_content = bool(body.get("message_content", bot.message_content))
    bot.server_members = bool(body.get("server_members", bot.server_members))
    bot.presences = bool(body.get("presences", bot.presences))


def _bot(double: DiscordDouble, body: JsonObject) -> Application:
    name = body.get("name")
    bots = double.world.applications.values()
    found = next((bot for bot in bots if name in {None, bot.user.username}), None)
    if found is None:
        raise LookupError(f"no bot {name!r}")
    return found


def _permissions(body: JsonObject) -> Permission:
    granted = NOTHING
    for name in as_list(body["permissions"]):
        granted |= Permission[str(name)]
    return granted


ACTS: dict[str, Act] = {
    "add-channel": _add_channel,
    "delete-channel": _delete_channel,
    "delete-message": _delete_message,
    "auto-archive": _auto_archive,
    "webhook": _webhook,
    "allow": _allow,
    "deny": _deny,
    "add-bot": _add_bot,
    "remove-bot": _remove_bot,
    "portal": _portal,
}

ENDPOINTS = (Endpoint("POST", "guild/{act}", act),)

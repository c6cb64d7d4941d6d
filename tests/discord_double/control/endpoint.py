"""One endpoint of the control API, and how its body is read."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from discord_double.jsons import as_object

if TYPE_CHECKING:
    from aiohttp import web

    from discord_double.model import Channel, JsonObject, Message
    from discord_double.server import DiscordDouble


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A method on a path, and what it does; the result is sent as JSON."""

    method: str
    path: str
    run: Callable[[DiscordDouble, web.Request], Awaitable[Any]]


async def body_of(request: web.Request) -> JsonObject:
    """Return the request's JSON object, empty if there is no body."""
    raw = await request.read()
    return as_object(json.loads(raw)) if raw else {}


def channel_in(double: DiscordDouble, body: JsonObject) -> Channel:
    """Return the channel or thread that a body names as `channel_id`."""
    return double.world.channel(int(body["channel_id"]))


def message_in(double: DiscordDouble, body: JsonObject) -> Message:
    """Return the message that a body names as `message_id`, wherever it stands."""
    message_id = int(body["message_id"])
    found = double.world.find_message(message_id)
    if found is None:
        own = (m for i in double.world.interactions.values() for m in i.messages)
        found = next((m for m in own if m.id == message_id), None)
    if found is None:
        raise LookupError(f"no message {message_id}")
    return found

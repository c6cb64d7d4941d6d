"""Looking at the double: state, messages, what happened, and waiting for what will."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from . import dump
from .endpoint import Endpoint

if TYPE_CHECKING:
    from aiohttp import web

    from discord_double.server import DiscordDouble

WAIT_DEFAULT = "10"


async def health(double: DiscordDouble, _: web.Request) -> Any:
    return {"status": "ok", "sessions": len(double.gateway.connected)}


async def state(double: DiscordDouble, _: web.Request) -> Any:
    return dump.state(double)


async def threads(double: DiscordDouble, request: web.Request) -> Any:
    wanted = request.query.get("archived")
    return [
        dump.thread(double, thread)
        for thread in double.threads
        if wanted is None or thread.archived is (wanted in {"1", "true"})
    ]


async def sessions(double: DiscordDouble, _: web.Request) -> Any:
    return dump.sessions(double)


async def people(double: DiscordDouble, _: web.Request) -> Any:
    return dump.members(double)


async def messages(double: DiscordDouble, request: web.Request) -> Any:
    channel = double.world.channel(int(request.match_info["id"]))
    return [dump.message(double, m) for m in channel.messages]


async def interaction(double: DiscordDouble, request: web.Request) -> Any:
    wanted = int(request.match_info["id"])
    return dump.interaction(double, double.interaction(wanted))


async def history(double: DiscordDouble, request: web.Request) -> Any:
    query = request.query
    return dump.history(double, int(query.get("after", "0")), query.get("name", ""))


async def requests(double: DiscordDouble, request: web.Request) -> Any:
    return dump.requests(double, int(request.query.get("after", "0")))


async def wait_for_message(double: DiscordDouble, request: web.Request) -> Any:
    """Wait for a message, in one channel or by one author if they are given."""
    query = request.query
    place, author = query.get("channel_id"), query.get("author_id")
    async with asyncio.timeout(float(query.get("timeout", WAIT_DEFAULT))):
        found = await double.until_message(
            int(place) if place else None,
            query.get("containing", ""),
            int(author) if author else None,
        )
    return dump.message(double, found)


async def wait_for_thread(double: DiscordDouble, request: web.Request) -> Any:
    """Wait for a thread by its name."""
    async with asyncio.timeout(float(request.query.get("timeout", WAIT_DEFAULT))):
        found = await double.until_thread(request.query.get("containing", ""))
    return dump.thread(double, found)


ENDPOINTS = (
    Endpoint("GET", "health", health),
    Endpoint("GET", "state", state),
    Endpoint("GET", "threads", threads),
    Endpoint("GET", "sessions", sessions),
    Endpoint("GET", "people", people),
    Endpoint("GET", "channels/{id}/messages", messages),
    Endpoint("GET", "interactions/{id}", interaction),
    Endpoint("GET", "history", history),
    Endpoint("GET", "requests", requests),
    Endpoint("GET", "wait/message", wait_for_message),
    Endpoint("GET", "wait/thread", wait_for_thread),
)

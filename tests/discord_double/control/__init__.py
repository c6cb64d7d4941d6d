"""The control API below /_double: what a test in another process does with the double.

All bodies are JSON. Ids are strings in answers and may be strings or numbers in requests.

    GET  health, state, threads?archived=, sessions, people
    GET  channels/{id}/messages       all messages, oldest first
    GET  interactions/{id}            what a click, form or command led to
    GET  history?after=N&name=REGEX   every event so far, numbered from 1
    GET  requests?after=N             every REST request so far
    GET  wait/message?containing=&channel_id=&author_id=&timeout=
    GET  wait/thread?containing=&timeout=

    POST people/{name}/{act}          see `people`; the person joins if unknown
    POST guild/{act}                  see `guild`
    POST gateway/{act}                see `switches`
    GET, POST, DELETE faults          list, arm one, lift all
    GET, POST, DELETE operator        look at, employ, dismiss the scripted operator
    POST settings                     change `Settings`

A refusal by Discord's rules has Discord's own status and body. What makes no sense is
422 with a message, and a wait that was in vain 408.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from discord_double.errors import Refusal

from . import guild, people, reading, switches

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from discord_double.server import DiscordDouble

    from .endpoint import Endpoint


def routes(double: DiscordDouble) -> list[web.RouteDef]:
    """Return the routes of one double's control API."""
    tables = (reading.ENDPOINTS, people.ENDPOINTS, guild.ENDPOINTS, switches.ENDPOINTS)
    return [
        web.route(endpoint.method, f"/_double/{endpoint.path}", _bound(double, endpoint))
        for table in tables
        for endpoint in table
    ]


def _bound(
    double: DiscordDouble, endpoint: Endpoint
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return web.json_response(await endpoint.run(double, request))
        except Refusal as refusal:
            return web.json_response(refusal.body(), status=refusal.status)
        except TimeoutError:
            return web.json_response({"message": "waited in vain"}, status=408)
        except (LookupError, ValueError, TypeError) as error:
            return web.json_response({"message": f"{type(error).__name__}: {error}"}, status=422)

    return handle

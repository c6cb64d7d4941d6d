"""The API's front door: what every request meets before and after its handler.

In this order: routing, authentication, faults that strike before, rate limits, the body,
the handler, faults that strike after, the answer. The log of requests is kept here.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from aiohttp import BodyPartReader, web

from discord_double import errors, uploads
from discord_double.faults import FaultKind
from discord_double.ratelimit import RateLimiter, Verdict, refusal_headers
from discord_double.uploads import Upload

from . import applications, guilds, interactions, messages, threads, users
from .call import Call, Reply, Route

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from discord_double.faults import Fault, Faults
    from discord_double.model import Application, Attachment
    from discord_double.world import World

TABLES = (
    messages.ROUTES,
    threads.ROUTES,
    guilds.ROUTES,
    users.ROUTES,
    interactions.ROUTES,
    applications.ROUTES,
)
_RESOURCES = ("channel_id", "guild_id", "webhook_id", "token")
_INVALID = frozenset({401, 403, 429})
_HTTP_OK = 200


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request as it was answered; status 0 means that its connection was cut."""

    method: str
    path: str
    status: int
    at: float
    seconds: float
    bot: str | None


@dataclass(slots=True)
class _Node:
    """One step of a path in the tree of routes."""

    fixed: dict[str, _Node] = field(default_factory=dict[str, "_Node"])
    named: tuple[str, _Node] | None = None
    routes: dict[str, Route] = field(default_factory=dict[str, Route])

    def add(self, steps: list[str], route: Route) -> None:
        if not steps:
            self.routes[route.method] = route
        elif steps[0].startswith("{"):
            name = steps[0][1:-1]
            if self.named is None or self.named[0] != name:
                # Two templates may call the same step by two names; the longer-known wins.
                self.named = self.named or (name, _Node())
            self.named[1].add(steps[1:], route)
        else:
            self.fixed.setdefault(steps[0], _Node()).add(steps[1:], route)

    def find(self, steps: list[str]) -> tuple[dict[str, Route], list[str]] | None:
        """Return the routes that end here, and the values of the named steps."""
        if not steps:
            return (self.routes, []) if self.routes else None
        if (child := self.fixed.get(steps[0])) and (found := child.find(steps[1:])):
            return found
        if self.named and (found := self.named[1].find(steps[1:])):
            return found[0], [steps[0], *found[1]]
        return None


class Api:
    """Answers the requests to one double's REST API."""

    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        self._faults = faults
        self._tree = _Node()
        for table in TABLES:
            for route in table:
                self._tree.add(route.template.strip("/").split("/"), route)
        self.limiter = RateLimiter(lambda: world.settings.rate_limits)
        self.requests: list[RequestRecord] = []
        # How often each route was called, by "METHOD /template".
        self.counts: Counter[str] = Counter()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request below /api/v10."""
        at, started = time.time(), time.perf_counter()
        path = "/" + request.match_info["tail"]
        raw_path = request.rel_url.raw_path.split("/", 3)[3]
        response = await self._answer(request, path, raw_path)
        status = 0 if response is None else response.status
        if status in _INVALID:
            self.limiter.count_invalid(request.remote or "")
        bot = self._application(request)
        self.requests.append(
            RequestRecord(
                request.method,
                path,
                status,
                at,
                time.perf_counter() - started,
                bot.user.username if bot else None,
            )
        )
        self._world.stir()
        if response is None:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        return response

    async def _answer(self, request: web.Request, path: str, raw_path: str) -> web.Response | None:
        """Return the answer, or None if the connection is to be cut."""
        if self.limiter.is_banned(request.remote or ""):
            return _shut_out()
        try:
            route, params = self._route(request.method, raw_path)
            bot = self._application(request)
            if route.authenticated and bot is None:
                raise errors.unauthorized()
            for fault in self._faults.strike(request.method, path, after_effect=False):
                if fault.kind is not FaultKind.SLOW:
                    return _struck(fault)
                await asyncio.sleep(fault.seconds)
            body, files = await self._body(request)
            verdict = self._spend(route, params, bot, body)
            if verdict.retry_after is not None:
                return _limited(verdict.retry_after, verdict.headers, is_global=verdict.is_global)
        except errors.Refusal as refusal:
            return _json(refusal.body(), refusal.status, {})
        call = Call(self._world, params, request.query, body, files, bot, request.host)
        self.counts[route.name] += 1
        try:
            reply = route.handler(call)
        except errors.Refusal as refusal:
            reply = Reply(refusal.body(), refusal.status)
        for fault in self._faults.strike(request.method, path, after_effect=True):
            if fault.kind is not FaultKind.SLOW:
                return _struck(fault)
            await asyncio.sleep(fault.seconds)
        return _json(reply.body, reply.status, verdict.headers)

    def _route(self, method: str, raw_path: str) -> tuple[Route, dict[str, str]]:
        found = self._tree.find([unquote(step) for step in raw_path.strip("/").split("/")])
        if found is None:
            raise errors.no_such_route()
        routes, values = found
        route = routes.get(method)
        if route is None:
            raise errors.Refusal(405, 0, "405: Method Not Allowed")
        names = [step[1:-1] for step in route.template.split("/") if step.startswith("{")]
        return route, dict(zip(names, values, strict=True))

    def _application(self, request: web.Request) -> Application | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return self._world.applications.get(token) if scheme == "Bot" else None

    def _spend(
        self, route: Route, params: Mapping[str, str], bot: Application | None, body: object
    ) -> Verdict:
        resource = ":".join(params[name] for name in _RESOURCES if name in params)
        renames = (
            route.name == "PATCH /channels/{channel_id}"
            and isinstance(body, dict)
            and bool({"name", "topic"} & body.keys())
        )
        caller = bot.token if bot else resource
        return self.limiter.spend(
            caller, route.name, resource, globally=route.authenticated, renames=renames
        )

    async def _body(self, request: web.Request) -> tuple[Any, tuple[Attachment, ...]]:
        if request.content_type == "multipart/form-data":
            return await self._multipart(request)
        return _parse(await request.read()), ()

    async def _multipart(self, request: web.Request) -> tuple[Any, tuple[Attachment, ...]]:
        payload: Any = None
        files: list[Attachment] = []
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                raise errors.invalid_json()
            content = bytes(await part.read(decode=True))
            if part.name == "payload_json":
                payload = _parse(content)
            else:
                kind = part.headers.get("Content-Type")
                upload = Upload(part.filename or "unknown", content, kind)
                files.append(uploads.take(self._world, upload))
        return payload, tuple(files)


def _parse(content: bytes) -> Any:
    if not content:
        return None
    try:
        return json.loads(content)
    except ValueError:
        raise errors.invalid_json() from None


def _json(body: Any, status: int, headers: Mapping[str, str]) -> web.Response:
    """Answer with JSON; discord.py reads it only under exactly this content type."""
    if body is None and status == _HTTP_OK:
        return web.Response(status=204, headers=headers)
    content = json.dumps(body, separators=(",", ":")).encode()
    return web.Response(
        status=status,
        body=content,
        headers={**headers, "Content-Type": "application/json"},
    )


def _limited(retry_after: float, headers: Mapping[str, str], *, is_global: bool) -> web.Response:
    body = {
        "message": "You are being rate limited.",
        "retry_after": round(retry_after, 3),
        "global": is_global,
    }
    return _json(body, 429, headers)


def _shut_out(retry_after: float = 600) -> web.Response:
    """Answer as Cloudflare does to an address that made too many invalid requests."""
    return web.Response(
        status=429,
        text="error code: 1015",
        content_type="text/plain",
        headers={"Retry-After": str(round(retry_after))},
    )


def _struck(fault: Fault) -> web.Response | None:
    """Return the answer of a fault, or None for a cut connection."""
    if fault.kind is FaultKind.DROP:
        return None
    if fault.kind is FaultKind.RATE_LIMIT:
        if not fault.via:
            return _shut_out(fault.seconds)
        headers = refusal_headers(fault.seconds, "global" if fault.is_global else "user")
        if fault.is_global:
            headers["X-RateLimit-Global"] = "true"
        return _limited(fault.seconds, headers, is_global=fault.is_global)
    reason = web.Response(status=fault.status).reason
    if fault.status == web.HTTPInternalServerError.status_code:
        return _json({"message": f"500: {reason}", "code": 0}, fault.status, {})
    # Other failures come from the proxies in front, which know nothing of the API's JSON.
    return web.Response(status=fault.status, text=f"{reason}\n", content_type="text/plain")


def all_routes() -> Iterable[Route]:
    """Return every route of the API."""
    return (route for table in TABLES for route in table)

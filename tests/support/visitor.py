"""A gateway's web application in one process, keys for it, and who calls it over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx2
from fakeredis import FakeAsyncRedis
from starlette.applications import Starlette
from starlette.types import ASGIApp

from mcp_gateway.app import build_app
from mcp_gateway.settings import GatewaySettings
from mcp_gateway.terms import Terms
from shared.access_keys import AccessKey, as_token, digest_of, new_secret
from shared.errors import StoreUnavailableError
from shared.memory.access import MemoryAccessKeys
from shared.memory.escalations import MemoryEscalations
from shared.ports.clock import utc_now
from shared.redis_adapter.keys import Keys
from shared.redis_adapter.store import RedisEscalationStore
from support.gateway import asking_over, build_server
from support.terms import the_terms


class AwayKeys(MemoryAccessKeys):
    """Keys that can't be looked up now."""

    async def find(self, key_id: str) -> AccessKey | None:
        raise StoreUnavailableError("away")

    async def every(self) -> list[AccessKey]:
        raise StoreUnavailableError("away")


async def a_stored_key(keys: MemoryAccessKeys, agent: str = "shop", **more: Any) -> str:
    """Make a key; return what its agent sends."""
    key_id, secret = new_secret()
    now = utc_now()
    fields: dict[str, Any] = {
        "tenant": agent,
        "created_at": now,
        "expires_at": now + timedelta(days=1),
        **more,
    }
    await keys.keep(AccessKey(id=key_id, agent=agent, digest=digest_of(secret), **fields))
    return as_token(key_id, secret)


class Visitor:
    """Calls a gateway over HTTP, in one process, as the 2025-11-25 revision has it."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def send(
        self, method: str, params: dict[str, Any] | None = None, *, key: str | None = None
    ) -> httpx2.Response:
        """Send one request."""
        headers = {"Accept": "application/json, text/event-stream"}
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}
        return await self._client.post("/mcp", json=body, headers=headers)

    async def call(self, tool: str, key: str | None = None, **arguments: Any) -> str:
        """Call a tool; return the whole answer as text."""
        if tool not in {"list_questions", "cancel_question"}:
            arguments["wait_seconds"] = 0
        return (await self.send("tools/call", {"name": tool, "arguments": arguments}, key=key)).text

    async def get(self, path: str) -> httpx2.Response:
        """Get a page."""
        return await self._client.get(path)


def an_app(keys: MemoryAccessKeys | None = None, **settings: Any) -> Starlette:
    """Build the web application of a gateway that is set up so, over a store in memory."""
    terms = the_terms(billing=Terms(timedelta(minutes=5)))
    asking = asking_over(MemoryEscalations(), terms=terms)
    read = GatewaySettings(_env_file=None, **settings)  # pyright: ignore[reportCallIssue]
    server = build_server(asking, read, keys=keys)
    return build_app(server, RedisEscalationStore(FakeAsyncRedis(), Keys()), read)


@asynccontextmanager
async def visiting(app: ASGIApp, host: str = "127.0.0.1") -> AsyncGenerator[Visitor]:
    """Call an application that has been started, by this name."""
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
        yield Visitor(client)


@asynccontextmanager
async def a_gateway(
    keys: MemoryAccessKeys | None = None, host: str = "127.0.0.1", **settings: Any
) -> AsyncGenerator[Visitor]:
    """Serve a gateway that is set up so."""
    app = an_app(keys, **settings)
    async with asyncio.timeout(20), app.router.lifespan_context(app), visiting(app, host) as each:
        yield each

"""A gateway's web application in one process, keys for it, and who calls it over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

import httpx2
from fakeredis import FakeAsyncRedis
from mcp_types import CLIENT_CAPABILITIES_META_KEY, PROTOCOL_VERSION_META_KEY
from starlette.applications import Starlette
from starlette.types import ASGIApp

from mcp_gateway.app import build_app
from mcp_gateway.settings import GatewaySettings
from mcp_gateway.terms import Terms
from shared.access_keys import AccessKey, as_token, digest_of, new_secret
from shared.errors import StoreUnavailableError
from shared.limits import Admission
from shared.memory.access import MemoryAccessKeys
from shared.memory.escalations import MemoryEscalations
from shared.ports.clock import utc_now
from shared.redis_adapter.keys import Keys
from shared.redis_adapter.store import RedisEscalationStore
from support.gateway import asking_over, build_server
from support.terms import the_terms

HANDSHAKE: Final = "2025-11-25"


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
    """Calls a gateway over HTTP, in one process, as the 2025-11-25 revision has it, or another."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def send(
        self,
        method: str,
        params: dict[str, Any] | None = None,
        *,
        key: str | None = None,
        revision: str = HANDSHAKE,
    ) -> httpx2.Response:
        """Send one request."""
        headers = {"Accept": "application/json, text/event-stream"}
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        if revision != HANDSHAKE:
            meta: dict[str, Any] = {
                PROTOCOL_VERSION_META_KEY: revision,
                CLIENT_CAPABILITIES_META_KEY: {},
            }
            params = {**(params or {}), "_meta": meta}
            headers |= {"Mcp-Protocol-Version": revision, "Mcp-Method": method}
            if isinstance(name := params.get("name"), str):
                headers["Mcp-Name"] = name
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}
        return await self._client.post("/mcp", json=body, headers=headers)

    async def call(
        self, tool: str, key: str | None = None, revision: str = HANDSHAKE, **arguments: Any
    ) -> str:
        """Call a tool; return the whole answer as text."""
        if tool not in {"list_questions", "cancel_question"}:
            arguments["wait_seconds"] = 0
        params = {"name": tool, "arguments": arguments}
        return (await self.send("tools/call", params, key=key, revision=revision)).text

    async def refusal(self, *sent: Any, **how: Any) -> dict[str, Any]:
        """Send one request; return JSON-RPC's error, whether it comes in a stream or alone."""
        text = (await self.send(*sent, **how)).text
        data = [line[6:] for line in text.splitlines() if line.startswith("data: {")]
        return json.loads(data[0] if data else text)["error"]

    async def preflight(self, origin: str) -> httpx2.Response:
        """Ask as a browser does before it lets a page from elsewhere call."""
        headers = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        }
        return await self._client.options("/mcp", headers=headers)

    async def get(self, path: str) -> httpx2.Response:
        """Get a page."""
        return await self._client.get(path)


def an_app(
    keys: MemoryAccessKeys | None = None, admission: Admission | None = None, **settings: Any
) -> Starlette:
    """Build the web application of a gateway that is set up so, over a store in memory."""
    terms = the_terms(billing=Terms(timedelta(minutes=5)))
    asking = asking_over(MemoryEscalations(), terms=terms)
    read = GatewaySettings(_env_file=None, **settings)  # pyright: ignore[reportCallIssue]
    server = build_server(asking, read, keys=keys, admission=admission)
    return build_app(server, RedisEscalationStore(FakeAsyncRedis(), Keys()), read)


@asynccontextmanager
async def visiting(app: ASGIApp, host: str = "127.0.0.1") -> AsyncGenerator[Visitor]:
    """Call an application that has been started, by this name."""
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
        yield Visitor(client)


@asynccontextmanager
async def a_gateway(
    keys: MemoryAccessKeys | None = None,
    host: str = "127.0.0.1",
    admission: Admission | None = None,
    **settings: Any,
) -> AsyncGenerator[Visitor]:
    """Serve a gateway that is set up so."""
    app = an_app(keys, admission, **settings)
    async with asyncio.timeout(20), app.router.lifespan_context(app), visiting(app, host) as each:
        yield each

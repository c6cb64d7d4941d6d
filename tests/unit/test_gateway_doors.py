"""Which Host and Origin a gateway takes."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest
import structlog
from fakeredis import FakeAsyncRedis
from support.gateway import asking_over, build_server

from mcp_gateway import refusals
from mcp_gateway.app import build_app
from mcp_gateway.doors import server_options
from mcp_gateway.settings import GatewaySettings
from shared.memory.escalations import MemoryEscalations
from shared.redis_adapter.keys import Keys
from shared.redis_adapter.store import RedisEscalationStore

KEY = "a-key-that-is-long-enough"
LOOPBACKS = ["127.0.0.1", "127.0.0.53", "localhost", "::1", "[::1]", "0:0:0:0:0:0:0:1"]
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}


async def post(
    settings: dict[str, Any], *, host: str, origin: str | None = None, key: str | None = None
) -> int:
    """Say hello to a gateway that is set up so, and tell the status of its answer."""
    asking = asking_over(MemoryEscalations())
    read = GatewaySettings(_env_file=None, **settings)  # pyright: ignore[reportCallIssue]
    app = build_app(
        build_server(asking, read), RedisEscalationStore(FakeAsyncRedis(), Keys()), read
    )
    headers = {
        "Host": host,
        "Accept": "application/json, text/event-stream",
        **({"Origin": origin} if origin else {}),
        **({"Authorization": f"Bearer {key}"} if key else {}),
    }
    async with (
        asyncio.timeout(10),
        app.router.lifespan_context(app),
        httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app), base_url="http://gateway"
        ) as client,
    ):
        return (await client.post("/mcp", json=INITIALIZE, headers=headers)).status_code


@pytest.mark.parametrize("loopback", LOOPBACKS)
async def test_a_gateway_without_keys_refuses_a_foreign_host_on_every_loopback_address(
    loopback: str,
) -> None:
    settings = {"gateway_host": loopback}
    assert await post(settings, host="rebound.example:8765") == 421
    assert await post(settings, host="localhost:8765", origin="http://rebound.example") == 403


@pytest.mark.parametrize(
    ("loopback", "host"),
    [
        ("127.0.0.1", "127.0.0.1:8765"),
        ("127.0.0.1", "localhost"),
        ("127.0.0.53", "127.0.0.53:8765"),
        ("::1", "[::1]:8765"),
        ("[::1]", "[::1]"),
        ("0:0:0:0:0:0:0:1", "[::1]:8765"),
    ],
)
async def test_a_gateway_without_keys_serves_whoever_names_it_rightly(
    loopback: str, host: str
) -> None:
    assert await post({"gateway_host": loopback}, host=host) == 200
    assert await post({"gateway_host": loopback}, host=host, origin=f"http://{host}") == 200


async def test_a_gateway_with_keys_for_other_hosts_goes_by_any_name() -> None:
    settings = {"gateway_host": "0.0.0.0", "gateway_api_keys": f"shop:{KEY}"}  # noqa: S104
    assert await post(settings, host="questions.example", key=KEY) == 200
    assert await post(settings, host="questions.example") == 401


def test_clients_and_proxies_let_go_of_an_idle_connection_before_the_gateway_does() -> None:
    read = GatewaySettings(_env_file=None)  # pyright: ignore[reportCallIssue]
    assert server_options(read)["timeout_keep_alive"] > 60
    assert httpx2.Limits().keepalive_expiry == 5.0, "what uvicorn would keep it for, to the second"


async def test_a_gateway_with_keys_can_listen_on_ipv6() -> None:
    settings = {"gateway_host": "::", "gateway_api_keys": f"shop:{KEY}"}
    assert await post(settings, host="[2001:db8::1]:8765", key=KEY) == 200


async def test_who_is_turned_away_stands_in_the_log_and_what_they_showed_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    capture = structlog.testing.LogCapture()
    monkeypatch.setattr(refusals, "log", structlog.wrap_logger(None, processors=[capture]))
    closed = {"gateway_auth": "required", "gateway_api_keys": f"shop:{KEY}"}
    wrong = "not-the-key-0123456789"
    assert await post(closed, host="127.0.0.1:8765", key=KEY) == 200
    assert await post(closed, host="127.0.0.1:8765", key=wrong) == 401
    assert await post(closed, host="rebound.example", key=KEY) == 421
    assert [(each["status"], each["client"]) for each in capture.entries] == [
        (401, "127.0.0.1"),
        (421, "127.0.0.1"),
    ]
    assert wrong not in str(capture.entries)

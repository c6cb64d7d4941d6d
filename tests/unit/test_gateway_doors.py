"""Which Host and Origin a gateway takes."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest
import structlog
from fakeredis import FakeAsyncRedis
from pydantic import AnyHttpUrl
from support.gateway import asking_over, build_server

from mcp_gateway.app import build_app
from mcp_gateway.door import refusals
from mcp_gateway.door.assembling import server_options
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


AS_CLIENTS_WRITE_IT = [
    ("https://Ask.Example.ORG/mcp", "ask.example.org"),
    ("https://ask.example.org:443/mcp", "ask.example.org"),
    ("HTTPS://ask.example.org./mcp", "ask.example.org"),
    ("https://ask.example.org:08443/mcp/", "ask.example.org:8443"),
    ("https://fragen.b\u00fccher.example/mcp", "fragen.xn--bcher-kva.example"),
    ("https://[2001:DB8:0::1]:443/mcp", "[2001:db8::1]"),
    ("http://LocalHost:80/mcp", "localhost"),
]


@pytest.mark.parametrize(("url", "host"), AS_CLIENTS_WRITE_IT)
async def test_a_public_url_lets_in_who_names_it_as_clients_do_however_it_is_written(
    url: str, host: str
) -> None:
    settings = {
        "gateway_host": "0.0.0.0",  # noqa: S104
        "gateway_api_keys": f"shop:{KEY}",
        "gateway_public_url": url,
    }
    scheme = url.partition(":")[0].lower()
    assert await post(settings, host=host, origin=f"{scheme}://{host}", key=KEY) == 200
    assert await post(settings, host="rebound.example", key=KEY) == 421


@pytest.mark.parametrize(("url", "host"), AS_CLIENTS_WRITE_IT)
def test_a_public_url_is_kept_as_it_is_told_to_clients(url: str, host: str) -> None:
    """By the metadata a client asks for tokens for this address: it is their audience."""
    read = GatewaySettings(_env_file=None, gateway_public_url=url)  # pyright: ignore[reportCallIssue]
    assert read.gateway_public_url == f"{url.partition(':')[0].lower()}://{host}/mcp"
    assert str(AnyHttpUrl(read.gateway_public_url)) == read.gateway_public_url


@pytest.mark.parametrize(
    "host", ["ALSO.example.org", "also.example.org.", "also.example.org:443", "also.example.org:80"]
)
async def test_a_further_name_is_the_same_however_it_is_set_or_sent(host: str) -> None:
    for name in ("also.example.org", host):
        settings = {
            "gateway_host": "0.0.0.0",  # noqa: S104
            "gateway_api_keys": f"shop:{KEY}",
            "gateway_allowed_hosts": name,
        }
        assert await post(settings, host=host, key=KEY) == 200
        assert await post(settings, host="also.example.org", key=KEY) == 200
        assert await post(settings, host="also.example.org.evil.example", key=KEY) == 421


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("gateway_allowed_hosts", "https://ask.example.org", "must name a host, such as"),
        ("gateway_allowed_hosts", "*.example.org", "must name a host, such as"),
        ("gateway_allowed_hosts", "ask.example.org/mcp", "must name a host, such as"),
        ("gateway_allowed_hosts", "2001:db8::1", "must name a host, such as"),
        ("gateway_public_url", "https://ask.example.org:70000/mcp", "a port is at most"),
        ("gateway_public_url", "https://ask..example.org/mcp", "must name a host"),
        ("gateway_public_url", "https://[::1/mcp", "Invalid IPv6 URL"),
        ("gateway_public_url", "https://ask.example.org:/mcp", "must name a host, such as"),
    ],
)
def test_a_name_that_nobody_could_call_it_by_is_refused_at_the_start(
    name: str, value: str, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        GatewaySettings(_env_file=None, **{name: value})  # pyright: ignore[reportCallIssue, reportArgumentType]


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

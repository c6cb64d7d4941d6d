"""A gateway on loopback that can't be told yet whether keys were made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.applications import Starlette
from support.visitor import AwayKeys, Visitor, a_stored_key, an_app, visiting

from mcp_gateway.app import GatewayServer
from mcp_gateway.door.assembling import closed_by_keys
from mcp_gateway.door.once_known import OnceKnown
from mcp_gateway.settings import GatewaySettings
from shared.errors import StoreUnavailableError
from shared.memory.access import MemoryAccessKeys


class Redis:
    """Makes a gateway, unless Redis is away."""

    def __init__(self, keys: MemoryAccessKeys, *, away: bool) -> None:
        self.keys = keys
        self.is_away = away

    async def build(self) -> Starlette:
        """See `OnceKnown`."""
        settings = GatewaySettings(_env_file=None)  # pyright: ignore[reportCallIssue]
        decided = await closed_by_keys(settings, AwayKeys() if self.is_away else self.keys)
        return an_app(self.keys, gateway_auth=decided.gateway_auth)


@asynccontextmanager
async def started(redis: Redis) -> AsyncGenerator[Visitor]:
    """Start a gateway as its server does, and call it."""
    app = OnceKnown(redis.build, again=0.01)
    told: asyncio.Queue[str] = asyncio.Queue()
    orders: asyncio.Queue[dict[str, str]] = asyncio.Queue()

    async def send(message: dict[str, str]) -> None:
        told.put_nowait(message["type"])

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(app({"type": "lifespan"}, orders.get, send))  # pyright: ignore[reportArgumentType]
        orders.put_nowait({"type": "lifespan.startup"})
        assert await told.get() == "lifespan.startup.complete"
        async with visiting(app) as visitor:
            yield visitor
        orders.put_nowait({"type": "lifespan.shutdown"})
        assert await told.get() == "lifespan.shutdown.complete"


async def until_known(visitor: Visitor) -> None:
    """Wait until the gateway serves."""
    while (await visitor.send("tools/list")).status_code == 503:
        await asyncio.sleep(0)


async def test_where_keys_can_be_looked_up_the_first_request_is_served() -> None:
    async with started(Redis(MemoryAccessKeys(), away=False)) as visitor:
        assert (await visitor.send("tools/list")).status_code == 200


@pytest.mark.parametrize("away", [True, False])
async def test_a_gateway_whose_keys_are_unknown_at_its_start_is_closed_once_they_are_found(
    away: bool,
) -> None:
    keys = MemoryAccessKeys()
    token = await a_stored_key(keys)
    redis = Redis(keys, away=away)
    async with started(redis) as visitor:
        if away:
            for key in (None, token):
                refused = await visitor.send("tools/list", key=key)
                assert refused.status_code == 503
                assert refused.headers["retry-after"] == "1"
                assert "whether callers need a key" in refused.json()["error_description"]
            assert (await visitor.get("/healthz")).status_code == 200
            assert (await visitor.get("/readyz")).status_code == 503
            redis.is_away = False
            await until_known(visitor)
        assert (await visitor.send("tools/list")).status_code == 401
        assert (await visitor.send("tools/list", key=token)).status_code == 200


async def test_a_gateway_without_keys_opens_when_that_is_known() -> None:
    redis = Redis(MemoryAccessKeys(), away=True)
    async with started(redis) as visitor:
        assert "try again in a moment" in await visitor.call("list_questions")
        redis.is_away = False
        await until_known(visitor)
        assert "No questions" in await visitor.call("list_questions")


async def test_it_stops_although_it_never_came_to_know() -> None:
    async with started(Redis(MemoryAccessKeys(), away=True)) as visitor:
        assert (await visitor.send("tools/list")).status_code == 503


async def test_that_keys_cant_be_looked_up_is_not_taken_for_that_there_are_none() -> None:
    settings = GatewaySettings(_env_file=None)  # pyright: ignore[reportCallIssue]
    with pytest.raises(StoreUnavailableError):
        await closed_by_keys(settings, AwayKeys())


@pytest.mark.parametrize("away_first", [True, False])
async def test_a_gateway_that_can_never_be_made_ends_instead_of_saying_for_ever_to_come_again(
    away_first: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    tries: list[None] = []

    async def build() -> Starlette:
        tries.append(None)
        if away_first and len(tries) == 1:
            raise StoreUnavailableError("Redis is away")
        raise AssertionError("a defect")

    config = uvicorn.Config(OnceKnown(build, again=0.01), port=0)
    server = GatewayServer(config, on_start=lambda: None, on_stop=lambda: None)
    async with asyncio.timeout(20):
        if away_first:
            await server.serve()
            assert server.has_failed
        else:
            # Not a `ConfigurationError`: nothing is wrong with the port.
            with pytest.raises(SystemExit):
                await server.serve()
    assert "a defect" in capfd.readouterr().err

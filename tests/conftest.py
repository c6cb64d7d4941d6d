"""Fixtures that every folder of tests shares: real servers, and the checker of keys."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import structlog
from hypothesis import settings
from pydantic import SecretStr
from redis.asyncio import Redis
from support.key_checker import leaking_keys

from hitl import embedded_redis
from shared.redis_adapter.keys import Keys
from shared.settings import StoreSettings

# How long an example takes says something about the machine only.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(autouse=True, scope="session")
def logs_can_be_captured() -> Generator[None]:
    """Let no logger keep the processors that it had when another test set up logging.

    For the whole run: gateways that serve a whole module are started before any test of its own.
    """
    configure: Any = structlog.configure

    def uncached(**settings: Any) -> None:
        configure(**{**settings, "cache_logger_on_first_use": False})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structlog, "configure", uncached)
        yield


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Generator[embedded_redis.EmbeddedRedis]:
    """Start the Valkey of the wheel, append-only, for the whole run."""
    folder: Path = tmp_path_factory.mktemp("valkey")
    server = embedded_redis.start(folder, server=embedded_redis.find_wheel_server())
    yield server
    server.stop()


@pytest.fixture
def keys() -> Keys:
    """Name keys under a prefix of this test's own."""
    return Keys(f"test-{uuid4().hex[:12]}")


@pytest.fixture
def store_settings(valkey: embedded_redis.EmbeddedRedis, keys: Keys) -> StoreSettings:
    """Point at the real server and this test's prefix."""
    return StoreSettings(redis_url=SecretStr(valkey.url), redis_key_prefix=keys.prefix)


@pytest.fixture
async def no_leaks(valkey: embedded_redis.EmbeddedRedis, keys: Keys) -> AsyncGenerator[None]:
    """Fail the test when it leaves a key that never goes away."""
    yield
    async with Redis.from_url(valkey.url, decode_responses=True) as redis:
        leaks = await leaking_keys(redis, keys)
    assert not leaks, f"keys without a TTL: {leaks}"

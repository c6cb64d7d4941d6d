"""The only place where Redis clients are made.

A gateway must fail fast and say so; a worker must outlive a restart of Redis. Both get pools
that keep working after the server comes back.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from arq.connections import ArqRedis
from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import (
    AuthenticationError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from shared.errors import StoreUnavailableError
from shared.redis_adapter.jobs import deserialize, serialize
from shared.redis_adapter.keys import Keys

if TYPE_CHECKING:
    from shared.settings import StoreSettings

CONNECT_SECONDS: Final = 1.0
CALL_SECONDS: Final = 1.5
"""A caller of the gateway hears within 2 s that Redis is away: one call, no second try."""

_RETRIED: Final[list[type[Exception]]] = [RedisConnectionError, RedisTimeoutError, OSError]


def open_client(settings: StoreSettings, *, max_connections: int = 32) -> Redis:
    """Make a client that waits at most `CALL_SECONDS` for a reply and tries a call twice.

    A connection that an earlier restart of the server broke fails at its first use: the second
    try, on a fresh connection, is what heals it.
    """
    return Redis.from_pool(
        BlockingConnectionPool.from_url(
            settings.redis_url.get_secret_value(),
            max_connections=max_connections,
            timeout=CALL_SECONDS,
            decode_responses=True,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=CALL_SECONDS,
            retry=Retry(ExponentialBackoff(cap=0.2, base=0.02), 1),
            retry_on_error=[RedisConnectionError, OSError],
            health_check_interval=0,
        )
    )


def open_subscriber(settings: StoreSettings) -> Redis:
    """Make a client for subscriptions: reads block, and a dead peer is noticed by a ping."""
    return Redis.from_pool(
        ConnectionPool.from_url(
            settings.redis_url.get_secret_value(),
            decode_responses=True,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_keepalive=True,
        )
    )


def open_queue(settings: StoreSettings, keys: Keys) -> ArqRedis:
    """Make arq's own client, patient enough to outlive a restart of the server."""
    pool = ConnectionPool.from_url(
        settings.redis_url.get_secret_value(),
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=10.0,
        retry=Retry(ExponentialBackoff(cap=1.0, base=0.05), 20),
        retry_on_error=_RETRIED,
        retry_on_timeout=True,
    )
    queue = ArqRedis(
        pool, job_serializer=serialize, job_deserializer=deserialize, default_queue_name=keys.queue
    )
    queue.auto_close_connection_pool = True  # as from_pool does; arq's class has no from_pool
    return queue


@asynccontextmanager
async def translated_errors() -> AsyncGenerator[None]:
    """Turn redis-py's errors into one that says what happened and what to do.

    Raises:
        StoreUnavailableError: In place of every error of redis-py and of the network.
    """
    try:
        yield
    except AuthenticationError as error:
        raise StoreUnavailableError(
            "Redis refused the password: check the one in REDIS_URL"
        ) from error
    except ReadOnlyError as error:
        raise StoreUnavailableError(
            "Redis is read-only (a replica?): REDIS_URL must name the primary"
        ) from error
    except OutOfMemoryError as error:
        raise StoreUnavailableError(
            "Redis is full (maxmemory reached): give it more memory or shorten ESCALATION_RETENTION"
        ) from error
    except (RedisConnectionError, RedisTimeoutError, OSError, TimeoutError) as error:
        raise StoreUnavailableError("Redis can't be reached") from error
    except ResponseError as error:
        raise StoreUnavailableError(_response_text(error)) from error
    except RedisError as error:
        raise StoreUnavailableError(f"Redis failed: {type(error).__name__}") from error


def _response_text(error: ResponseError) -> str:
    """Name the well-known refusals that reach us through a script, where redis-py has no class."""
    text = str(error)
    for mark, meaning in {
        "OOM": "Redis is full (maxmemory reached): give it more memory",
        "READONLY": "Redis is read-only (a replica?): REDIS_URL must name the primary",
        "MISCONF": "Redis can't write to its disk and refuses changes: see its log",
        "NOAUTH": "Redis wants a password: put it into REDIS_URL",
        "WRONGPASS": "Redis refused the password: check the one in REDIS_URL",
        "NOPERM": "the Redis user may not do this: see the ACL in docs/redis.md",
        "LOADING": "Redis is still loading its data",
        "NOREPLICAS": "Redis has too few replicas to accept a write",
    }.items():
        if mark in text:
            return meaning
    return f"Redis refused a command: {text.splitlines()[0][:200]}"

"""The only place where Redis clients are made.

A gateway must fail fast and say so; a worker must outlive a restart of Redis. Both get pools
that keep working after the server comes back.

No client has a `socket_timeout`: redis-py 5 then sends through `asyncio.wait_for`, which on
Python 3.11 swallows a cancellation that comes at the wrong moment, and whoever waits for the
cancelled task waits for ever. Calls are bounded from outside instead, by `translated_errors` and by
the queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, cast

from arq.connections import ArqRedis
from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    InvalidResponse,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from shared.errors import StoreUnavailableError, StoreUncertainError
from shared.redis_adapter.jobs import deserialize, serialize
from shared.redis_adapter.keys import Keys

if TYPE_CHECKING:
    from shared.settings import StoreSettings

CONNECT_SECONDS: Final = 1.0
CALL_SECONDS: Final = 1.5
"""To wait for a connection that is free, made and logged in."""
WHOLE_CALL_SECONDS: Final = 1.8
"""With both, and all second tries: a caller of the gateway hears within 2 s that Redis is away."""

_RETRIED: Final[list[type[Exception]]] = [RedisConnectionError, RedisTimeoutError, OSError]


class _NotConnectedError(RedisConnectionError):
    """There was no connection to send anything over."""


class _Pool(BlockingConnectionPool):
    """Tells a call that was never sent from one whose answer is missing.

    redis-py raises the same errors for both. Whatever fails here fails before the first byte of
    the call; a connection that is made anew for a second try does not come through here.
    """

    async def get_connection(self, *_args: object, **_options: object) -> Any:
        """Give a connection that is ready to send."""
        try:
            async with asyncio.timeout(CALL_SECONDS):
                return await cast("Any", super()).get_connection()
        except (AuthenticationError, BusyLoadingError):
            raise
        except (RedisConnectionError, RedisTimeoutError, InvalidResponse, OSError) as error:
            raise _NotConnectedError(str(error)) from error


def open_client(settings: StoreSettings, *, max_connections: int = 32) -> Redis:
    """Make a client whose calls are bounded by `translated_errors`, and that may send one twice.

    A connection that broke while it was idle fails at its first use: the second try, on a fresh
    connection, heals it. So the server may run one call twice, when it was the answer that got
    lost: each script must come to the same end then. A time-out is not tried again.
    """
    return Redis.from_pool(
        _Pool.from_url(
            settings.redis_url.get_secret_value(),
            max_connections=max_connections,
            timeout=CALL_SECONDS,
            decode_responses=True,
            socket_connect_timeout=CONNECT_SECONDS,
            retry=Retry(ExponentialBackoff(cap=0.2, base=0.02), 1),
            retry_on_error=[RedisConnectionError, OSError],
            health_check_interval=0,
        )
    )


def open_subscriber(settings: StoreSettings) -> Redis:
    """Make a client for subscriptions. Reads block: `waiting.listen` notices a dead peer."""
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
        socket_keepalive=True,
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
async def translated_errors(*, changes: bool = False) -> AsyncGenerator[None]:
    """Turn redis-py's errors into one that says what happened and what to do.

    Bounds the whole call, and says of one that `changes` something whether that may have happened.

    Raises:
        StoreUnavailableError: In place of every error of redis-py and of the network.
        StoreUncertainError: The change was sent and may have been made.
    """
    try:
        async with asyncio.timeout(WHOLE_CALL_SECONDS):
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
    except _NotConnectedError as error:
        raise StoreUnavailableError("Redis can't be reached") from error
    except (RedisTimeoutError, TimeoutError) as error:
        raise _lost("Redis did not answer in time", changes=changes) from error
    except BusyLoadingError as error:
        # Not even this is sure: it may be the second try, after a crash that took the first answer.
        raise _lost("Redis is still loading its data", changes=changes) from error
    except (RedisConnectionError, OSError) as error:
        raise _lost("the connection to Redis was lost", changes=changes) from error
    except ResponseError as error:
        raise StoreUnavailableError(_response_text(error)) from error
    except RedisError as error:
        raise _lost(f"Redis failed: {type(error).__name__}", changes=changes) from error


def _lost(what: str, *, changes: bool) -> StoreUnavailableError:
    """Name a call whose answer is missing."""
    return StoreUncertainError(what) if changes else StoreUnavailableError(what)


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

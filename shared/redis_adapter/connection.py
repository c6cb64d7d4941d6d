"""The only place where Redis clients are made.

A gateway must fail fast and say so; a worker must outlive a restart of Redis. Both get pools
that keep working after the server comes back, or after another one has become the primary.

No client has a `socket_timeout`: redis-py 5 then sends through `asyncio.wait_for`, which on
Python 3.11 swallows a cancellation that comes at the wrong moment, and whoever waits for the
cancelled task waits for ever. Calls are bounded from outside instead, by `translated_errors` and by
the queue; reads by the connections of `sentinel`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, cast

from arq.connections import ArqRedis
from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.connection import (
    AbstractConnection,
    Connection,
    SSLConnection,
    parse_url,
)
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    NoScriptError,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from shared.errors import StoreUnavailableError, StoreUncertainError
from shared.redis_adapter.jobs import deserialize, serialize
from shared.redis_adapter.keys import Keys
from shared.redis_adapter.sentinel import (
    NoPrimaryError,
    Sentinels,
    TcpConnection,
    TlsConnection,
    UnixConnection,
)

if TYPE_CHECKING:
    from shared.settings import StoreSettings

CONNECT_SECONDS: Final = 1.0
CALL_SECONDS: Final = 1.5
"""To wait for a connection that is free, made and logged in."""
WHOLE_CALL_SECONDS: Final = 1.8
"""With both, and all second tries: a caller of the gateway hears within 2 s that Redis is away."""

_RETRIED: Final[list[type[Exception]]] = [RedisConnectionError, RedisTimeoutError, OSError]


class _NotSentError(RedisConnectionError):
    """There was no connection to send anything over; its cause says why."""


class _SecondTryError(RedisConnectionError):
    """The first try got no answer, so that the second one's failure, its cause, settles nothing."""


class _OneMoreTry(Retry):
    """Tries twice, and does not take the second refusal for the whole story."""

    def __init__(self) -> None:
        super().__init__(ExponentialBackoff(cap=0.02, base=0.02), 1)

    async def call_with_retry(
        self,
        do: Callable[[], Awaitable[Any]],
        fail: Callable[[RedisError], Awaitable[Any]],
    ) -> Any:
        """Call, and once more where the connection was lost."""
        try:
            return await do()
        except (RedisConnectionError, RedisTimeoutError, OSError) as lost:
            await fail(cast("RedisError", lost))  # raises what is not to be tried again
        try:
            result = await do()
        except NoScriptError:
            raise  # no refusal: the script is sent, and called again
        except (RedisError, OSError) as error:
            await _quietly(fail, error)
            raise _SecondTryError from error
        for each in cast("list[Any]", result) if isinstance(result, list) else ():
            if isinstance(each, RedisError) and not isinstance(each, NoScriptError):
                raise _SecondTryError from each  # a pipeline's errors come as values
        return cast("Any", result)


async def _quietly(fail: Callable[[RedisError], Awaitable[Any]], error: Exception) -> None:
    """Let redis-py close the connection; what it raises then is raised by us."""
    try:
        await fail(cast("RedisError", error))
    except (RedisError, OSError):
        return


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
        except (RedisError, OSError) as error:
            raise _NotSentError from error

    async def release(self, connection: AbstractConnection) -> None:
        """Take a connection back. Where it broke, those that lie idle broke with it.

        Otherwise, when a host vanishes without a word, each would cost one call its time.
        """
        if not connection.is_connected:
            for idle in list(self._available_connections):
                await idle.disconnect(nowait=True)
        await super().release(connection)


def open_client(settings: StoreSettings, *, max_connections: int = 32) -> Redis:
    """Make a client whose calls are bounded by `translated_errors`, and that may send one twice.

    A connection that broke while it was idle fails at its first use: the second try, on a fresh
    connection, heals it. So the server may run one call twice, when it was the answer that got
    lost: each script must come to the same end then. A time-out is not tried again.
    """
    return Redis.from_pool(
        _Pool(
            **_connection_options(
                settings,
                max_connections=max_connections,
                timeout=CALL_SECONDS,
                decode_responses=True,
                retry=_OneMoreTry(),
                retry_on_error=[RedisConnectionError, OSError],
            )
        )
    )


def open_subscriber(settings: StoreSettings) -> Redis:
    """Make a client for subscriptions. Reads block: `waiting.listen` notices a dead peer."""
    return Redis.from_pool(
        ConnectionPool(
            **_connection_options(settings, decode_responses=True, socket_keepalive=True)
        )
    )


def open_queue(settings: StoreSettings, keys: Keys) -> ArqRedis:
    """Make arq's own client, patient enough to outlive a restart of the server."""
    pool = ConnectionPool(
        **_connection_options(
            settings,
            socket_keepalive=True,
            retry=Retry(ExponentialBackoff(cap=1.0, base=0.05), 20),
            retry_on_error=_RETRIED,
            retry_on_timeout=True,
        )
    )
    queue = ArqRedis(
        pool, job_serializer=serialize, job_deserializer=deserialize, default_queue_name=keys.queue
    )
    queue.auto_close_connection_pool = True  # as from_pool does; arq's class has no from_pool
    return queue


def _connection_options(settings: StoreSettings, **ours: Any) -> dict[str, Any]:
    """Turn the settings into what a pool is made with; what the address says goes first."""
    given = cast("dict[str, Any]", parse_url(settings.redis_url.get_secret_value()))
    kind = given.pop("connection_class", Connection)
    given.pop("socket_timeout", None)  # see the head of this file
    options: dict[str, Any] = {"socket_connect_timeout": CONNECT_SECONDS, **ours, **given}
    if "path" in given:
        return {**options, "connection_class": UnixConnection}
    tls = kind is SSLConnection
    if tls:
        options.setdefault("ssl_check_hostname", True)  # redis-py's own default is not to
    if settings.redis_sentinels:
        options["sentinels"] = Sentinels(
            settings.redis_sentinels,
            settings.redis_sentinel_service,
            kind,
            {
                "password": settings.redis_sentinel_password.get_secret_value() or None,
                **{name: value for name, value in options.items() if name.startswith("ssl_")},
            },
        )
    return {**options, "connection_class": TlsConnection if tls else TcpConnection}


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
    except (RedisError, TimeoutError, OSError) as error:
        raise unavailable(error, changes=changes) from error


def unavailable(error: Exception, *, changes: bool = False) -> StoreUnavailableError:
    """Say what an error of redis-py's or of the network means."""
    match error:
        case _NotSentError():
            return StoreUnavailableError(_meaning(error, otherwise="Redis can't be reached"))
        case AuthenticationError() | ResponseError():
            sure = True  # it was refused in words, at the first try
        case _:
            sure = not changes
    text = _meaning(error, otherwise="the connection to Redis was lost")
    return StoreUnavailableError(text) if sure else StoreUncertainError(text)


def _meaning(error: Exception, *, otherwise: str) -> str:
    """Find in an error, or in what caused it, something that can be said plainly."""
    for each in _causes(error):
        match each:
            case NoPrimaryError():
                return f"Redis can't be reached: {each}"
            case AuthenticationError() if "required" in str(each):
                return "Redis wants a password: put it into REDIS_URL"
            case AuthenticationError():
                return "Redis refused the password: check the one in REDIS_URL"
            case BusyLoadingError():
                return "Redis is still loading its data"
            case ResponseError():
                return _response_text(each)
            case RedisTimeoutError() | TimeoutError() if not isinstance(error, _NotSentError):
                return "Redis did not answer in time"
            case _:
                continue
    return otherwise


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _response_text(error: ResponseError) -> str:
    """Name the well-known refusals; redis-py has a class for some and drops their first word."""
    text = f"{type(error).__name__} {error}"
    for mark, meaning in {
        "OutOfMemory": "Redis is full (maxmemory reached): give it more memory or shorten "
        "ESCALATION_RETENTION",
        "ReadOnly": "Redis is read-only (a replica?): REDIS_URL must name the primary",
        "NoPermission": "the Redis user may not do this: see the ACL in docs/redis.md",
        "MISCONF": "Redis can't write to its disk and refuses changes: see its log",
        "NOREPLICAS": "Redis has too few replicas to accept a change (min-replicas-to-write): "
        "bring one back",
        "MASTERDOWN": "Redis is a replica that lost its primary",
        "BUSY ": "Redis is busy with somebody's long script: end it with SCRIPT KILL",
    }.items():
        if mark in text:
            return meaning
    return f"Redis refused a command: {str(error).splitlines()[0][:200]}"

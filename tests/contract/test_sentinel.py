"""How the primary is found; `tests/e2e/test_failover.py` does it with real sentinels."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from ssl import SSLContext
from typing import Any

import pytest
from pydantic import SecretStr
from support.relay import relay_to

from hitl.embedded_redis import EmbeddedRedis, free_port
from shared.errors import StoreUnavailableError, StoreUncertainError
from shared.redis_adapter.connection import open_client, open_queue, translated_errors
from shared.redis_adapter.keys import Keys
from shared.settings import Address, StoreSettings

WITHIN = 2.0


def naming(port: int, *, epoch: int = 1) -> bytes:
    """Answer as a sentinel does that knows the primary."""
    fields = ["ip", "127.0.0.1", "port", str(port), "config-epoch", str(epoch)]
    return b"*6\r\n" + b"".join(f"${len(each)}\r\n{each}\r\n".encode() for each in fields)


@asynccontextmanager
async def fake_sentinels(*answers: bytes | None) -> AsyncGenerator[tuple[Address, ...]]:
    """Listen as sentinels that give these answers; None hangs."""
    async with changing_sentinels(*(lambda answer=answer: answer for answer in answers)) as all_:
        yield all_


@asynccontextmanager
async def changing_sentinels(
    *answers: Callable[[], bytes | None],
) -> AsyncGenerator[tuple[Address, ...]]:
    """Listen as sentinels that may give another answer each time."""

    async def serve(
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        answer: Callable[[], bytes | None],
    ) -> None:
        while request := await reader.read(65536):
            writer.write(b"+OK\r\n" * request.count(b"SETINFO"))
            if b"MASTER" in request and (said := answer()) is not None:
                writer.write(said)
        writer.close()

    async with AsyncExitStack() as stack:
        addresses: list[Address] = []
        for answer in answers:
            server = await asyncio.start_server(
                lambda r, w, answer=answer: serve(r, w, answer), "127.0.0.1", 0
            )
            stack.callback(server.close)
            addresses.append(server.sockets[0].getsockname())
        yield tuple(addresses)


def told(valkey: EmbeddedRedis, sentinels: tuple[Address, ...]) -> StoreSettings:
    password = valkey.password.get_secret_value()
    return StoreSettings(
        redis_url=SecretStr(f"redis://:{password}@nowhere.invalid:1/0"), redis_sentinels=sentinels
    )


async def ping(settings: StoreSettings) -> None:
    async with asyncio.timeout(WITHIN), open_client(settings) as redis, translated_errors():
        assert await redis.set("test-sentinel-says", "so", ex=1)


async def test_sentinels_that_hang_or_are_away_keep_no_other_from_being_asked(
    valkey: EmbeddedRedis,
) -> None:
    async with fake_sentinels(None, naming(valkey.port)) as sentinels:
        await ping(told(valkey, (("127.0.0.1", free_port()), *sentinels)))


async def test_the_newest_configuration_is_believed(valkey: EmbeddedRedis) -> None:
    stale, fresh = naming(free_port(), epoch=4), naming(valkey.port, epoch=5)
    async with fake_sentinels(stale, fresh, stale) as sentinels:
        await ping(told(valkey, sentinels))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"-ERR No such master with that name\r\n", "REDIS_SENTINEL_SERVICE"),
        (b"-NOAUTH Authentication required.\r\n", "REDIS_SENTINEL_PASSWORD"),
        (None, "none of REDIS_SENTINELS answers"),
        (b"+nonsense\r\n", "none of REDIS_SENTINELS answers"),
    ],
)
async def test_what_the_sentinels_lack_is_said(
    valkey: EmbeddedRedis, answer: bytes | None, said: str
) -> None:
    async with fake_sentinels(answer) as sentinels:
        with pytest.raises(StoreUnavailableError, match=said) as refused:
            await ping(told(valkey, sentinels))
    assert not isinstance(refused.value, StoreUncertainError)


async def test_a_server_that_is_no_primary_is_refused_even_for_reading(
    valkey: EmbeddedRedis,
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer everything as a replica would."""
        while request := await reader.read(65536):
            writer.write(b"+OK\r\n" * (request.count(b"SETINFO") + request.count(b"AUTH")))
            writer.write(b"*1\r\n$5\r\nslave\r\n" * request.count(b"ROLE"))
            writer.write(b"$2\r\nso\r\n" * request.count(b"test-sentinel-says"))
        writer.close()

    replica = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = replica.sockets[0].getsockname()[1]
    async with replica, fake_sentinels(naming(port)) as sentinels:
        with pytest.raises(StoreUnavailableError, match="no primary yet"):
            await ping(told(valkey, sentinels))


async def test_connections_to_a_replaced_primary_are_not_used_again(valkey: EmbeddedRedis) -> None:
    async with relay_to(valkey.port) as old, relay_to(valkey.port) as new:
        named = old
        async with (
            asyncio.timeout(WITHIN),
            changing_sentinels(lambda: naming(named.port)) as sentinels,
            open_client(told(valkey, sentinels)) as redis,
        ):
            pool: Any = redis.connection_pool

            async def ports(count: int) -> list[int]:
                """Tell where the pool's connections lead that are lent at once."""
                lent = [await pool.get_connection() for _ in range(count)]
                for connection in lent:
                    await pool.release(connection)
                return [connection.port for connection in lent]

            assert await ports(2) == [old.port] * 2
            named = new
            assert await ports(3) == [old.port, old.port, new.port], "nobody has asked before"
            assert await ports(3) == [new.port] * 3


async def test_a_primary_that_answers_only_after_it_was_replaced_is_not_used(
    valkey: EmbeddedRedis,
) -> None:
    goes_on, asked = asyncio.Event(), asyncio.Event()
    requests: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Stand still, then go on as the primary that it no longer is."""
        while request := await reader.read(65536):
            asked.set()
            await goes_on.wait()
            requests.append(request)
            writer.write(b"+OK\r\n" * (request.count(b"SETINFO") + request.count(b"AUTH")))
            writer.write(b"*1\r\n$6\r\nmaster\r\n" * request.count(b"ROLE"))
            writer.write(b"+OK\r\n" * request.count(b"test-sentinel-says"))
        writer.close()

    hung = await asyncio.start_server(serve, "127.0.0.1", 0)
    named: int = hung.sockets[0].getsockname()[1]
    async with (
        asyncio.timeout(WITHIN),
        hung,
        changing_sentinels(lambda: naming(named)) as sentinels,
        open_client(told(valkey, sentinels)) as redis,
    ):

        async def write() -> None:
            async with translated_errors():
                await redis.set("test-sentinel-says", "so", ex=1)

        early = asyncio.create_task(write())
        await asked.wait()
        named = valkey.port
        await write()
        goes_on.set()
        with pytest.raises(StoreUnavailableError, match="became the primary meanwhile"):
            await early
        await write()
    assert requests
    assert not any(b"test-sentinel-says" in each for each in requests)


async def test_a_call_that_is_cancelled_while_it_looks_ends_at_every_moment(
    valkey: EmbeddedRedis,
) -> None:
    async with asyncio.timeout(60), fake_sentinels(naming(valkey.port), None) as sentinels:
        settings = told(valkey, sentinels)
        for moment in range(60):
            task = asyncio.create_task(ping(settings))
            for _ in range(moment):
                await asyncio.sleep(0)
            task.cancel()
            done, _ = await asyncio.wait({task}, timeout=0.5)
            assert done, f"cancelled after {moment} turns, it went on"
            assert task.cancelled()


async def test_arqs_connection_looks_again_after_each_failure(
    valkey: EmbeddedRedis, keys: Keys
) -> None:
    port = free_port()
    async with fake_sentinels(naming(port)) as (first,), fake_sentinels(None) as (hung,):
        settings = told(valkey, (first, hung))
        async with asyncio.timeout(15), open_queue(settings, keys) as arq:

            async def read() -> int:
                return int(await arq.zcard(keys.queue))

            reading = asyncio.create_task(read())
            await asyncio.sleep(1)
            assert not reading.done()
            # A server comes up where the sentinels point to: arq's patience finds it.
            async with relay_to(valkey.port, port=port):
                assert await reading == 0


@pytest.mark.parametrize(
    ("query", "checked"), [("", True), ("?ssl_check_hostname=false", False)], ids=["as is", "off"]
)
async def test_the_name_in_a_certificate_is_checked_unless_the_address_says_otherwise(
    query: str, checked: bool
) -> None:
    settings = StoreSettings(redis_url=SecretStr(f"rediss://redis.example:6380/0{query}"))
    async with open_client(settings) as redis:
        connection: Any = redis.connection_pool.make_connection()
        context: SSLContext = connection.ssl_context.get()
    assert context.check_hostname is checked

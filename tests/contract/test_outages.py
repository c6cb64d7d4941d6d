"""What a caller learns of a change when Redis is away, stalls, or loses the answer."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from fakeredis import FakeAsyncRedis
from pydantic import SecretStr
from redis.asyncio import Redis
from support.make import an_ask, an_outcome
from support.relay import Relay, relay_to

from hitl import embedded_redis
from shared.errors import StoreUnavailableError, StoreUncertainError
from shared.ports.clock import utc_now
from shared.redis_adapter.connection import open_client, open_queue
from shared.redis_adapter.keys import Keys
from shared.redis_adapter.scripts import Scripts
from shared.redis_adapter.store import RedisEscalationStore
from shared.settings import StoreSettings

WITHIN = 2.0
"""What a caller of the gateway is promised (seconds)."""


def settings_for(url: str) -> StoreSettings:
    return StoreSettings(redis_url=SecretStr(url))


@pytest.fixture
def server(tmp_path: Path) -> Generator[embedded_redis.EmbeddedRedis]:
    """Start a server of the test's own, which may stop it."""
    server = embedded_redis.start(tmp_path, server=embedded_redis.find_wheel_server())
    yield server
    server.kill()


@pytest.fixture
def unreachable() -> Generator[str]:
    """Make an address that answers no attempt to connect, like a host that is switched off."""
    with ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):  # what fills its queue; whoever comes later is not answered
            caller = stack.enter_context(socket.socket())
            caller.setblocking(False)  # noqa: FBT003 (socket's own signature)
            caller.connect_ex(full.getsockname())
        yield f"redis://127.0.0.1:{full.getsockname()[1]}/0"


@pytest.fixture(params=["fakeredis", "valkey"])
async def redis(request: pytest.FixtureRequest) -> AsyncGenerator[Redis]:
    if request.param == "fakeredis":
        async with FakeAsyncRedis(decode_responses=True) as fake:
            yield fake
    else:
        async with open_client(request.getfixturevalue("store_settings")) as client:
            yield client


async def test_a_question_that_a_stalled_server_was_sent_is_uncertain_and_joined_when_asked_again(
    server: embedded_redis.EmbeddedRedis, keys: Keys
) -> None:
    assert server.process is not None
    async with open_client(settings_for(server.url)) as redis:
        store = RedisEscalationStore(redis, keys)
        await store.accept(an_ask("before"))
        os.kill(server.process.pid, signal.SIGSTOP)
        with pytest.raises(StoreUncertainError, match="did not answer in time"):
            async with asyncio.timeout(WITHIN):
                await store.accept(an_ask("while it stalls"))
        # No connection is left that is logged in: now nothing can even be sent.
        with pytest.raises(StoreUnavailableError) as sure:
            async with asyncio.timeout(WITHIN):
                await store.accept(an_ask("not even sent"))
        assert not isinstance(sure.value, StoreUncertainError)
        os.kill(server.process.pid, signal.SIGCONT)
        async with asyncio.timeout(WITHIN):
            assert (await store.accept(an_ask("while it stalls"))).joined
            assert not (await store.accept(an_ask("not even sent"))).joined


async def test_a_connection_that_is_refused_is_sure(keys: Keys) -> None:
    address = f"redis://127.0.0.1:{embedded_redis.free_port()}/0"
    async with open_client(settings_for(address)) as redis:
        with pytest.raises(StoreUnavailableError, match="can't be reached") as refused:
            async with asyncio.timeout(WITHIN):
                await RedisEscalationStore(redis, keys).accept(an_ask())
    assert not isinstance(refused.value, StoreUncertainError)


async def test_a_host_that_does_not_answer_is_sure_and_told_in_time(
    unreachable: str, keys: Keys
) -> None:
    async with open_client(settings_for(unreachable)) as redis:
        with pytest.raises(StoreUnavailableError, match="can't be reached") as refused:
            async with asyncio.timeout(WITHIN):
                await RedisEscalationStore(redis, keys).accept(an_ask())
    assert not isinstance(refused.value, StoreUncertainError)


async def test_a_refusal_in_words_is_sure(server: embedded_redis.EmbeddedRedis, keys: Keys) -> None:
    async with open_client(settings_for(server.url)) as redis:
        await redis.config_set("maxmemory", "1")
        with pytest.raises(StoreUnavailableError, match="full") as refused:
            await RedisEscalationStore(redis, keys).accept(an_ask())
    assert not isinstance(refused.value, StoreUncertainError)


async def test_a_server_that_dies_before_it_answers_leaves_the_question_uncertain(
    keys: Keys,
) -> None:
    async def take_and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer what a client says of itself, and break off at the first script."""
        while request := await reader.read(65536):
            if b"SETINFO" not in request:
                break
            writer.write(b"+OK\r\n" * request.count(b"SETINFO"))
        listener.close()
        writer.close()

    listener = await asyncio.start_server(take_and_close, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    async with open_client(settings_for(f"redis://127.0.0.1:{port}/0")) as redis:
        # The second try is refused, which says nothing about the first.
        with pytest.raises(StoreUncertainError, match="connection to Redis was lost"):
            async with asyncio.timeout(WITHIN):
                await RedisEscalationStore(redis, keys).accept(an_ask())


async def test_a_refusal_at_the_second_try_settles_nothing_about_the_first(keys: Keys) -> None:
    tries = 0

    async def lose_then_refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Break off at the first script, as a primary that dies; refuse the next, as its heir."""
        nonlocal tries
        while request := await reader.read(65536):
            writer.write(b"+OK\r\n" * request.count(b"SETINFO"))
            if b"EVALSHA" in request:
                tries += 1
                if tries == 1:
                    break
                writer.write(b"-READONLY You can't write against a read only replica.\r\n")
        writer.close()

    server = await asyncio.start_server(lose_then_refuse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, open_client(settings_for(f"redis://127.0.0.1:{port}/0")) as redis:
        with pytest.raises(StoreUncertainError, match="read-only"):
            await RedisEscalationStore(redis, keys).accept(an_ask())
        # At a first try the same word is sure.
        with pytest.raises(StoreUnavailableError, match="read-only") as sure:
            await RedisEscalationStore(redis, keys).accept(an_ask())
    assert not isinstance(sure.value, StoreUncertainError)


async def test_a_host_that_vanishes_costs_one_call_its_time_and_not_each_connection(
    valkey: embedded_redis.EmbeddedRedis, keys: Keys
) -> None:
    async with relay_to(valkey.port) as relay:
        url = valkey.url.replace(str(valkey.port), str(relay.port))
        async with open_client(settings_for(url)) as redis:
            store = RedisEscalationStore(redis, keys)
            await asyncio.gather(*(store.ping() for _ in range(5)))
            assert len(relay.connections) == 5
            relay.hang()
            async with asyncio.timeout(WITHIN):
                with pytest.raises(StoreUnavailableError, match="did not answer in time"):
                    await store.ping()
            async with asyncio.timeout(WITHIN):
                await asyncio.gather(*(store.ping() for _ in range(5)))


async def test_a_connection_whose_server_refuses_writes_is_made_anew(
    valkey: embedded_redis.EmbeddedRedis, keys: Keys
) -> None:
    """What an address leads to may have changed: a name, a proxy, Sentinel's word."""
    relay, demoted = Relay(valkey.port), True

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal demoted
        if not demoted:
            await relay.serve(reader, writer)
            return
        while request := await reader.read(65536):
            writer.write(b"+OK\r\n" * (request.count(b"SETINFO") + request.count(b"AUTH")))
            if b"EVALSHA" in request:
                demoted = False  # from here on the address leads to the primary
                writer.write(b"-NOREPLICAS Not enough good replicas to write.\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    url = valkey.url.replace(str(valkey.port), str(port))
    async with server, open_client(settings_for(url)) as redis:
        store = RedisEscalationStore(redis, keys)
        with pytest.raises(StoreUnavailableError, match="too few replicas"):
            await store.accept(an_ask())
        assert not (await store.accept(an_ask())).joined


async def test_arqs_connections_to_a_host_that_vanished_are_made_anew(
    valkey: embedded_redis.EmbeddedRedis, keys: Keys
) -> None:
    async with relay_to(valkey.port) as relay:
        url = valkey.url.replace(str(valkey.port), str(relay.port))
        async with open_queue(settings_for(url), keys) as arq:
            assert await arq.zcard(keys.queue) == 0
            relay.hang()
            async with asyncio.timeout(3):
                assert await arq.zcard(keys.queue) == 0


async def test_what_only_reads_is_never_uncertain(
    server: embedded_redis.EmbeddedRedis, keys: Keys
) -> None:
    assert server.process is not None
    async with open_client(settings_for(server.url)) as redis:
        store = RedisEscalationStore(redis, keys)
        await store.ping()
        os.kill(server.process.pid, signal.SIGSTOP)
        with pytest.raises(StoreUnavailableError) as away:
            async with asyncio.timeout(WITHIN):
                await store.get("01ARZ3NDEKTSV4RRFFQ69G5FAV")
        os.kill(server.process.pid, signal.SIGCONT)
    assert not isinstance(away.value, StoreUncertainError)


@pytest.mark.parametrize("key", [None, "k"])
async def test_an_acceptance_that_ran_twice_because_its_answer_got_lost_is_one_question_and_new(
    redis: Redis, keys: Keys, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    store = RedisEscalationStore(redis, keys)
    run_scripts_twice(monkeypatch)
    accepted = await store.accept(an_ask(key=key))
    assert not accepted.joined
    assert await store.get(accepted.escalation.id) == accepted.escalation
    assert [each.id for each in await store.list_open()] == [accepted.escalation.id]
    assert await redis.zcard(keys.queue) == 2  # to post it and to end it


async def test_an_end_that_was_written_twice_is_the_same_end(
    redis: Redis, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = RedisEscalationStore(redis, keys)
    asked = (await store.accept(an_ask())).escalation
    run_scripts_twice(monkeypatch)
    outcome = an_outcome(asked, at=utc_now())
    concluded = await store.conclude(asked.id, outcome)
    assert concluded is not None
    assert concluded.escalation.outcome == outcome
    assert await redis.zcard(keys.unshown) == 1


def run_scripts_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose the first answer of every script, as a connection does that breaks behind it."""
    once = Scripts.call

    async def twice(
        self: Scripts, name: str, keys: Sequence[str], args: Sequence[str | int | float] = ()
    ) -> Any:
        await once(self, name, keys, args)
        return await once(self, name, keys, args)

    monkeypatch.setattr(Scripts, "call", twice)

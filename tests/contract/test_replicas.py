"""What REDIS_WAIT_REPLICAS promises: nothing counts that only one server has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from support.make import an_ask, an_outcome
from support.sentinel_set import Server, primary_and_replica

from shared.errors import StoreUnavailableError, StoreUncertainError
from shared.escalation import new_id
from shared.ports.clock import utc_now
from shared.redis_adapter.connection import open_client
from shared.redis_adapter.keys import Keys
from shared.redis_adapter.scripts import Replicas
from shared.redis_adapter.store import RedisEscalationStore
from shared.settings import StoreSettings

pytestmark = pytest.mark.faults

WITHIN = 2.0
"""What a caller of the gateway is promised (seconds)."""


@pytest.fixture
async def servers(tmp_path: Path) -> AsyncGenerator[tuple[Server, Server]]:
    async with primary_and_replica(tmp_path) as both:
        yield both


@pytest.fixture
async def redis(servers: tuple[Server, Server]) -> AsyncGenerator[Redis]:
    async with open_client(StoreSettings(redis_url=SecretStr(servers[0].url))) as client:
        yield client


@pytest.fixture
def store(redis: Redis, keys: Keys) -> RedisEscalationStore:
    wanted = StoreSettings(redis_wait_replicas=1, redis_wait_milliseconds=200)
    return RedisEscalationStore(redis, keys, replicas=Replicas.wanted(wanted, keys))


async def test_what_is_accepted_is_on_the_replica(
    servers: tuple[Server, Server], store: RedisEscalationStore, keys: Keys
) -> None:
    accepted = await store.accept(an_ask())
    servers[0].kill()
    async with servers[1].client() as replica:
        assert await RedisEscalationStore(replica, keys).get(accepted.escalation.id)


async def test_a_question_is_not_accepted_nor_joined_until_the_replica_has_it(
    servers: tuple[Server, Server], store: RedisEscalationStore, redis: Redis
) -> None:
    servers[1].pause()
    with pytest.raises(StoreUncertainError, match="REDIS_WAIT_REPLICAS=1"):
        await store.accept(an_ask())
    # Asked again it is found and nothing is written: a bare WAIT would be content with that.
    await new_connections(redis)
    async with asyncio.timeout(WITHIN):
        with pytest.raises(StoreUncertainError, match="too few replicas"):
            await store.accept(an_ask())
    servers[1].resume()
    assert (await store.accept(an_ask())).joined


async def test_an_outcome_does_not_count_until_the_replica_has_it(
    servers: tuple[Server, Server], store: RedisEscalationStore, redis: Redis
) -> None:
    asked = (await store.accept(an_ask())).escalation
    outcome = an_outcome(asked, at=utc_now())
    servers[1].pause()
    for _ in range(2):
        await new_connections(redis)
        with pytest.raises(StoreUncertainError, match="too few replicas"):
            await store.conclude(asked.id, outcome)
    servers[1].resume()
    concluded = await store.conclude(asked.id, outcome)
    assert concluded is not None
    assert concluded.escalation.outcome == outcome


async def test_an_answer_is_not_handed_over_until_the_replica_has_it_however_often_it_is_tried(
    servers: tuple[Server, Server], store: RedisEscalationStore, redis: Redis
) -> None:
    asked = (await store.accept(an_ask())).escalation
    until = utc_now() + timedelta(minutes=2)
    answered = an_outcome(asked, at=utc_now()).model_copy(update={"correctable_until": until})
    await store.conclude(asked.id, answered)
    servers[1].pause()
    for _ in range(2):
        await new_connections(redis)
        with pytest.raises(StoreUncertainError, match="too few replicas"):
            await store.hand_over(asked.id)
        noted = await store.get(asked.id)
        assert noted is not None
        assert noted.handed_over_at is not None
        assert noted.is_to_be_handed_over, "this server has the note, and may be lost with it"
    servers[1].resume()
    handed_over = await store.hand_over(asked.id)
    assert handed_over is not None
    assert handed_over.outcome == answered


async def test_what_is_not_there_is_known_from_a_primary_with_replicas(
    servers: tuple[Server, Server], store: RedisEscalationStore
) -> None:
    assert await store.get(new_id()) is None
    servers[1].pause()
    with pytest.raises(StoreUnavailableError, match="still the primary"):
        await store.get(new_id())


async def test_a_list_counts_from_a_primary_with_replicas(
    servers: tuple[Server, Server], store: RedisEscalationStore
) -> None:
    asked = (await store.accept(an_ask(conversation_id="c1"))).escalation
    for conversation in (None, "c1"):
        listed = await store.list_for_tenant("shop", conversation_id=conversation)
        assert [each.id for each in listed] == [asked.id]
    assert await store.list_for_tenant("shop", conversation_id="another") == []
    servers[1].pause()
    for conversation in (None, "c1", "another"):
        async with asyncio.timeout(WITHIN):
            with pytest.raises(StoreUnavailableError, match="still the primary"):
                await store.list_for_tenant("shop", conversation_id=conversation)


async def test_what_a_primary_was_doing_when_it_was_demoted_is_uncertain(
    servers: tuple[Server, Server], redis: Redis, keys: Keys
) -> None:
    first, second = servers
    patient = StoreSettings(redis_wait_replicas=1, redis_wait_milliseconds=1000)
    store = RedisEscalationStore(redis, keys, replicas=Replicas.wanted(patient, keys))
    await store.accept(an_ask("before"))
    second.pause()
    async with asyncio.timeout(10), first.client() as admin, asyncio.TaskGroup() as group:
        accepting = group.create_task(refused(store))
        while not (await admin.info("clients"))["blocked_clients"]:
            await asyncio.sleep(0.01)
        await admin.replicaof("127.0.0.1", str(second.port))
    assert isinstance(accepting.result(), StoreUncertainError)


async def test_a_primary_that_wants_replicas_and_has_none_refuses_for_sure(
    servers: tuple[Server, Server], store: RedisEscalationStore, redis: Redis
) -> None:
    await redis.config_set("min-replicas-to-write", 1)
    await store.accept(an_ask("before"))
    servers[1].kill()
    await servers[0].until("replication", min_slaves_good_slaves=0)
    error = await refused(store)
    assert "min-replicas-to-write" in str(error)
    assert not isinstance(error, StoreUncertainError)
    servers[1].start()
    async with asyncio.timeout(20):
        while True:
            try:
                await store.accept(an_ask("once more"))
            except StoreUnavailableError:
                await asyncio.sleep(0.1)
            else:
                return


async def test_a_refusal_says_none_of_a_customers_words(
    store: RedisEscalationStore, redis: Redis
) -> None:
    await redis.config_set("maxmemory", "1")
    error = await refused(store)
    assert "Redis is full" in str(error)
    assert "10 %" not in f"{error} {error.__cause__}"


async def new_connections(redis: Redis) -> None:
    """Let what comes next go over connections that have written nothing yet."""
    await cast("Any", redis.connection_pool).disconnect()


async def refused(store: RedisEscalationStore) -> StoreUnavailableError:
    """Ask, and give back how that failed."""
    with pytest.raises(StoreUnavailableError) as caught:
        async with asyncio.timeout(WITHIN):
            await store.accept(an_ask())
    return caught.value

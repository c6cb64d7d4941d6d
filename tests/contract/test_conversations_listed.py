"""A conversation's questions are found however much else its tenant asks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from structlog.testing import capture_logs
from support.make import an_ask, an_outcome

from contract.conftest import Backend
from shared.escalation import OPEN_STATES, Ask, Escalation, State
from shared.redis_adapter.connection import open_client
from shared.redis_adapter.keys import Keys
from shared.settings import StoreSettings

LOOKED_AT = 1_000
"""How many questions a listing looks at."""
IN_THOUSANDS = pytest.mark.parametrize("backend", ["memory", "valkey"], indirect=True)
"""The server in Python is too slow for so much."""


async def asked(backend: Backend, ask: Ask) -> Escalation:
    """Ask a moment later than what was asked before."""
    backend.clock.advance(seconds=0.001)
    return (await backend.store.accept(ask)).escalation


async def listed(
    backend: Backend, conversation_id: str, states: frozenset[State] | None = None
) -> list[str]:
    """Give the ids of what is listed of a shop's conversation."""
    found = await backend.store.list_for_tenant(
        "shop", conversation_id=conversation_id, states=states, most=LOOKED_AT
    )
    return [each.id for each in found]


async def flood(backend: Backend, conversation_id: str | None, count: int = LOOKED_AT) -> None:
    """Ask so much else."""
    asks = [an_ask(f"other {n}", conversation_id=conversation_id) for n in range(count)]
    backend.clock.advance(seconds=1)
    for at_once in range(0, count, 100):
        await asyncio.gather(*map(backend.store.accept, asks[at_once : at_once + 100]))
    backend.clock.advance(seconds=1)


@IN_THOUSANDS
async def test_a_conversation_is_found_behind_a_thousand_newer_questions_of_its_tenant(
    backend: Backend,
) -> None:
    ended = await asked(backend, an_ask("first", conversation_id="c1"))
    late = await asked(backend, an_ask("second", conversation_id="c1"))
    still_open = await asked(backend, an_ask("third", conversation_id="c1"))
    store = backend.store
    await store.conclude(ended.id, an_outcome(ended, at=backend.clock.now))
    await store.conclude(late.id, an_outcome(late, State.TIMED_OUT, at=backend.clock.now))
    await flood(backend, None)
    await store.keep_late_answer(late.id, an_outcome(late, at=backend.clock.now))
    assert await listed(backend, "c1") == [still_open.id, late.id, ended.id]
    assert await listed(backend, "c1", OPEN_STATES) == [still_open.id]
    timed_out = await store.list_for_tenant(
        "shop", conversation_id="c1", states=frozenset({State.TIMED_OUT})
    )
    assert [each.late_answer is not None for each in timed_out] == [True]


@IN_THOUSANDS
async def test_of_a_conversation_its_newest_thousand_are_found(backend: Backend) -> None:
    await asked(backend, an_ask("too old", conversation_id="c1"))
    await flood(backend, "c1", LOOKED_AT - 1)
    newest = await asked(backend, an_ask("newest", conversation_id="c1"))
    found = await backend.store.list_for_tenant("shop", conversation_id="c1", most=2 * LOOKED_AT)
    assert len(found) == LOOKED_AT
    assert found[0].id == newest.id
    assert "too old" not in {each.question.text for each in found}


async def test_a_tenant_finds_nothing_of_anothers_conversation_of_the_same_name(
    backend: Backend,
) -> None:
    ours = await asked(backend, an_ask(conversation_id="c1"))
    await asked(backend, an_ask(agent="bank", conversation_id="c1"))
    of_a_tenant = an_ask("by phone", agent="phone", conversation_id="c1")
    await asked(backend, of_a_tenant.model_copy(update={"tenant": "bank"}))
    assert await listed(backend, "c1") == [ours.id]
    assert await listed(backend, "c2") == []
    assert len(await backend.store.list_for_tenant("bank", conversation_id="c1")) == 2


async def test_whoever_asks_again_with_a_key_is_listed_once(backend: Backend) -> None:
    first = await asked(backend, an_ask(key="k", conversation_id="c1"))
    again = await asked(backend, an_ask("worded otherwise", key="k", conversation_id="c1"))
    assert again.id == first.id
    assert await listed(backend, "c1") == [first.id]


@pytest.fixture
async def redis(store_settings: StoreSettings) -> AsyncGenerator[Any]:
    async with open_client(store_settings) as client:
        yield client


async def accepted_by_an_older_version(
    backend: Backend, redis: Any, keys: Keys, ask: Ask
) -> Escalation:
    """Accept as versions did that had no index for conversations."""
    escalation = await asked(backend, ask)
    await redis.hdel(keys.record(escalation.id), "conversation")
    if (conversation_id := ask.question.conversation_id) is not None:
        await redis.zrem(keys.conversation(ask.owner, conversation_id), escalation.id)
    return escalation


@pytest.mark.parametrize("backend", ["valkey"], indirect=True)
async def test_what_an_older_version_accepts_beside_this_one_is_found_in_its_place(
    backend: Backend, redis: Any, keys: Keys
) -> None:
    before = await accepted_by_an_older_version(
        backend, redis, keys, an_ask("before", conversation_id="c1")
    )
    ours = await asked(backend, an_ask("ours", conversation_id="c1"))
    for other in (an_ask("another's", conversation_id="c2"), an_ask("nobody's")):
        await accepted_by_an_older_version(backend, redis, keys, other)
    meanwhile = await accepted_by_an_older_version(
        backend, redis, keys, an_ask("meanwhile", conversation_id="c1")
    )
    assert await listed(backend, "c1") == [meanwhile.id, ours.id, before.id]


@pytest.mark.parametrize("backend", ["valkey"], indirect=True)
async def test_the_index_of_a_conversation_lives_as_long_as_what_is_kept_longest(
    backend: Backend, redis: Any, keys: Keys
) -> None:
    index = keys.conversation("shop", "c1")
    longest = await asked(backend, an_ask("long", conversation_id="c1", timeout=86_400))
    expires = await redis.pexpiretime(index)
    assert expires == int(longest.kept_until.timestamp() * 1000)
    await asked(backend, an_ask("short", conversation_id="c1", timeout=1))
    assert await redis.pexpiretime(index) == expires
    await asked(backend, an_ask("longer", conversation_id="c1", timeout=90_000))
    assert await redis.pexpiretime(index) >= expires + 3_600_000


@pytest.mark.parametrize("backend", ["valkey"], indirect=True)
async def test_reading_a_busy_tenants_conversation_reads_none_of_its_other_questions(
    backend: Backend, redis: Any, keys: Keys
) -> None:
    mine = await asked(backend, an_ask("mine", conversation_id="c1"))
    await flood(backend, "c2", 50)
    for other in await listed(backend, "c2"):
        await redis.hset(keys.record(other), "question", "what nobody can read, and the log tells")
    with capture_logs() as logs:
        assert await listed(backend, "c1") == [mine.id]
    assert logs == []
    with capture_logs() as logs:
        assert await listed(backend, "c2") == []
    assert len(logs) == 50, "it would have been seen"

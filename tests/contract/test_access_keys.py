"""Keys and counted calls, in memory, on fakeredis and on the real server."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.clock import SteppedClock

from contract.conftest import Backend
from shared.access_keys import AccessKey, as_token, digest_of, new_secret, read_token
from shared.limits import Counted, Limits

DEFAULT = Limits(calls_per_second=20, open_questions=200)


def a_key(clock: SteppedClock, *, days: int = 30, agent: str = "shop") -> tuple[AccessKey, str]:
    """Make a key, and what its agent sends."""
    key_id, secret = new_secret()
    key = AccessKey(
        id=key_id,
        agent=agent,
        tenant=agent,
        digest=digest_of(secret),
        created_at=clock(),
        expires_at=clock() + timedelta(days=days),
    )
    return key, as_token(key_id, secret)


async def test_a_key_that_was_made_is_found_until_it_is_revoked(backend: Backend) -> None:
    key, token = a_key(backend.clock)
    await backend.keys.keep(key)
    key_id, secret = read_token(token) or ("", "")
    found = await backend.keys.find(key_id)
    assert found is not None
    assert found == key
    assert found.opens_with(secret)
    assert not found.opens_with(secret + "x")
    assert secret not in repr(found)
    assert await backend.keys.revoke(key_id)
    assert await backend.keys.find(key_id) is None
    assert await backend.keys.every() == []
    assert not await backend.keys.revoke(key_id)


async def test_keys_are_listed_by_when_they_expire(backend: Backend) -> None:
    (late, _), (soon, _) = a_key(backend.clock, days=90), a_key(backend.clock, days=30)
    await backend.keys.keep(late)
    await backend.keys.keep(soon)
    assert [key.id for key in await backend.keys.every()] == [soon.id, late.id]


async def test_an_expired_key_opens_nothing(backend: Backend) -> None:
    key, _ = a_key(backend.clock, days=1)
    await backend.keys.keep(key)
    backend.clock.advance(days=1, seconds=1)
    assert await backend.keys.find(key.id) is None
    assert await backend.keys.every() == []


async def test_an_agent_that_calls_too_often_hears_when_to_come_back(backend: Backend) -> None:
    limits = Limits(calls_per_second=0.01, open_questions=1)
    for _ in range(limits.burst):
        assert await backend.admission.admit("shop", "shop", limits) is None
    wait = await backend.admission.admit("shop", "shop", limits)
    assert wait is not None
    assert timedelta(seconds=90) < wait <= timedelta(seconds=100)
    again = await backend.admission.admit("shop", "shop", limits)
    assert again is not None
    assert again <= wait, "a refused call costs nothing"


async def test_one_agents_calls_are_not_anothers(backend: Backend) -> None:
    limits = Limits(calls_per_second=0.01, open_questions=1)
    for _ in range(limits.burst):
        await backend.admission.admit("shop", "shop", limits)
    assert await backend.admission.admit("shop", "shop", limits) is not None
    assert await backend.admission.admit("shop", "other", limits) is None
    assert await backend.admission.admit("bank", "shop", limits) is None


@pytest.mark.parametrize("counted", list(Counted))
async def test_a_key_of_an_agents_is_not_slowed_by_what_comes_with_one_of_another_rate(
    backend: Backend, counted: Counted
) -> None:
    slow = Limits(calls_per_second=0.01, open_questions=1)
    fast = Limits(calls_per_second=1000, open_questions=1)
    for _ in range(slow.rate(counted).burst):
        assert await backend.admission.admit("shop", "shop", slow, counted) is None
    assert await backend.admission.admit("shop", "shop", fast, counted) is None
    wait = await backend.admission.admit("shop", "shop", slow, counted)
    assert wait is not None
    assert wait <= slow.rate(counted).interval, "nor does the other's slow it"
    again = Limits(calls_per_second=0.01, open_questions=7)
    assert await backend.admission.admit("shop", "shop", again, counted) is not None, (
        "keys with the same rate share it"
    )


async def test_looks_and_calls_are_counted_apart(backend: Backend) -> None:
    limits = Limits(calls_per_second=0.01, open_questions=1)
    for _ in range(limits.burst):
        await backend.admission.admit("shop", "shop", limits)
    assert await backend.admission.admit("shop", "shop", limits) is not None
    for _ in range(limits.rate(Counted.LOOK).burst):
        assert await backend.admission.admit("shop", "shop", limits, Counted.LOOK) is None
    wait = await backend.admission.admit("shop", "shop", limits, Counted.LOOK)
    assert wait is not None
    assert timedelta(seconds=20) < wait <= timedelta(seconds=25), "four looks for a call"


@pytest.mark.parametrize("token", ["", "hitl", "hitl_", "hitl_1234", "hitl_../../x_y", "a_b_c"])
def test_what_is_no_key_is_none(token: str) -> None:
    assert read_token(token) is None


def test_a_secret_may_hold_what_divides_a_key() -> None:
    assert read_token("hitl_0123456789ab_a_b_c") == ("0123456789ab", "a_b_c")


def test_a_keys_own_limits_go_before_the_gateways() -> None:
    key, _ = a_key(SteppedClock())
    assert key.limits(DEFAULT) == DEFAULT
    own = key.model_copy(update={"open_questions": 3})
    assert own.limits(DEFAULT) == Limits(calls_per_second=20, open_questions=3)

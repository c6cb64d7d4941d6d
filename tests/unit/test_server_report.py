"""What the server's own settings say, as the doctor and the worker pass it on."""

from __future__ import annotations

from typing import Any

import pytest

from shared.redis_adapter.server import report

GOOD: dict[str, Any] = {
    "redis_version": "7.4.1",
    "aof_enabled": 1,
    "maxmemory": 1_000_000,
    "maxmemory_policy": "noeviction",
    "connected_slaves": 1,
}


def test_a_server_that_keeps_everything_has_no_weakness() -> None:
    judged = report(GOOD, {"appendfsync": "always"}, replicas=1)
    assert (judged.name, judged.too_old, judged.weaknesses) == ("Redis 7.4.1", False, ())


@pytest.mark.parametrize(
    ("info", "config", "mend"),
    [
        ({"aof_enabled": 0}, {}, "appendonly yes"),
        ({}, {"appendfsync": "everysec"}, "appendfsync always"),
        ({"maxmemory_policy": "allkeys-lru"}, {}, "maxmemory-policy noeviction"),
        ({"connected_slaves": 0}, {}, "Start a replica"),
    ],
)
def test_each_weakness_says_how_to_mend_it(
    info: dict[str, Any], config: dict[str, str], mend: str
) -> None:
    (weakness,) = report({**GOOD, **info}, config, replicas=1).weaknesses
    assert mend in weakness


def test_what_may_not_be_asked_is_passed_over() -> None:
    assert report(GOOD, {}).weaknesses == ()
    assert report({"redis_version": "7.4.1"}, {}, replicas=2).weaknesses == ()


def test_a_policy_that_never_comes_to_pass_is_no_weakness() -> None:
    unlimited = {**GOOD, "maxmemory": 0, "maxmemory_policy": "allkeys-lru"}
    assert report(unlimited, {}).weaknesses == ()


@pytest.mark.parametrize(
    ("info", "name"),
    [
        ({"redis_version": "6.2.0"}, "Redis 6.2.0"),
        ({"redis_version": "7.2.4", "valkey_version": "7.2.5"}, "Valkey 7.2.5"),
    ],
)
def test_a_server_that_is_too_old_is_named(info: dict[str, Any], name: str) -> None:
    judged = report(info, {})
    assert (judged.name, judged.too_old) == (name, True)

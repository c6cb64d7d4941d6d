"""`hitl key`: what is typed wrong is told by its name, and no secret is said back."""

from __future__ import annotations

import os
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from hitl import cli
from hitl.embedded_redis import EmbeddedRedis

runner = CliRunner()


@pytest.fixture(autouse=True)
def redis(valkey: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", valkey.url)
    monkeypatch.setenv("REDIS_KEY_PREFIX", f"keys-{os.getpid()}")


def test_a_key_is_revoked_by_all_of_it_too_and_none_of_it_is_said_back() -> None:
    made = runner.invoke(cli.app, ["key", "create", "shop"])
    key = made.stdout.strip()
    key_id, secret = key.split("_", 2)[1:]
    assert runner.invoke(cli.app, ["key", "revoke", key]).exit_code == 0
    again = runner.invoke(cli.app, ["key", "revoke", key])
    assert again.exit_code == 2
    assert key_id in again.output
    assert secret not in again.output


def test_who_makes_the_first_key_is_told_of_gateways_that_run_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REDIS_KEY_PREFIX", f"first-{uuid4().hex[:12]}")
    first, second = [runner.invoke(cli.app, ["key", "create", "shop"]) for _ in range(2)]
    assert "until you restart it" in first.stderr
    assert "until you restart it" not in second.stderr
    assert first.stdout.startswith("hitl_")
    assert len(first.stdout.split()) == 1


def test_where_redis_is_away_the_command_that_looks_for_it_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://:s3cret-word@127.0.0.1:1/0")
    failed = runner.invoke(cli.app, ["key", "list"])
    assert failed.exit_code == 1
    assert "REDIS_URL" in failed.output
    assert "hitl doctor" in failed.output
    assert "s3cret-word" not in failed.output


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["x" * 65], "NAME: must have at most 64 characters"),
        ([""], "NAME: must not be empty"),
        (["shop", "--route", ""], "--route: must not be empty"),
        (["shop", "--tenant", "x" * 65], "--tenant: must have at most 64 characters"),
        (["shop", "--open-questions", "0"], "--open-questions: should be greater than or equal"),
        (["shop", "--calls-per-second", "0"], "--calls-per-second: should be greater than 0"),
        (["shop", "--expires", "soon"], "--expires: must be a duration such as"),
    ],
)
def test_what_is_wrong_with_a_key_is_told_by_what_was_typed(typed: list[str], told: str) -> None:
    refused = runner.invoke(cli.app, ["key", "create", *typed])
    assert refused.exit_code == 2
    assert refused.output.startswith(told)

"""`hitl key create`, `list` and `revoke`: who may ask, kept in Redis for all gateways at once."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, TypeVar

from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from shared.access_keys import AccessKey, as_token, digest_of, new_secret, read_token
from shared.errors import ConfigurationError, StoreUnavailableError
from shared.ports.clock import utc_now
from shared.redis_adapter.access_keys import RedisAccessKeys
from shared.redis_adapter.connection import open_client
from shared.redis_adapter.keys import Keys
from shared.redis_adapter.scripts import Replicas
from shared.routes.fields import Wait
from shared.settings import StoreSettings, load

ID_SHOWN: Final = "the id stands in the key, between its first and its second _"

DoneT = TypeVar("DoneT")


def create(
    agent: str,
    *,
    tenant: str | None,
    routes: tuple[str, ...],
    calls_per_second: float | None,
    open_questions: int | None,
    expires: str,
) -> int:
    """Make a key and print it; return 2 if it can't be made so, 1 if Redis is away."""
    key_id, secret = new_secret()
    now = utc_now()
    try:
        lifetime: timedelta = TypeAdapter[timedelta](Wait).validate_python(expires)
    except ValidationError as error:
        return _fail(f"--expires: {_words(error)}", 2)
    try:
        key = AccessKey(
            id=key_id,
            agent=agent,
            tenant=tenant or agent,
            digest=digest_of(secret),
            routes=routes or None,
            calls_per_second=calls_per_second,
            open_questions=open_questions,
            created_at=now,
            expires_at=now + lifetime,
        )
    except ValidationError as error:
        return _fail(f"{_where(error)}: {_words(error)}", 2)

    async def keep(keys: RedisAccessKeys) -> bool:
        """Keep it; tell whether it is the only one."""
        others = await keys.every()
        await keys.keep(key)
        return not others

    is_only_one, code = _with_keys(keep)
    if is_only_one is None:
        return code
    # The key alone on standard output, so that it can be piped to where it is kept.
    sys.stderr.write(
        f"The key of {agent!r}, shown this once; of its secret only a digest is kept. "
        f"It expires on {key.expires_at:%Y-%m-%d}.\n"
    )
    if is_only_one:
        sys.stderr.write(
            "It is the only key: a gateway that runs on loopback without any lets in every process "
            "of its host until you restart it.\n"
        )
    sys.stdout.write(f"{as_token(key_id, secret)}\n")
    return 0


def show_all() -> int:
    """Print the keys, without their secrets; return 1 if Redis is away."""
    found, code = _with_keys(lambda keys: keys.every())
    if found is None:
        return code
    if not found:
        Console().print("There are no keys. Make one with: hitl key create NAME")
        return 0
    table = Table(title="keys", title_justify="left")
    columns = ("id", "agent", "tenant", "routes", "calls/s", "open", "made on", "expires on")
    for column in columns:
        fixed = column in {"id", "made on", "expires on"}
        table.add_column(column, overflow="fold", no_wrap=fixed)
    for key in found:
        table.add_row(
            key.id,
            escape(key.agent),
            escape(key.tenant),
            "all" if key.routes is None else escape(", ".join(key.routes)),
            "" if key.calls_per_second is None else f"{key.calls_per_second:g}",
            "" if key.open_questions is None else str(key.open_questions),
            f"{key.created_at:%Y-%m-%d}",
            f"{key.expires_at:%Y-%m-%d}",
        )
    Console().print(table)
    return 0


def revoke(given: str) -> int:
    """Take a key back by its id; return 2 if there is none, 1 if Redis is away.

    Whoever found a key where it should not be has all of it: that will do, too, and nothing of its
    secret is said back.
    """
    key_id, _ = read_token(given) or (given, "")
    revoked, code = _with_keys(lambda keys: keys.revoke(key_id))
    if revoked is None:
        return code
    if not revoked:
        return _fail(f"there is no key with the id {key_id!r} ({ID_SHOWN}): hitl key list", 2)
    sys.stderr.write("Revoked: no gateway lets anybody in with it any more.\n")
    return 0


def _with_keys(
    act: Callable[[RedisAccessKeys], Awaitable[DoneT]],
) -> tuple[DoneT | None, int]:
    """Do something with the keys in Redis; tell an exit code beside what it gave."""

    async def run(settings: StoreSettings) -> DoneT:
        keys = Keys(settings.redis_key_prefix)
        async with open_client(settings) as redis:
            replicas = Replicas.wanted(settings, keys)
            return await act(RedisAccessKeys(redis, keys, replicas=replicas))

    try:
        return asyncio.run(run(load(StoreSettings))), 0
    except ConfigurationError as error:
        return None, _fail(str(error), 2)
    except StoreUnavailableError as error:
        return None, _fail(f"REDIS_URL: {error}. What to do: hitl doctor", 1)


def _where(error: ValidationError) -> str:
    """Name the argument or option as it is typed."""
    field = str(error.errors(include_input=False, include_url=False)[0]["loc"][0])
    return {"agent": "NAME", "routes": "--route"}.get(field, "--" + field.replace("_", "-"))


def _words(error: ValidationError) -> str:
    problem = error.errors(include_input=False, include_url=False)[0]
    if problem["type"] == "too_long":  # said as if every value were a list
        return f"must have at most {problem.get('ctx', {})['max_length']} characters"
    return problem["msg"].removeprefix("Value error, ").removeprefix("Input ")


def _fail(words: str, code: int) -> int:
    sys.stderr.write(f"{words}\n")
    return code

"""What the server's own settings say about the promises that are made on it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from redis.exceptions import ResponseError

from shared.redis_adapter.connection import translated_errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redis.asyncio import Redis

_OLDEST: Final = {"Redis": 7, "Valkey": 8}


@dataclass(frozen=True, slots=True)
class ServerReport:
    """What server it is, and what somebody should mend about it."""

    name: str
    """Its kind and version."""
    too_old: bool
    weaknesses: tuple[str, ...]
    """Each says what is the case, what it costs, and what to do."""


async def examine(redis: Redis, *, replicas: int = 0, thoroughly: bool = False) -> ServerReport:
    """Look at the server that must serve with so many replicas.

    Looking `thoroughly` takes a command that few users may run, and that an administrator then
    finds among the refusals in ACL LOG: for a person who asks, not for each start of a worker.

    Raises:
        StoreUnavailableError: It can't be reached or refuses us.
    """
    async with translated_errors():
        info = cast("dict[str, Any]", await redis.info())
        config: dict[str, str] = {}
        if thoroughly:
            with contextlib.suppress(ResponseError):
                config = cast("dict[str, str]", await redis.config_get("appendfsync"))
    return report(info, config, replicas=replicas)


def report(
    info: Mapping[str, Any], config: Mapping[str, str], *, replicas: int = 0
) -> ServerReport:
    """Judge what INFO and CONFIG GET said."""
    kind = "Valkey" if "valkey_version" in info else "Redis"
    version = str(info.get("valkey_version") or info.get("redis_version") or "")
    major = version.partition(".")[0]
    weaknesses: list[str] = []
    if str(info.get("aof_enabled")) == "0":
        weaknesses.append(
            "it keeps no append-only file: a restart loses open questions. Set `appendonly yes` "
            "and `appendfsync always`"
        )
    elif config.get("appendfsync", "always") != "always":
        weaknesses.append(
            f"`appendfsync {config['appendfsync']}`: a loss of power loses the last moments. Set "
            "`appendfsync always`"
        )
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if policy != "noeviction" and str(info.get("maxmemory", "0")) != "0":
        weaknesses.append(
            f"`maxmemory-policy {policy}`: open questions are thrown away when memory runs out. "
            "Set `maxmemory-policy noeviction`"
        )
    connected = int(info.get("connected_slaves", replicas))
    if connected < replicas:
        weaknesses.append(
            f"it has {connected} replicas, but REDIS_WAIT_REPLICAS={replicas}: no question is "
            "confirmed. Start a replica"
        )
    return ServerReport(
        f"{kind} {version}",
        major.isdigit() and int(major) < _OLDEST[kind],
        tuple(weaknesses),
    )

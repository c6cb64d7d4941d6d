"""`hitl doctor`: is everything that the settings name there, and what to do where it is not."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hitl.extras import how_to_install, missing
from shared.errors import ConfigurationError
from shared.routes.file import load_routes
from shared.settings import ProcessSettings, RoutesSettings, StoreSettings, load


class Health(StrEnum):
    """How a check came out."""

    GOOD = "ok"
    WARNING = "look"  # it runs, but somebody should know
    BAD = "mend"  # it does not run


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table."""

    what: str
    health: Health
    words: str
    """What is the case, or what to do."""


_STYLES: Final = {Health.GOOD: "green", Health.WARNING: "yellow", Health.BAD: "bold red"}
_PROCESSES: Final = {
    "gateway": ("mcp_gateway.settings", "GatewaySettings"),
    "worker": ("escalation_worker.settings", "WorkerSettings"),
    "agent": ("customer_agent.settings", "AgentSettings"),
}


def main() -> int:
    """Print what was found; return 1 if anything has to be mended."""
    findings = list(examine())
    table = Table(title="hitl doctor", title_justify="left")
    table.add_column("check", no_wrap=True)
    table.add_column("")
    table.add_column("what is the case, and what to do")
    for finding in findings:
        style = _STYLES[finding.health]
        table.add_row(finding.what, Text(finding.health, style=style), Text(finding.words))
    Console().print(table)
    return int(any(finding.health is Health.BAD for finding in findings))


def examine() -> Iterator[Finding]:
    """Check one thing after another."""
    yield _settings_file()
    for process in _PROCESSES:
        yield _process(process)
    yield _check("routes", _routes)
    yield from _people()
    yield _redis()


def _settings_file() -> Finding:
    if Path(".env").is_file():
        return Finding("settings", Health.GOOD, ".env in this folder, and the environment")
    return Finding("settings", Health.GOOD, "the environment; there is no .env in this folder")


def _process(process: str) -> Finding:
    if absent := missing(process):
        return Finding(
            process,
            Health.WARNING,
            f"not installed here ({', '.join(absent)}). If it is to run on this host: "
            + how_to_install(process),
        )
    return _check(process, lambda: (_load(process), "settings are complete")[1])


def _people() -> Iterator[Finding]:
    """Check whom the worker asks through: the desk, or each bot under its variable's name."""
    from escalation_worker.bots import read_bots  # noqa: PLC0415 (beside what it is for)
    from escalation_worker.settings import WorkerSettings  # noqa: PLC0415 (likewise)

    try:
        settings = load(WorkerSettings)
        bots = read_bots(settings)
    except ConfigurationError as error:
        yield from (Finding("people", Health.BAD, line) for line in str(error).splitlines())
        return
    if not bots:
        words = "the desk: a web page. For Discord, set DISCORD_TOKEN (docs/discord-bot.md)"
        yield Finding("people", Health.GOOD, words)
    file = settings.routes_file
    routes = load_routes(file).routes.values() if file is not None else ()
    for bot in bots:
        own = ", ".join(route.name for route in routes if route.token_env == bot)
        words = f"its routes: {own}" if own else "channel and operators are set"
        yield Finding(f"bot {bot}", Health.GOOD, f"the token is set (not tried out); {words}")


def _routes() -> str:
    file = load(RoutesSettings).routes_file
    if file is None:
        return "one route, made of the other settings. For more, set ROUTES_FILE (docs/routes.md)"
    return f"{', '.join(load_routes(file).routes)}, in {file}"


def _redis() -> Finding:
    if "redis" in missing("gateway"):
        return Finding("redis", Health.WARNING, "not checked: redis-py is not installed here")
    return _check("redis", _ask_redis)


def _ask_redis() -> str:
    from shared.errors import StoreUnavailableError  # noqa: PLC0415 (beside what it is for)
    from shared.redis_adapter.connection import open_client  # noqa: PLC0415 (an extra)
    from shared.redis_adapter.server import ServerReport, examine  # noqa: PLC0415 (likewise)

    settings = load(StoreSettings)

    async def look() -> ServerReport:
        async with open_client(settings) as redis:
            replicas = settings.redis_wait_replicas
            return await examine(redis, replicas=replicas, thoroughly=True)

    try:
        report = asyncio.run(look())
    except StoreUnavailableError as error:
        names = "REDIS_SENTINELS" if settings.redis_sentinels else "REDIS_URL"
        raise ConfigurationError(
            f"{names}: no answer ({error}). Start Redis 7 or later there, or set {names}; "
            "`hitl demo` brings a server of its own"
        ) from error
    if report.too_old:
        raise ConfigurationError(f"{report.name} is too old: Redis 7 or Valkey 8 is needed")
    if report.weaknesses:
        raise _AttentionError(f"{report.name} answers, but {'; '.join(report.weaknesses)}")
    return f"{report.name} answers and keeps an append-only file"


class _AttentionError(Exception):
    """It runs, but somebody should know."""


def _check(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, Health.GOOD, look())
    except _AttentionError as attention:
        return Finding(what, Health.WARNING, str(attention))
    except ConfigurationError as error:
        return Finding(what, Health.BAD, str(error))


def _load(process: str) -> ProcessSettings:
    module, name = _PROCESSES[process]
    settings: type[ProcessSettings] = getattr(importlib.import_module(module), name)
    return load(settings)

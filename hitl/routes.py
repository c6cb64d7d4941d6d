"""`hitl routes check` and `hitl oncall`: what a file of routes says, and who is on call by it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from shared.errors import ConfigurationError
from shared.escalation import Person
from shared.ports.clock import utc_now
from shared.question import Urgency
from shared.routes.fields import Role, in_words
from shared.routes.file import Routes, load_routes
from shared.routes.on_call import next_change, quiet_until, who_is_on
from shared.routes.route import Route, Tier
from shared.routes.schedule import YEARS, Schedule
from shared.settings import RoutesSettings, load


def check(file: Path | None) -> int:
    """Print a file's routes, or its mistakes; return 1 if it has any, 2 if there is no file."""
    try:
        path = _path(file)
    except ConfigurationError as error:
        return _fail(error, 2)
    try:
        routes = load_routes(path)
    except ConfigurationError as error:
        return _fail(error, 1)
    title = f"routes in {escape(str(path))}"
    table = _table(title, "route", "channels", "who may answer", "timeout", "tiers")
    for route in routes.routes.values():
        table.add_row(
            route.name,
            "\n".join(route.channels),
            escape(_names(route.operators.users, route.operators.roles)),
            in_words(route.timeout),
            escape("\n".join(_tiers(route))),
        )
    Console().print(table)
    return 0


def on_call(file: Path | None, at: str | None) -> int:
    """Print who is on call and who is next; return 2 if the file or the time can't be read."""
    try:
        moment = _moment(at)
        routes = load_routes(_path(file))
    except ConfigurationError as error:
        return _fail(error, 2)
    if not routes.schedules:
        Console().print("The file has no schedules.")
        return 0
    Console().print(_schedules(routes, moment))
    return 0


def _schedules(routes: Routes, moment: datetime) -> Table:
    table = _table("on call", "schedule", "on call", "until", "then", "quiet hours")
    for schedule in routes.schedules.values():
        at = schedule.instant(moment)
        change = next_change(schedule, at)
        quiet = quiet_until(schedule, at, Urgency.NORMAL)
        table.add_row(
            schedule.name,
            _names(who_is_on(schedule, at)) or "nobody",
            _local(change.at, schedule) if change else "for good",
            (_names(change.users) or "nobody") if change else "",
            f"until {_local(quiet, schedule)}" if quiet else "",
        )
    return table


def _path(file: Path | None) -> Path:
    path = file or load(RoutesSettings).routes_file
    if path is None:
        raise ConfigurationError("no file: name one, or set ROUTES_FILE (docs/routes.md)")
    return path


def _moment(at: str | None) -> datetime:
    try:
        moment = utc_now() if at is None else datetime.fromisoformat(at)
    except ValueError:
        raise ConfigurationError("--at: must be a time such as 2026-12-24T18:00") from None
    if moment.year not in YEARS:
        raise ConfigurationError(f"--at: must be in the years {YEARS.start} to {YEARS.stop - 1}")
    return moment


def _fail(error: ConfigurationError, code: int) -> int:
    sys.stderr.write(f"{error}\n")
    return code


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", show_lines=True)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _tiers(route: Route) -> Iterable[str]:
    for number, tier in enumerate(route.policy, 1):
        wait = f" for {in_words(tier.claim_wait)}" if tier.claim_wait else ""
        yield f"{number}. {_whom(tier)}{wait}"
    yield f"then {route.at_end}"


def _whom(tier: Tier) -> str:
    on_call = [f"{schedule.name} (on call)" for schedule in tier.schedules]
    return ", ".join(filter(None, [_names(tier.users, tier.roles), *on_call]))


def _names(users: Iterable[Person], roles: Iterable[Role] = ()) -> str:
    return ", ".join([*(user.name for user in users), *(f"@{role.name}" for role in roles)])


def _local(at: datetime, schedule: Schedule) -> str:
    zone: ZoneInfo = schedule.time_zone
    return f"{at.astimezone(zone):%a %Y-%m-%d %H:%M %Z}"

"""Who is on call, as a command tells it: times are Discord's, so that each sees their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

import discord

from escalation_worker.discord_channel.showing.rendering import MESSAGE_ROOM
from escalation_worker.discord_channel.showing.texts import brief
from escalation_worker.operators import operators_of
from shared.escalation import Person
from shared.question import Urgency
from shared.routes.on_call import next_change, quiet_until, who_is_on
from shared.routes.route import Route
from shared.routes.schedule import Schedule
from shared.routes_in_force import InForce
from shared.texts import cut

NAMES_ROOM: Final = 300
NO_SCHEDULE: Final = "There is no such schedule for questions that you may answer."


class OnCall:
    """Knows the schedules that concern a person: those of routes on which they may answer."""

    def __init__(self, routes: InForce[Route]) -> None:
        self._routes = routes

    def schedules(self, person_id: str, roles: frozenset[str]) -> dict[str, Schedule]:
        """List them by name, as the file has them now."""
        return {
            schedule.name: schedule
            for route in self._routes.routes
            if operators_of(route).include(person_id, roles)
            for tier in route.policy
            for schedule in tier.schedules
        }


def in_words(schedules: Mapping[str, Schedule], now: datetime) -> str:
    """Write who is on call by each; as many as there is room for."""
    if not schedules:
        return NO_SCHEDULE
    lines: list[str] = []
    entries = [_entry(each, now) for each in schedules.values()]
    for number, entry in enumerate(entries):
        if sum(len(line) + 1 for line in lines) + len(entry) > MESSAGE_ROOM:
            lines.append(f"… and {len(entries) - number} more: name one with `schedule`.")
            break
        lines.append(entry)
    return "\n".join(lines)


def _entry(schedule: Schedule, now: datetime) -> str:
    at = schedule.instant(now)
    change = next_change(schedule, at)
    words = f"**{schedule.name}**: {_names(who_is_on(schedule, at))}"
    if change is None:
        words += ", for good"
    else:
        words += f" until {_moment(change.at)}, then {_names(change.users)}"
    if quiet := quiet_until(schedule, at, Urgency.NORMAL):
        words += f"; quiet hours until {_moment(quiet)}"
    return words


def _moment(at: datetime) -> str:
    return f"{discord.utils.format_dt(at, 'f')} ({discord.utils.format_dt(at, 'R')})"


def _names(people: Iterable[Person]) -> str:
    named = (
        f"{brief(one.name, NAMES_ROOM)} (<@{one.id}>)" if one.id.isdigit() else brief(one.name, 64)
        for one in people
    )
    return cut(", ".join(named), NAMES_ROOM) or "nobody"

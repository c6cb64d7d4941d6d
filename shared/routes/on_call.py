"""Who is on call, until when, and whether they may be notified now. Right at DST changes.

All comparing is done in UTC: Python compares two local times of one zone by the clock on the wall.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.escalation import Person
from shared.question import Urgency
from shared.routes.schedule import Override, Rotation, Schedule, openings

_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Change:
    """From this instant on these people are on call; nobody, if there are none."""

    at: datetime
    users: tuple[Person, ...]


def who_is_on(schedule: Schedule, at: datetime) -> tuple[Person, ...]:
    """Tell who is on call at an instant: an override's people, else the shift's or rotation's."""
    if (override := _override(schedule, at)) is not None:
        return override.users
    if schedule.rotation is not None:
        return _turn(schedule, schedule.rotation, at)
    on = {
        person.id: person
        for shift in schedule.shifts
        if any(start <= at < end for start, end in openings(schedule, shift, at, days=0))
        for person in shift.users
    }
    return tuple(on.values())


def next_change(schedule: Schedule, at: datetime) -> Change | None:
    """Tell when somebody else is on call next, and who; None if that never happens."""
    now = set(who_is_on(schedule, at))
    overrides = sorted(_override_boundaries(schedule))
    # One round shows all that a rotation or shifts can do; after it only overrides are left.
    round_ = _WEEK * (len(schedule.rotation.users) if schedule.rotation else 1)
    since, boundary = at, _next_boundary(schedule, at)
    while boundary is not None:
        if set(users := who_is_on(schedule, boundary)) != now:
            return Change(boundary, users)
        if boundary in overrides:
            since = boundary
        if boundary > since + round_:
            boundary = next((later for later in overrides if later > boundary), None)
        else:
            boundary = _next_boundary(schedule, boundary)
    return None


def quiet_until(schedule: Schedule, at: datetime, urgency: Urgency) -> datetime | None:
    """Tell when quiet hours end that hold a notification back now; None if none do."""
    if urgency is Urgency.HIGH:
        return None
    until = at
    # Each round ends a window that is open; the schedule has none that leave no gap.
    while ends := [
        end
        for window in schedule.quiet_hours
        for start, end in openings(schedule, window, until, days=0)
        if start <= until < end
    ]:
        until = max(ends)
    return until if until > at else None


def _override(schedule: Schedule, at: datetime) -> Override | None:
    for override in reversed(schedule.overrides):
        if schedule.instant(override.start) <= at < schedule.instant(override.end):
            return override
    return None


def _turn(schedule: Schedule, rotation: Rotation, at: datetime) -> tuple[Person, ...]:
    week = _week(schedule, rotation, at)
    return () if week < 0 else (rotation.users[week % len(rotation.users)],)


def _week(schedule: Schedule, rotation: Rotation, at: datetime) -> int:
    """Count the weeks since the rotation started; the first is 0."""
    elapsed = at - schedule.instant(rotation.starts)
    week = elapsed // _WEEK
    # A change of the clocks moves the hand-over by an hour or so against the count of hours.
    if at >= _hand_over(schedule, rotation, week + 1):
        return week + 1
    return week - 1 if at < _hand_over(schedule, rotation, week) else week


def _hand_over(schedule: Schedule, rotation: Rotation, week: int) -> datetime:
    return schedule.instant(rotation.starts + _WEEK * week)


def _next_boundary(schedule: Schedule, at: datetime) -> datetime | None:
    """Find the next instant at which somebody else may be on call."""
    return min((instant for instant in _boundaries(schedule, at) if instant > at), default=None)


def _boundaries(schedule: Schedule, at: datetime) -> Iterator[datetime]:
    yield from _override_boundaries(schedule)
    if (rotation := schedule.rotation) is not None:
        yield _hand_over(schedule, rotation, max(0, _week(schedule, rotation, at) + 1))
    for shift in schedule.shifts:
        for start, end in openings(schedule, shift, at, days=_WEEK.days):
            yield start
            yield end


def _override_boundaries(schedule: Schedule) -> Iterator[datetime]:
    for override in schedule.overrides:
        yield schedule.instant(override.start)
        yield schedule.instant(override.end)

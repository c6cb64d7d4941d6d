"""An on-call schedule as it stands in the file: a rotation or shifts, overrides, quiet hours.

Local times are meant in the schedule's own time zone; `on_call` turns them into instants.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Final, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import BeforeValidator, Field, model_validator

from shared.escalation import Person
from shared.routes.fields import Distinct, Listed, Name, Table, Users, did_you_mean

WEEK_MINUTES: Final = 7 * 24 * 60
_DAY_MINUTES: Final = 24 * 60
YEARS: Final = range(2000, 3000)
"""Where moments may lie: far enough from where Python's calendar ends for any sum of them."""


class Day(StrEnum):
    """A day of the week, in the order of `datetime.weekday`."""

    MON = "mon"  # 0
    TUE = "tue"  # 1
    WED = "wed"  # 2
    THU = "thu"  # 3
    FRI = "fri"  # 4
    SAT = "sat"  # 5
    SUN = "sun"  # 6


EVERY_DAY: Final = tuple(Day)


def _time_zone(value: object) -> ZoneInfo:
    """Find an IANA time zone.

    Raises:
        ValueError: There is none of this name.
    """
    if isinstance(value, ZoneInfo):
        return value
    if not isinstance(value, str):
        raise ValueError('must be the name of a time zone, such as "Europe/Berlin"')  # noqa: TRY004 (pydantic collects ValueErrors)
    try:
        return ZoneInfo(value)
    # A folder's name is an OSError, and a name that points outside a ValueError.
    except (ZoneInfoNotFoundError, OSError, ValueError):
        zones = available_timezones()
        if not zones:
            raise ValueError("this host has no time zones: install the package tzdata") from None
        known = did_you_mean(value, zones)
        hint = known if known.startswith("did") else 'use a name such as "Europe/Berlin"'
        raise ValueError(f"there is no such time zone; {hint}") from None


def _time_of_day(value: object) -> time:
    """Read "09:00", with or without quotes as TOML has it.

    Raises:
        ValueError: Something else, or a part of a minute.
    """
    try:
        read = time.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        read = None
    if not isinstance(read, time) or read.tzinfo is not None or read.second or read.microsecond:
        raise ValueError('must be a time of day in hours and minutes, such as "09:00"')
    return read


def _moment(value: object) -> datetime:
    """Read a date and time, local unless it tells its offset.

    Raises:
        ValueError: Something else.
    """
    if not isinstance(value, datetime):
        raise ValueError("must be a date and time without quotes, such as 2026-12-24T18:00:00")  # noqa: TRY004 (pydantic collects ValueErrors)
    if value.year not in YEARS:
        raise ValueError(f"must be in one of the years {YEARS.start} to {YEARS.stop - 1}")
    return value


def _local_moment(value: object) -> datetime:
    moment = _moment(value)
    if moment.tzinfo is not None:
        raise ValueError("must be without an offset: it is a local time, the same in all seasons")
    return moment


TimeOfDay = Annotated[time, BeforeValidator(_time_of_day)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
LocalMoment = Annotated[datetime, BeforeValidator(_local_moment)]
Days = Annotated[
    tuple[Annotated[Day, Field(strict=False)], ...], Listed, Distinct, Field(min_length=1)
]


class Window(Table):
    """A stretch of each of these days. It begins on the day and may run past midnight."""

    days: Days = EVERY_DAY
    start: TimeOfDay
    end: TimeOfDay
    """The same as `start`: a whole day."""

    @property
    def minutes(self) -> int:
        """How long it is on the clock on the wall."""
        length = _minutes(self.end) - _minutes(self.start)
        return length if length > 0 else length + _DAY_MINUTES


class Shift(Window):
    """Who is on call at these times, all of them together."""

    users: Annotated[Users, Field(min_length=1)]


class Rotation(Table):
    """People who take a week each, in this order, and then from the first again."""

    users: Annotated[Users, Field(min_length=1)]
    starts: LocalMoment
    """When the first week begins: its weekday and hour are those of every hand-over."""


class Override(Table):
    """Who is on call for once, in place of whoever else would be; nobody, if nobody is named."""

    start: Moment
    end: Moment
    users: Users

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if (self.start.tzinfo is None) != (self.end.tzinfo is None):
            raise ValueError("start and end must both have an offset, or neither")
        if self.start >= self.end:
            raise ValueError("end must be after start")
        return self


class Schedule(Table):
    """Who is on call when."""

    name: Name
    time_zone: Annotated[ZoneInfo, BeforeValidator(_time_zone)]
    rotation: Rotation | None = None
    shifts: Annotated[tuple[Shift, ...], Listed] = ()
    overrides: Annotated[tuple[Override, ...], Listed] = ()
    """Where two overlap, the one further down in the file counts."""
    quiet_hours: Annotated[tuple[Window, ...], Listed] = ()
    """When only questions of high urgency may notify."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.rotation is None) == (not self.shifts):
            raise ValueError("needs either a rotation or shifts, and not both")
        if _covers_the_week(self.quiet_hours):
            raise ValueError("quiet_hours must leave some time of the week in which to notify")
        return self

    @property
    def people(self) -> tuple[Person, ...]:
        """Everybody who may be on call."""
        parts = (self.rotation, *self.shifts, *self.overrides)
        return tuple(
            {person.id: person for part in parts if part for person in part.users}.values()
        )

    def instant(self, moment: datetime) -> datetime:
        """Tell when a local moment is, in UTC.

        One that the clocks skip in spring is taken as if they had not been put forward yet;
        of two in autumn, the first is meant.
        """
        local = moment if moment.tzinfo is not None else moment.replace(tzinfo=self.time_zone)
        return local.astimezone(UTC)


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute


def _covers_the_week(windows: tuple[Window, ...]) -> bool:
    """Whether no minute of the week is left out."""
    covered = {
        (EVERY_DAY.index(day) * _DAY_MINUTES + _minutes(window.start) + minute) % WEEK_MINUTES
        for window in windows
        for day in window.days
        for minute in range(window.minutes)
    }
    return len(covered) == WEEK_MINUTES


def openings(
    schedule: Schedule, window: Window, around: datetime, *, days: int
) -> list[tuple[datetime, datetime]]:
    """List, in UTC, when a window opens and closes: those open at an instant, and in days after."""
    today = around.astimezone(schedule.time_zone).date()
    found: list[tuple[datetime, datetime]] = []
    for offset in range(-2, days + 2):
        day = today + timedelta(days=offset)
        if EVERY_DAY[day.weekday()] in window.days:
            start = datetime.combine(day, window.start)
            end = start + timedelta(minutes=window.minutes)
            found.append((schedule.instant(start), schedule.instant(end)))
    return found

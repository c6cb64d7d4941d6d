"""Who is on call and when that changes, also where the clocks are changed."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.escalation import Person
from shared.question import Urgency
from shared.routes.on_call import next_change, quiet_until, who_is_on
from shared.routes.schedule import EVERY_DAY, Day, Override, Rotation, Schedule, Shift, Window

MAYA, TOM, INES = (Person(id=str(n), name=name) for n, name in enumerate(["maya", "tom", "ines"]))
WEEKDAYS = EVERY_DAY[:5]


def a_schedule(zone: str = "Europe/Berlin", **parts: Any) -> Schedule:
    return Schedule(name="support", time_zone=zone, **parts)  # pyright: ignore[reportArgumentType]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def names(schedule: Schedule, at: str) -> str:
    return "+".join(person.name for person in who_is_on(schedule, utc(at)))


def change(schedule: Schedule, at: str) -> tuple[str, str] | None:
    found = next_change(schedule, utc(at))
    if found is None:
        return None
    return f"{found.at:%Y-%m-%d %H:%M}", "+".join(person.name for person in found.users)


WEEKLY = Rotation(users=(MAYA, TOM, INES), starts=datetime(2026, 1, 5, 9))  # noqa: DTZ001 (local)
"""From a Monday at nine."""


@pytest.mark.parametrize(
    ("at", "on"),
    [
        ("2026-01-05T07:59", ""),  # before the first week nobody is on
        ("2026-01-05T08:00", "maya"),  # nine in Berlin
        ("2026-01-12T07:59", "maya"),
        ("2026-01-12T08:00", "tom"),
        ("2026-01-19T08:00", "ines"),
        ("2026-01-26T08:00", "maya"),
        # The clocks were put forward on 29 March: the hand-over is still at nine, now 7:00 UTC.
        ("2026-03-30T06:59", "ines"),
        ("2026-03-30T07:00", "maya"),
        # And back on 25 October: 8:00 UTC again.
        ("2026-10-26T07:59", "ines"),
        ("2026-10-26T08:00", "maya"),
    ],
)
def test_a_rotation_is_handed_over_by_the_clock_on_the_wall(at: str, on: str) -> None:
    assert names(a_schedule(rotation=WEEKLY), at) == on


def test_next_change_of_a_rotation() -> None:
    schedule = a_schedule(rotation=WEEKLY)
    assert change(schedule, "2025-12-01T00:00") == ("2026-01-05 08:00", "maya")
    assert change(schedule, "2026-03-24T00:00") == ("2026-03-30 07:00", "maya")
    assert change(schedule, "2026-03-30T07:00") == ("2026-04-06 07:00", "tom")
    alone = a_schedule(rotation=Rotation(users=(MAYA,), starts=WEEKLY.starts))
    assert change(alone, "2026-03-24T00:00") is None


def test_a_hand_over_in_the_hour_that_comes_twice_happens_once() -> None:
    """On 25 October it is 2:30 in Berlin at 0:30 and at 1:30 UTC. The first one counts."""
    starts = datetime(2026, 10, 18, 2, 30)  # noqa: DTZ001 (local)
    schedule = a_schedule(rotation=Rotation(users=(MAYA, TOM), starts=starts))
    assert names(schedule, "2026-10-25T00:29") == "maya"
    assert names(schedule, "2026-10-25T00:30") == "tom"
    assert names(schedule, "2026-10-25T01:10") == "tom"  # 2:10 for the second time
    assert change(schedule, "2026-10-24T00:00") == ("2026-10-25 00:30", "tom")


def test_a_hand_over_in_the_hour_that_is_skipped_happens_all_the_same() -> None:
    """On 29 March there is no 2:30 in Berlin: after 1:59 comes 3:00, which is 1:00 UTC."""
    starts = datetime(2026, 3, 22, 2, 30)  # noqa: DTZ001 (local)
    schedule = a_schedule(rotation=Rotation(users=(MAYA, TOM), starts=starts))
    assert names(schedule, "2026-03-29T01:29") == "maya"
    assert names(schedule, "2026-03-29T01:30") == "tom"  # 3:30 on the wall


NIGHT_AND_DAY = (
    Shift(start=time(22), end=time(6), users=(MAYA,)),
    Shift(start=time(6), end=time(22), users=(TOM,)),
)


def test_a_night_shift_is_an_hour_shorter_in_spring_and_longer_in_autumn() -> None:
    schedule = a_schedule(shifts=NIGHT_AND_DAY)
    assert change(schedule, "2026-03-28T22:00") == ("2026-03-29 04:00", "tom")  # begun at 21:00
    assert change(schedule, "2026-10-24T21:00") == ("2026-10-25 05:00", "tom")  # begun at 20:00


def test_shifts_on_weekdays_leave_the_weekend_free() -> None:
    schedule = a_schedule(
        "America/New_York",
        shifts=(
            Shift(days=WEEKDAYS, start=time(9), end=time(13), users=(MAYA,)),
            Shift(days=WEEKDAYS, start=time(12), end=time(17), users=(TOM, MAYA)),
        ),
    )
    assert names(schedule, "2026-06-05T13:30") == "maya"  # a Friday, 9:30 there
    assert names(schedule, "2026-06-05T16:30") == "maya+tom"
    assert change(schedule, "2026-06-05T13:30") == ("2026-06-05 16:00", "maya+tom")
    assert change(schedule, "2026-06-05T16:30") == ("2026-06-05 21:00", "")  # both stay on
    assert change(schedule, "2026-06-05T20:30") == ("2026-06-05 21:00", "")
    assert names(schedule, "2026-06-06T14:00") == ""
    assert change(schedule, "2026-06-06T14:00") == ("2026-06-08 13:00", "maya")


def test_a_shift_past_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    schedule = a_schedule(
        "UTC", shifts=(Shift(days=(Day.SUN,), start=time(22), end=time(6), users=(MAYA,)),)
    )
    assert names(schedule, "2026-06-07T23:00") == "maya"  # a Sunday
    assert names(schedule, "2026-06-08T05:59") == "maya"
    assert names(schedule, "2026-06-08T06:00") == ""
    assert names(schedule, "2026-06-07T05:00") == ""
    assert change(schedule, "2026-06-08T06:00") == ("2026-06-14 22:00", "maya")


def test_the_same_people_by_another_shift_are_no_change() -> None:
    first = Shift(start=time(6), end=time(14), users=(MAYA, TOM))
    second = Shift(start=time(14), end=time(6), users=(TOM, MAYA))
    assert change(a_schedule("UTC", shifts=(first, second)), "2026-06-03T07:00") is None


def test_a_shift_that_the_same_person_goes_on_with_is_no_change() -> None:
    early, late = (
        Shift(start=time(start), end=time(start + 8), users=(MAYA,)) for start in (6, 14)
    )
    night = Shift(start=time(22), end=time(6), users=(TOM,))
    schedule = a_schedule("UTC", shifts=(early, late, night))
    assert change(schedule, "2026-06-03T07:00") == ("2026-06-03 22:00", "tom")


def test_an_override_goes_before_the_rota_and_the_last_one_before_the_others() -> None:
    schedule = a_schedule(
        rotation=WEEKLY,
        overrides=(
            Override(start=datetime(2026, 1, 6), end=datetime(2026, 1, 20), users=(INES,)),  # noqa: DTZ001 (local)
            Override(start=utc("2026-01-07T00:00"), end=utc("2026-01-07T12:00"), users=()),
        ),
    )
    assert names(schedule, "2026-01-05T22:59") == "maya"
    assert names(schedule, "2026-01-05T23:00") == "ines"  # midnight in Berlin
    assert names(schedule, "2026-01-07T11:59") == ""
    assert change(schedule, "2026-01-06T00:00") == ("2026-01-07 00:00", "")
    assert change(schedule, "2026-01-07T11:00") == ("2026-01-07 12:00", "ines")
    # The override ends in Ines' own week: it is hers until that ends too.
    assert change(schedule, "2026-01-08T00:00") == ("2026-01-26 08:00", "maya")


def test_a_change_after_an_override_longer_than_a_whole_round_is_found() -> None:
    """It ends in Ines' own week, five weeks on; hers until the next hand-over."""
    long = Override(start=datetime(2026, 1, 6), end=datetime(2026, 2, 10), users=(INES,))  # noqa: DTZ001 (local)
    schedule = a_schedule(rotation=WEEKLY, overrides=(long,))
    assert change(schedule, "2026-01-08T00:00") == ("2026-02-16 08:00", "maya")


def test_an_override_many_years_ahead_is_found_at_once() -> None:
    everyday = (Shift(start=time(0), end=time(0), users=(MAYA,)),)
    far = Override(start=datetime(2190, 1, 6), end=datetime(2190, 1, 20), users=(INES,))  # noqa: DTZ001 (local)
    schedule = a_schedule("UTC", shifts=everyday, overrides=(far,))
    assert change(schedule, "2026-06-07T23:00") == ("2190-01-06 00:00", "ines")
    assert change(schedule, "2190-02-01T00:00") is None


QUIET = (
    Window(start=time(22), end=time(7)),
    Window(days=(Day.SAT, Day.SUN), start=time(0), end=time(0)),
)


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-06-03T19:59", None),  # a Wednesday, 21:59 in Berlin
        ("2026-06-03T20:00", "2026-06-04 05:00"),
        ("2026-06-04T04:59", "2026-06-04 05:00"),
        ("2026-06-04T05:00", None),
        ("2026-06-05T20:00", "2026-06-08 05:00"),  # Friday night, and the weekend with it
        ("2026-03-27T21:00", "2026-03-30 05:00"),  # over the change in spring
        ("2026-10-23T20:00", "2026-10-26 06:00"),  # and in autumn
    ],
)
def test_quiet_hours_end_when_the_last_of_them_does(at: str, until: str | None) -> None:
    schedule = a_schedule(rotation=WEEKLY, quiet_hours=QUIET)
    found = quiet_until(schedule, utc(at), Urgency.NORMAL)
    assert (found and f"{found:%Y-%m-%d %H:%M}") == until
    assert quiet_until(schedule, utc(at), Urgency.LOW) == found
    assert quiet_until(schedule, utc(at), Urgency.HIGH) is None


ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]
# When clocks are changed in Berlin, in New York, and, by half an hour, on Lord Howe Island.
CHANGES = ["03-29T01:00", "10-25T01:00", "03-08T07:00", "11-01T06:00", "04-04T15:00", "10-03T15:30"]
near_changes = st.sampled_from(CHANGES).flatmap(
    lambda change: st.datetimes(
        datetime.fromisoformat(f"2026-{change}") - timedelta(hours=3),
        datetime.fromisoformat(f"2026-{change}") + timedelta(hours=3),
    )
)
moments = near_changes | st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1))  # noqa: DTZ001 (made UTC below)
clock_times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30]))


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    people = st.lists(st.sampled_from([MAYA, TOM, INES]), min_size=1, max_size=3, unique=True)
    parts: dict[str, Any] = {}
    if draw(st.booleans()):
        parts["rotation"] = Rotation(users=tuple(draw(people)), starts=draw(moments))
    else:
        days = st.lists(st.sampled_from(EVERY_DAY), min_size=1, unique=True)
        shift = st.builds(
            Shift,
            days=days.map(tuple),
            start=clock_times,
            end=clock_times,
            users=people.map(tuple),
        )
        parts["shifts"] = tuple(draw(st.lists(shift, min_size=1, max_size=3)))
    starts = draw(st.lists(moments, max_size=2))
    parts["overrides"] = tuple(
        Override(start=start, end=start + timedelta(days=draw(st.integers(1, 30))), users=(TOM,))
        for start in starts
    )
    return a_schedule(draw(st.sampled_from(ZONES)), **parts)


@given(schedules(), moments, st.floats(0, 1, exclude_max=True))
def test_nobody_else_is_on_call_before_the_next_change(
    schedule: Schedule, moment: datetime, part: float
) -> None:
    at = moment.replace(tzinfo=UTC)
    found = next_change(schedule, at)
    later = at + timedelta(days=100) if found is None else found.at
    between = min(at + (later - at) * part, later - timedelta.resolution)
    now = set(who_is_on(schedule, at))
    assert set(who_is_on(schedule, between)) == now
    if found is not None:
        assert found.at > at
        assert found.users == who_is_on(schedule, found.at)
        assert set(found.users) != now


@given(moments, st.sampled_from(ZONES), st.lists(clock_times, min_size=2, max_size=5, unique=True))
def test_shifts_that_follow_each_other_on_the_wall_leave_no_gap_when_clocks_change(
    moment: datetime, zone: str, bounds: list[time]
) -> None:
    bounds = sorted(bounds)
    shifts = tuple(
        Shift(start=start, end=end, users=(MAYA,))
        for start, end in zip(bounds, [*bounds[1:], bounds[0]], strict=True)
    )
    assert who_is_on(a_schedule(zone, shifts=shifts), moment.replace(tzinfo=UTC)) == (MAYA,)


@given(schedules(), moments)
def test_who_is_on_call_does_not_depend_on_the_zone_in_which_one_asks(
    schedule: Schedule, moment: datetime
) -> None:
    at = moment.replace(tzinfo=UTC)
    assert who_is_on(schedule, at.astimezone(schedule.time_zone)) == who_is_on(schedule, at)

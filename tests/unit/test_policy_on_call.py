"""What a policy does where a schedule tells whom to notify: quiet hours, and nobody on call."""

from __future__ import annotations

from datetime import UTC, datetime

from support.policy_runs import NOON, a_route, answers, asked, claims, play

from shared.question import Urgency
from shared.routes.policy import plan
from shared.routes.steps import Notify

QUIET = """
[schedules.night]
time_zone = "Europe/Berlin"
rotation = { users = ["ines"], starts = 2026-01-05T09:00:00 }
quiet_hours = [{ start = "22:00", end = "07:00" }]
"""
LATE = datetime(2026, 6, 3, 22, tzinfo=UTC)  # midnight in Berlin, seven hours before the end
ON_CALL = """
timeout = "20h"
[[routes.default.tiers]]
schedules = ["night"]
reminders = ["1h"]
claim_wait = "2h"
[[routes.default.tiers]]
users = ["tom"]
"""


def test_a_notification_waits_until_quiet_hours_end_and_the_tier_with_it() -> None:
    route = a_route(ON_CALL, schedules=QUIET)
    assert play(route, start=LATE) == [
        "0s tier 1",
        "7h notify ines",
        "8h remind 1 ines",
        "9h tier 2",
        "9h notify tom",
        "20h end time_out",
    ]


def test_high_urgency_notifies_in_quiet_hours() -> None:
    route = a_route(ON_CALL, schedules=QUIET)
    assert play(route, Urgency.HIGH, start=LATE)[:4] == [
        "0s tier 1",
        "0s notify ines",
        "30m remind 1 ines",
        "1h tier 2",
    ]


def test_whoever_has_no_quiet_hours_is_notified_and_the_others_join_later() -> None:
    both = ON_CALL.replace('schedules = ["night"]', 'schedules = ["night"]\nusers = ["maya"]')
    both = both.replace('claim_wait = "2h"', 'claim_wait = "8h"')
    assert play(a_route(both, schedules=QUIET), start=LATE) == [
        "0s tier 1",
        "0s notify maya",
        "1h remind 1 maya",
        "7h notify ines",
        "8h tier 2",
        "8h notify tom",
        "20h end time_out",
    ]


def test_a_reminder_in_quiet_hours_waits_for_their_end() -> None:
    route = a_route(
        ON_CALL.replace('"1h"', '"1h", "2h"').replace('"2h"\n[[', '"12h"\n[['), schedules=QUIET
    )
    evening = datetime(2026, 6, 3, 19, 30, tzinfo=UTC)  # half an hour before they begin
    assert play(route, start=evening)[:4] == [
        "0s tier 1",
        "0s notify ines",
        "9h30m remind 2 ines",
        "12h tier 2",
    ]


def test_whoever_claimed_it_in_quiet_hours_spares_the_others_their_notification() -> None:
    route = a_route(ON_CALL, schedules=QUIET)
    told = play(route, start=LATE, events={"6h": claims, "8h": answers})
    assert told == ["0s tier 1", "6h15m release tom", "7h notify ines"]


OFFICE = """
[schedules.office]
time_zone = "Europe/Berlin"
[[schedules.office.shifts]]
days = ["mon", "tue", "wed", "thu", "fri"]
start = "09:00"
end = "17:00"
users = ["ines"]
"""


def test_a_tier_where_nobody_is_on_call_is_passed_over_at_once() -> None:
    route = a_route(ON_CALL.replace("night", "office"), schedules=OFFICE)
    assert play(route, start=LATE) == [
        "0s tier 1",
        "0s tier 2",
        "0s notify tom",
        "20h end time_out",
    ]


def test_the_last_tier_waits_for_somebody_to_come_on_call() -> None:
    route = a_route(
        'timeout = "20h"\n[[routes.default.tiers]]\nschedules = ["office"]', schedules=OFFICE
    )
    assert play(route, start=LATE) == ["0s tier 1", "9h notify ines", "20h end time_out"]


def test_the_same_person_is_notified_once_however_many_targets_mean_them() -> None:
    route = a_route(
        '[[routes.default.tiers]]\nusers = ["ines"]\nschedules = ["night"]', schedules=QUIET
    )
    _, notify = plan(route, Urgency.NORMAL, asked(route), NOON).steps
    assert isinstance(notify, Notify)
    assert [user.name for user in notify.users] == ["ines"]
    assert notify.targets == {"user:3", "schedule:night"}

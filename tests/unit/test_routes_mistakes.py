"""What is said of mistakes in a file of routes: all at once, with the line and what is right."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ConfigurationError
from shared.routes.fields import in_words
from shared.routes.file import parse_routes

ROTATION = "rotation = { users = [1], starts = 2026-01-05T09:00:00 }"
START = """\
[people]
maya = 1
[schedules.support]
time_zone = "Europe/Berlin"
rotation = { users = ["maya"], starts = 2026-01-05T09:00:00 }
[routes.default]
channels = [500]
operators = { users = ["maya"] }
"""


def mistakes(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        parse_routes(text)
    return [line.removeprefix("routes.toml:") for line in str(refused.value).splitlines()]


MISTAKES: dict[str, tuple[str, str]] = {
    "unknown table": ("[route.x]", "9: route: unknown table; did you mean 'routes'?"),
    "unknown key": (
        "chanels = [1]",
        "9: routes.default.chanels: unknown key; did you mean 'channels'?",
    ),
    "unknown key further in": (
        "[[routes.default.tiers]]\nusers = ['maya']\nclaim_wat = '5m'",
        "11: routes.default.tiers[1].claim_wat: unknown key; did you mean 'claim_wait'?",
    ),
    "unknown key in an inline table": (
        "attachments = { sise = '1 MB' }",
        "9: routes.default.attachments.sise: unknown key; did you mean 'size'?",
    ),
    "a key that is like none": (
        "attachments = { zzz = 1 }",
        "9: routes.default.attachments.zzz: unknown key; known: count, kinds, size",
    ),
    "a name beside the header's": (
        "name = 'x'",
        "9: routes.default.name: unknown key; the name stands in the header",
    ),
    "unknown person": (
        "[[routes.default.tiers]]\nusers = ['maja']",
        (
            "10: routes.default.tiers[1].users[1]: there is no 'maja' in [people]; "
            "did you mean 'maya'?"
        ),
    ),
    "unknown schedule": (
        "[[routes.default.tiers]]\nschedules = ['suport']",
        (
            "10: routes.default.tiers[1].schedules[1]: there is no 'suport' in [schedules]; "
            "did you mean 'support'?"
        ),
    ),
    "a choice that there is not": (
        "at_end = 'fall'",
        "9: routes.default.at_end: must be 'time_out', 'fallback' or 'deny'",
    ),
    "not a duration": (
        "timeout = 600",
        '9: routes.default.timeout: must be a duration such as "45s", "10m", "1h30m" or "2d"',
    ),
    "too long": ("timeout = '8d'", "9: routes.default.timeout: must be at most 7d"),
    "no length at all": ("timeout = '0s'", "9: routes.default.timeout: must be at least 1s"),
    "out of range": ("quorum = 0", "9: routes.default.quorum: must be greater than or equal to 1"),
    "not a boolean": ("memory = 'yes'", "9: routes.default.memory: must be true or false"),
    "more than may answer": (
        "quorum = 2",
        "9: routes.default.quorum: more people than may answer: add to operators",
    ),
    "reminders out of order": (
        "[[routes.default.tiers]]\nusers = ['maya']\nreminders = [\n  '5m',\n  '5m',\n]",
        "11: routes.default.tiers[1].reminders: each must be later than the one before it",
    ),
    "a tier without anybody": (
        "[[routes.default.tiers]]\nclaim_wait = '5m'",
        "9: routes.default.tiers[1]: must name at least one user, role or schedule to notify",
    ),
    "a tier that nobody leaves": (
        "[[routes.default.tiers]]\nusers = ['maya']\n[[routes.default.tiers]]\nusers = ['maya']",
        "9: routes.default.tiers[1]: needs claim_wait, or the tiers after it are never reached",
    ),
    "a tier that is notified and may not answer": (
        "[[routes.default.tiers]]\nusers = ['maya', 77]",
        "9: routes.default.tiers[1]: notifies who may not answer: 77; add to operators",
    ),
    "a fallback without words": (
        "at_end = 'fallback'",
        '9: routes.default.at_end: "fallback" needs a fallback_text',
    ),
    "words without a fallback": (
        "fallback_text = 'x'",
        '9: routes.default.fallback_text: is never used: at_end is not "fallback"',
    ),
    "a grace longer than the question": (
        "timeout = '1m'\ncorrection_grace = '1m'",
        "10: routes.default.correction_grace: must be shorter than timeout",
    ),
    "unknown time zone": (
        f"[schedules.x]\ntime_zone = 'Europe/Berln'\n{ROTATION}",
        "10: schedules.x.time_zone: there is no such time zone; did you mean 'Europe/Berlin'?",
    ),
    "a path in place of a time zone": (
        f"[schedules.x]\ntime_zone = '../../../../etc/passwd'\n{ROTATION}",
        '10: schedules.x.time_zone: there is no such time zone; use a name such as "Europe/Berlin"',
    ),
    "neither rotation nor shifts": (
        "[schedules.x]\ntime_zone = 'UTC'",
        "9: schedules.x: needs either a rotation or shifts, and not both",
    ),
    "a rotation that starts with an offset": (
        "[schedules.x]\ntime_zone = 'UTC'\n" + ROTATION.replace(":00 }", ":00Z }"),
        (
            "11: schedules.x.rotation.starts: must be without an offset: it is a local time, "
            "the same in all seasons"
        ),
    ),
    "a time before all others": (
        "[schedules.x]\ntime_zone = 'UTC'\n" + ROTATION.replace("2026", "0001"),
        "11: schedules.x.rotation.starts: must be in one of the years 2000 to 2999",
    ),
    "a size without a unit": (
        "attachments = { size = 5 }",
        '9: routes.default.attachments.size: must be a size such as "500 kB" or "8 MB"',
    ),
    "an override that ends before it begins": (
        (
            "[[schedules.support.overrides]]\nstart = 2026-01-05T09:00:00\n"
            "end = 2026-01-05T09:00:00\nusers = []"
        ),
        "9: schedules.support.overrides[1]: end must be after start",
    ),
    "quiet for the whole week": (
        "[[schedules.support.quiet_hours]]\nstart = '07:00'\nend = '07:00'",
        "3: schedules.support: quiet_hours must leave some time of the week in which to notify",
    ),
    "an unknown day": (
        "[[schedules.support.quiet_hours]]\ndays = ['mon', 'moon']\nstart = '07:00'\nend = '08:00'",
        (
            "10: schedules.support.quiet_hours[1].days[2]: must be 'mon', 'tue', 'wed', 'thu', "
            "'fri', 'sat' or 'sun'"
        ),
    ),
    "not a time of day": (
        "[[schedules.support.quiet_hours]]\nstart = '7'\nend = '08:00'",
        (
            "10: schedules.support.quiet_hours[1].start: must be a time of day in hours and "
            'minutes, such as "09:00"'
        ),
    ),
    "a role that is no id": (
        "[roles]\nstaff = 'Staff'",
        "10: roles.staff: must be a Discord id: digits, such as 1182731077223653381",
    ),
    "a name that is none": (
        "[routes.'Two Words']\nchannels = [1]",
        "9: routes.Two Words: must be a name of lower-case letters, digits, - and _, up to 64",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_its_line_its_key_and_what_is_right(mistake: str) -> None:
    text, said = MISTAKES[mistake]
    assert said in mistakes(START + text)


def test_a_folder_of_time_zones_is_no_time_zone() -> None:
    (mistake,) = mistakes(START.replace("Europe/Berlin", "Europe"))
    assert mistake.startswith("4: schedules.support.time_zone: there is no such time zone; ")


def test_a_tier_that_others_leave_no_time_for_is_told_for_each_urgency() -> None:
    tier = "[[routes.default.tiers]]\nusers = ['maya']\nclaim_wait = '4m'\n"
    text = START + "timeout = '16m'\nurgency = { low = 2 }\n" + 3 * tier
    (mistake,) = mistakes(text)
    assert mistake.startswith("17: routes.default.tiers[3]: is never reached at urgency low: ")
    assert mistake.endswith("it would begin after 16m, and timeout is 16m")


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    text = START.replace("[500]", "500").replace("Berlin", "Berln") + "quorum = 0\nx = 1\n"
    assert [line.split(": ")[:2] for line in mistakes(text)] == [
        ["4", "schedules.support.time_zone"],
        ["7", "routes.default.channels"],
        ["9", "routes.default.quorum"],
        ["10", "routes.default.x"],
    ]


def test_a_mistake_in_a_schedule_is_not_told_again_where_its_name_is_used() -> None:
    text = START.replace("Berlin", "Berln") + "[[routes.default.tiers]]\nschedules = ['support']"
    assert len(mistakes(text)) == 1


@pytest.mark.parametrize("key", ["token_env", "token", "timeout", "at_end", "channels"])
def test_a_token_that_was_pasted_into_the_file_is_not_told(key: str) -> None:
    token = "MTE4MjczMTA3NzIyMzY1MzM4MQ.GhIjKl.abcdefghijklmnopqrstuvwxyz0123456789AB"
    text = f"{START}[routes.x]\nchannels = ['{token}']\noperators = {{ users = ['{token}'] }}\n"
    text += f"{key} = '{token}'" if key != "channels" else ""
    assert token not in "\n".join(mistakes(text))
    with pytest.raises(ConfigurationError) as refused:
        parse_routes(text)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[routes.default]\nchannels = [1\nx = 2", "3: not valid TOML: Unclosed array"),
        ("[routes.default]\nx = 1\nx = 2", "3: not valid TOML: Cannot overwrite a value"),
        ("a = [", "1: not valid TOML: Invalid value"),
        ("a = " + "[" * 5_000, "1: not valid TOML: nested too deeply"),
        ("", "1: routes: needs a route 'default', for questions that name none"),
        ("routes = 3", "1: routes: must be a table"),
        ("[routes]\ndefault = 3", "2: routes.default: must be a table"),
    ],
)
def test_what_is_no_file_of_routes_is_refused(text: str, said: str) -> None:
    assert said in mistakes(text)


@given(st.integers(0, 400 * 86400))
def test_a_duration_in_words_is_read_as_the_same_duration(seconds: int) -> None:
    words = in_words(timedelta(seconds=seconds))
    text = f"{START}[[routes.default.tiers]]\nusers = ['maya']\nclaim_wait = '{words}'"
    if not 0 < seconds <= 365 * 86400:
        assert "claim_wait" in mistakes(text)[0]
    else:
        (tier,) = parse_routes(text).routes["default"].tiers
        assert tier.claim_wait == timedelta(seconds=seconds)

"""A file of routes: what it means, how it is read, and where its keys stand."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.processes import ROOT

from shared.errors import ConfigurationError
from shared.question import DEFAULT_ROUTE
from shared.routes.file import load_routes, parse_routes
from shared.routes.lines import find_line, line_numbers
from shared.routes.route import (
    AnswerMode,
    AtEnd,
    Attachments,
    CallerGone,
    DecisionReason,
    Operators,
    Route,
    Tier,
)
from shared.routes.route import UrgencyFactors as Urgencies
from shared.routes.schedule import Override, Rotation, Schedule, Shift, Window

EXAMPLES = sorted((ROOT / "docs" / "examples").glob("routes-*.toml"))

SMALLEST = """\
[routes.default]
channels = [500]
operators = { users = [1] }
"""


def test_the_smallest_file_makes_the_default_route_with_its_defaults() -> None:
    route = parse_routes(SMALLEST).routes[DEFAULT_ROUTE]
    assert route.channels == ("500",)
    assert route.token_env == "DISCORD_TOKEN"
    assert route.timeout == timedelta(minutes=10)
    assert route.answer_mode is AnswerMode.FIRST_MESSAGE
    assert route.decision_reason is DecisionReason.OPTIONAL
    assert route.caller_gone is CallerGone.KEEP
    assert route.at_end is AtEnd.TIME_OUT
    (tier,) = route.policy
    assert [user.id for user in tier.users] == ["1"]
    assert tier.claim_wait is None


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_taken_as_it_stands(example: Path) -> None:
    assert DEFAULT_ROUTE in load_routes(example).routes


def test_there_are_three_examples() -> None:
    assert [path.stem for path in EXAMPLES] == [
        "routes-approvals",
        "routes-small-shop",
        "routes-support-team",
    ]


def test_names_are_replaced_by_the_people_and_schedules_that_they_stand_for() -> None:
    routes = load_routes(ROOT / "docs" / "examples" / "routes-support-team.toml")
    first, second, third = routes.routes["default"].tiers
    assert first.schedules == (routes.schedules["support"],)
    assert [(role.name, role.id) for role in second.roles] == [("support", "1182731077223653390")]
    assert third.channel == "1182731077223653383"
    refunds = load_routes(ROOT / "docs" / "examples" / "routes-approvals.toml").routes["refunds"]
    assert (refunds.quorum, refunds.at_end) == (2, AtEnd.DENY)
    assert refunds.decision_reason is DecisionReason.REQUIRED


def test_a_file_of_an_editor_on_windows_is_read(tmp_path: Path) -> None:
    file = tmp_path / "routes.toml"
    file.write_bytes(b"\xef\xbb\xbf" + SMALLEST.replace("\n", "\r\n").encode())
    assert DEFAULT_ROUTE in load_routes(file).routes
    file.write_bytes(b"\xef\xbb\xbf" + (SMALLEST + "x = 1\n").replace("\n", "\r\n").encode())
    with pytest.raises(ConfigurationError, match=r"routes.toml:4: routes.default.x: unknown key"):
        load_routes(file)


def test_a_file_that_can_not_be_read_says_why(tmp_path: Path) -> None:
    file = tmp_path / "routes.toml"
    with pytest.raises(ConfigurationError, match="can't be read: No such file"):
        load_routes(file)
    with pytest.raises(ConfigurationError, match="can't be read: Is a directory"):
        load_routes(tmp_path)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="UTF-8"):
        load_routes(file)
    file.write_bytes(b"#" * 200_001)
    with pytest.raises(ConfigurationError, match="at most 200,000 bytes"):
        load_routes(file)


def test_lines_are_found_through_comments_strings_and_arrays_that_look_like_keys() -> None:
    text = '''\
# a = 1
[one]   # [not.this]
text = """
[two]
key = 3
"""
"quoted key".sub = 1
list = [
  { a = 1 },  # b = 2
  { a = 2 },
]

[[two.three]]
a = 1
[[two.three]]
a = 2
[two.three.four]
b = 3
[[two.three.five]]
c = 4
'''
    lines = line_numbers(text)
    assert lines[("one", "text")] == 3
    assert lines[("one", "quoted key", "sub")] == 7
    assert lines[("one", "list", 1, "a")] == 8
    assert lines[("two", "three", 0, "a")] == 14
    assert lines[("two", "three", 1, "a")] == 16
    assert lines[("two", "three", 1, "four", "b")] == 18
    assert lines[("two", "three", 1, "five", 0, "c")] == 20
    assert ("two", "key") not in lines
    assert find_line(lines, ("one", "list", 1, "b")) == 8
    assert find_line(lines, ("elsewhere",)) == 1


def paths(value: Any, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    pairs: Any = value.items() if isinstance(value, dict) else ()  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    inner: Any = enumerate(value) if isinstance(value, list) else pairs  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return {path}.union(*(paths(part, (*path, key)) for key, part in inner))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_key_of_an_example_has_a_line_that_names_it(example: Path) -> None:
    text = example.read_text("utf-8")
    lines = line_numbers(text)
    assert lines.keys() | {()} == paths(tomllib.loads(text))
    for path, number in lines.items():
        key = next(part for part in reversed(path) if isinstance(part, str))
        assert key in text.splitlines()[number - 1]


def test_the_document_names_every_key() -> None:
    document = (ROOT / "docs" / "routes.md").read_text("utf-8")
    tables = (Route, Operators, Attachments, Urgencies, Tier)
    tables += (Schedule, Rotation, Shift, Window, Override)
    keys = {key for table in tables for key in table.model_fields} - {"name"}
    assert {key for key in keys if f"`{key}`" not in document} == set()

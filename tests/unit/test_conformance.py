"""What the runner of the conformance suite takes for a surprise, and what is written of it."""

from __future__ import annotations

import json
import tomllib

from conformance.suite import HERE, Result, Results
from conformance.verdict import Expected, differences, read_expected
from support.processes import ROOT

EXPECTED = Expected(
    passes={"gateway": frozenset({"ping"}), "fixture": frozenset({"ping"})},
    not_applicable={"skills": "there are none"},
)
PASSED = Result(passed=1, failed=0, warnings=0)
FAILED = Result(passed=1, failed=1, warnings=0, failures=("pong: nobody answered",))
EMPTY = Result(passed=0, failed=0, warnings=1)
LISTED = ["ping", "skills"]


def found(
    *, gateway: Result | None = PASSED, fixture: Result | None = PASSED, skills: Result = EMPTY
) -> dict[str, Results]:
    """Make results of two servers, each at two revisions."""
    results: dict[str, Results] = {}
    for server, ping in (("gateway", gateway), ("fixture", fixture)):
        of = {("ping", "2025-11-25"): PASSED, ("skills", "extension"): skills}
        if ping is None:
            del of["ping", "2025-11-25"]
        else:
            of["ping", "2026-07-28"] = ping
        results[server] = Results(of)
    return results


def test_what_is_expected_is_no_surprise() -> None:
    assert differences(EXPECTED, LISTED, found()) == []
    assert differences(EXPECTED, LISTED, found(skills=FAILED)) == []


def test_a_scenario_that_fails_at_one_revision_has_failed() -> None:
    assert differences(EXPECTED, LISTED, found(fixture=FAILED)) == [
        "ping: fails on the fixture at 2026-07-28: pong: nobody answered"
    ]


def test_a_scenario_that_did_not_run_or_checked_nothing_has_not_passed() -> None:
    assert differences(EXPECTED, LISTED, found(gateway=None)) == [
        "ping: checked nothing on the gateway"
    ]
    nothing = found()
    nothing["fixture"].of["ping", "2025-11-25"] = EMPTY
    nothing["fixture"].of["ping", "2026-07-28"] = EMPTY
    assert differences(EXPECTED, LISTED, nothing) == ["ping: checked nothing on the fixture"]


def test_a_new_scenario_and_one_that_is_gone_must_be_decided_about() -> None:
    assert differences(EXPECTED, ["ping", "pong"], found()) == [
        "pong: new in the suite, and in no list",
        "skills: in our lists, and not in the suite",
    ]


def test_a_scenario_that_begins_to_pass_has_lost_its_reason() -> None:
    surprises = differences(EXPECTED, LISTED, found(skills=PASSED))
    assert surprises == [
        f"skills: passes on the {server}, but is listed as not applicable (there are none)"
        for server in ("gateway", "fixture")
    ]


def test_no_scenario_is_expected_to_pass_and_not_to_apply() -> None:
    expected = read_expected(HERE / "scenarios.toml")
    assert not frozenset(expected.not_applicable).intersection(*expected.passes.values())


def test_every_task_scenario_passes_but_the_one_that_checks_nothing() -> None:
    expected = read_expected(HERE / "scenarios.toml")
    tasks = {each for each in expected.named if each.startswith("tasks-")}
    assert len(tasks) == 10
    assert tasks - expected.passes["fixture"] == {"tasks-status-notifications"}


def test_what_does_not_apply_stands_in_the_document_with_its_reason() -> None:
    listed = tomllib.loads((HERE / "scenarios.toml").read_text("utf-8"))["not_applicable"]
    document = (ROOT / "docs" / "conformance.md").read_text("utf-8").splitlines()
    rows = [f"| `{name}` | {reason} |" for name, reason in listed.items()]
    assert [row for row in document if row.startswith("| `")] == rows


def test_the_suite_is_pinned_by_digests_and_to_no_registry() -> None:
    lock = json.loads((HERE / "package-lock.json").read_text("utf-8"))
    packages = {name: each for name, each in lock["packages"].items() if name}
    assert packages["node_modules/@modelcontextprotocol/conformance"]["version"] == "0.2.0-alpha.12"
    assert all(each["integrity"].startswith("sha512-") for each in packages.values())
    assert not any("resolved" in each for each in packages.values())

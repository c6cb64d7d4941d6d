"""`hitl routes check` and `hitl oncall`, as somebody types them."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.processes import ROOT
from typer.testing import CliRunner

from hitl import cli

TEAM = str(ROOT / "docs" / "examples" / "routes-support-team.toml")
SHOP = str(ROOT / "docs" / "examples" / "routes-small-shop.toml")

runner = CliRunner()


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand where no .env lies, before a wide terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ROUTES_FILE", raising=False)
    monkeypatch.setenv("COLUMNS", "200")


def test_a_good_file_is_shown_as_a_table() -> None:
    result = runner.invoke(cli.app, ["routes", "check", TEAM])
    assert result.exit_code == 0, result.output
    for word in ("billing", "kofi, lena, @leads", "1. support (on call) for 8m", "then fallback"):
        assert word in result.output


def test_a_bad_file_is_shown_by_its_mistakes(tmp_path: Path) -> None:
    file = tmp_path / "routes.toml"
    file.write_text("[routes.default]\nchanels = [1]\n", encoding="utf-8")
    result = runner.invoke(cli.app, ["routes", "check", str(file)])
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        f"{file}:1: routes.default.channels: is needed",
        f"{file}:1: routes.default.operators: is needed",
        f"{file}:2: routes.default.chanels: unknown key; did you mean 'channels'?",
    ]
    assert result.stdout == ""
    assert runner.invoke(cli.app, ["oncall", "--file", str(file)]).exit_code == 2


def test_the_file_is_named_by_the_setting_where_no_other_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    result = runner.invoke(cli.app, ["routes", "check"])
    assert result.exit_code == 2
    assert "ROUTES_FILE" in result.stderr
    monkeypatch.setenv("ROUTES_FILE", SHOP)
    assert runner.invoke(cli.app, ["routes", "check"]).exit_code == 0
    assert runner.invoke(cli.app, ["oncall"]).output == "The file has no schedules.\n"
    monkeypatch.delenv("ROUTES_FILE")
    (tmp_path / ".env").write_text(f"ROUTES_FILE={SHOP}\n", encoding="utf-8")
    assert runner.invoke(cli.app, ["routes", "check"]).exit_code == 0
    (tmp_path / ".env").write_text("ROUTES_FILE=\n", encoding="utf-8")
    assert runner.invoke(cli.app, ["routes", "check"]).exit_code == 2


def rows(at: str) -> dict[str, list[str]]:
    result = runner.invoke(cli.app, ["oncall", "--file", TEAM, "--at", at])
    assert result.exit_code == 0, result.output
    cells = [[cell.strip() for cell in line.split("│")] for line in result.output.splitlines()]
    return {row[1]: row[2:-1] for row in cells if len(row) > 1}


def test_oncall_tells_who_is_on_until_when_and_who_is_next() -> None:
    assert rows("2026-10-23T15:00") == {
        "support": ["ines", "Mon 2026-10-26 09:00 CET", "maya", ""],
        "billing": ["kofi, lena", "Fri 2026-10-23 18:00 WEST", "nobody", ""],
    }


def test_oncall_tells_of_overrides_and_quiet_hours() -> None:
    assert rows("2026-12-25T23:00+01:00") == {
        "support": ["ines", "Mon 2026-12-28 09:00 CET", "maya", "until Sat 2026-12-26 07:00 CET"],
        "billing": ["nobody", "Mon 2026-12-28 09:00 WET", "kofi", ""],
    }


def test_oncall_now_needs_no_time() -> None:
    assert runner.invoke(cli.app, ["oncall", "--file", TEAM]).exit_code == 0


def test_a_time_that_is_none_is_refused() -> None:
    result = runner.invoke(cli.app, ["oncall", "--file", TEAM, "--at", "noon"])
    assert result.exit_code == 2
    assert "--at: must be a time such as" in result.stderr
    result = runner.invoke(cli.app, ["oncall", "--file", TEAM, "--at", "0001-01-01T00:00"])
    assert result.exit_code == 2
    assert "--at: must be in the years 2000 to 2999" in result.stderr

"""Which routes hold, for gateway and worker, at the start and after a changed file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from support.processes import ROOT

from escalation_worker.__main__ import main as worker_main
from escalation_worker.bots import read_bots
from escalation_worker.routing import routes_in_force
from escalation_worker.settings import WorkerSettings
from mcp_gateway.__main__ import main as gateway_main
from mcp_gateway.settings import GatewaySettings
from mcp_gateway.terms import Terms, terms_in_force
from shared.errors import ConfigurationError
from shared.routes.route import AtEnd, Route
from shared.routes.steps import End
from shared.routes_in_force import InForce
from shared.settings import load

GOOD = """
[routes.default]
channels = [500]
operators = { users = [1] }
[routes.refunds]
channels = [501]
operators = { users = [1, 2] }
timeout = "30m"
quorum = 2
at_end = "deny"
"""
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("routes-*.toml"))


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Name a good file in the environment."""
    monkeypatch.chdir(tmp_path)  # no .env of the developer's own
    path = tmp_path / "routes.toml"
    path.write_text(GOOD, encoding="utf-8")
    monkeypatch.setenv("ROUTES_FILE", str(path))
    return path


def worker_routes() -> InForce[Route]:
    """Put the routes into force as a worker does."""
    settings = load(WorkerSettings)
    return routes_in_force(settings, read_bots(settings))


@pytest.mark.usefixtures("file")
def test_the_gateway_asks_on_the_terms_of_each_route() -> None:
    terms = terms_in_force(load(GatewaySettings))
    assert terms.names == ("default", "refunds")
    assert terms.of("refunds") == Terms(timedelta(minutes=30), 2, End(AtEnd.DENY, None))
    assert terms.of("long-gone") == terms.of("default")


def test_without_a_file_the_settings_make_the_one_route(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ESCALATION_TIMEOUT", "90")
    terms = terms_in_force(load(GatewaySettings))
    assert terms.names == ("default",)
    assert terms.of("default") == Terms(timedelta(seconds=90)), "the agent says how many approve"
    assert worker_routes().of("default").channels == (), "on the desk"
    monkeypatch.setenv("DISCORD_TOKEN", "made-up")
    monkeypatch.setenv("DISCORD_CHANNEL_ID", "500")
    monkeypatch.setenv("DISCORD_USER_ID", "1")
    routes = worker_routes()
    assert routes.of("default").channels == ("500",)
    assert [user.id for user in routes.of("default").operators.users] == ["1"]


@pytest.mark.usefixtures("file")
def test_a_file_takes_the_place_of_channel_and_operators(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "made-up")
    routes = worker_routes()
    assert routes.of("refunds").channels == ("501",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[routes.default]\n", "routes.toml:1: routes.default.channels: is needed"),
        (GOOD + 'token_env = "OTHER_TOKEN"\n', "routes.refunds.token_env: OTHER_TOKEN is not set"),
    ],
)
def test_a_bad_file_ends_the_start_with_its_mistakes(file: Path, text: str, said: str) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=said):
        worker_routes()
    file.unlink()
    with pytest.raises(ConfigurationError, match="can't be read"):
        terms_in_force(load(GatewaySettings))


def test_a_bad_new_file_leaves_the_old_one_in_force_and_says_so_in_one_line(file: Path) -> None:
    terms = terms_in_force(load(GatewaySettings))
    file.write_text(GOOD.replace("channels", "chanels"), encoding="utf-8")
    with structlog.testing.capture_logs() as logged:
        assert not terms.reload()
    assert terms.names == ("default", "refunds")
    (line,) = logged
    assert line["event"] == "routes_not_reloaded"
    assert "chanels" in line["first"] or "channels" in line["first"]

    file.write_text(GOOD.replace("refunds", "returns"), encoding="utf-8")
    assert terms.reload()
    assert terms.names == ("default", "returns")
    assert terms.of("refunds") == terms.of("default"), "its route is gone"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_gateway_and_worker_take_each_example(
    example: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ROUTES_FILE", str(example))
    monkeypatch.setenv("DISCORD_TOKEN", "made-up")
    routes = worker_routes()
    assert routes.names == terms_in_force(load(GatewaySettings)).names


@pytest.mark.parametrize("main", [worker_main, gateway_main])
def test_a_process_with_a_bad_file_ends_with_code_two_and_says_why(
    main: Callable[[], int], file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text("[routes.default]\nchanels = [1]\n", encoding="utf-8")
    assert main() == 2
    told = capsys.readouterr().err
    assert f"{file}:2: routes.default.chanels: unknown key; did you mean 'channels'?" in told

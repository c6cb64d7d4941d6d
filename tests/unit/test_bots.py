"""Which bots a worker runs, what is wrong with their tokens, and whose a question is."""

from __future__ import annotations

import runpy
from collections.abc import Mapping
from pathlib import Path

import pytest
import structlog
from pydantic import SecretStr
from support.make import a_posting, an_ask
from support.processes import ROOT

from escalation_worker.__main__ import main as worker_main
from escalation_worker.bots import read_bots
from escalation_worker.by_bot import ByBot, tell_of_others
from escalation_worker.escalating import Call
from escalation_worker.routing import routes_in_force
from escalation_worker.settings import WorkerSettings
from shared.errors import ChannelUnavailableError, ConfigurationError
from shared.escalation import DEFAULT_BOT, ChannelKind, Escalation, Posting
from shared.memory.escalations import MemoryEscalations
from shared.ports.channel import PostingJournal
from shared.redis_adapter.keys import Keys
from shared.routes.file import parse_routes
from shared.routes.route import Route
from shared.routes_in_force import InForce
from shared.settings import load

BILLING = "BILLING_TOKEN"
FILE = """[routes.default]
channels = [500]
operators = { users = [1] }
[routes.billing]
channels = [501]
token_env = "BILLING_TOKEN"
operators = { users = [1] }
"""
SECRET = "made-up-billing-token"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Name a file with two bots; the token of the first one is set."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "routes.toml"
    path.write_text(FILE, encoding="utf-8")
    monkeypatch.setenv("ROUTES_FILE", str(path))
    monkeypatch.setenv(DEFAULT_BOT, "made-up-token")
    monkeypatch.delenv(BILLING, raising=False)
    return path


def tokens() -> dict[str, str]:
    """Read the bots as a worker's start does."""
    bots = read_bots(load(WorkerSettings))
    return {bot: token.get_secret_value() for bot, token in bots.items()}


@pytest.mark.usefixtures("file")
def test_there_is_a_bot_for_each_variable_that_a_route_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(BILLING, SECRET)
    assert tokens() == {DEFAULT_BOT: "made-up-token", BILLING: SECRET}
    assert SECRET not in repr(read_bots(load(WorkerSettings)))


def test_a_token_may_stand_in_the_file_of_settings(file: Path) -> None:
    (file.parent / ".env").write_text(f"{BILLING}={SECRET}\n", encoding="utf-8")
    assert tokens()[BILLING] == SECRET


def test_a_bot_that_no_route_names_is_not_run_and_needs_no_token(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text(FILE.replace("[500]", f'[500]\ntoken_env = "{BILLING}"'), encoding="utf-8")
    monkeypatch.setenv(BILLING, SECRET)
    assert tokens() == {BILLING: SECRET}
    monkeypatch.setenv(DEFAULT_BOT, "")
    assert tokens() == {BILLING: SECRET}


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_bot_without_a_token_is_told_with_file_line_route_and_variable(
    file: Path, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    if value is not None:
        monkeypatch.setenv(BILLING, value)
    with pytest.raises(ConfigurationError) as refused:
        tokens()
    assert str(refused.value).startswith(
        f"{file}:6: routes.billing.token_env: {BILLING} is not set: "
    )
    monkeypatch.setenv(DEFAULT_BOT, "")
    with pytest.raises(ConfigurationError) as refused:
        tokens()
    first, second = str(refused.value).splitlines()
    assert first.startswith(f"{file}:1: routes.default.token_env: {DEFAULT_BOT} is not set")
    assert BILLING in second


def test_two_names_for_one_bot_are_refused_without_the_token(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BILLING, "made-up-token")
    with pytest.raises(ConfigurationError) as refused:
        tokens()
    assert str(refused.value).startswith(
        f"{file}:6: routes.billing.token_env: {BILLING} holds the same token as {DEFAULT_BOT}"
    )
    assert "made-up-token" not in str(refused.value)


def test_where_no_route_names_a_bot_and_none_is_set_there_is_the_desk(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text(FILE.replace(f'token_env = "{BILLING}"\n', ""), encoding="utf-8")
    monkeypatch.setenv(DEFAULT_BOT, "")
    assert tokens() == {}
    monkeypatch.setenv("DESK_HOST", "0.0.0.0")  # noqa: S104 (what is refused here)
    with pytest.raises(ConfigurationError, match="DESK_PASSWORD"):
        tokens()


def test_a_desk_that_is_not_served_needs_no_password(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text(FILE.replace("[500]", f'[500]\ntoken_env = "{BILLING}"'), encoding="utf-8")
    monkeypatch.setenv(DEFAULT_BOT, "")
    monkeypatch.setenv(BILLING, SECRET)
    monkeypatch.setenv("DESK_HOST", "0.0.0.0")  # noqa: S104 (as in a container)
    assert tokens() == {BILLING: SECRET}


def test_a_start_with_a_bot_without_a_token_ends_with_code_two(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert worker_main() == 2
    assert f"worker: {file}:6: routes.billing.token_env: {BILLING}" in capsys.readouterr().err


def test_a_containers_health_is_that_of_the_desk_only_where_there_is_one(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serves_the_desk = runpy.run_path(str(ROOT / "docker" / "health.py"))["_serves_the_desk"]
    monkeypatch.setenv(DEFAULT_BOT, "")
    file.write_text(FILE.replace(f'token_env = "{BILLING}"\n', ""), encoding="utf-8")
    assert serves_the_desk()
    file.write_text(FILE.replace("[500]", f'[500]\ntoken_env = "{BILLING}"'), encoding="utf-8")
    monkeypatch.setenv(BILLING, SECRET)
    assert not serves_the_desk()
    file.write_text("changed and wrong", encoding="utf-8")
    assert not serves_the_desk(), "the worker goes on with what it has read"


def test_a_changed_file_that_names_another_bot_is_refused_as_a_whole_until_a_restart(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BILLING, SECRET)
    monkeypatch.setenv("OTHER_TOKEN", "set, but not read at the start")
    settings = load(WorkerSettings)
    routes = routes_in_force(settings, read_bots(settings))
    changed = FILE.replace(BILLING, "OTHER_TOKEN").replace("[500]", "[502]")
    file.write_text(changed, encoding="utf-8")
    with structlog.testing.capture_logs() as logged:
        assert not routes.reload()
    (line,) = logged
    assert line["event"] == "routes_not_reloaded"
    assert f"{file}:6: routes.billing.token_env: OTHER_TOKEN" in line["first"]
    assert "restart the worker" in line["first"]
    assert routes.of("default").channels == ("500",)

    file.write_text(FILE.replace(BILLING, DEFAULT_BOT), encoding="utf-8")
    assert routes.reload(), "that bot runs"
    assert routes.of("billing").token_env == DEFAULT_BOT


def test_the_first_bots_keys_are_those_of_the_time_when_there_was_no_other() -> None:
    keys = Keys("p")
    assert keys.slot(DEFAULT_BOT, 0) == "p:slot:0"
    assert keys.fence(DEFAULT_BOT, 1) == "p:slot:1:fence"
    assert keys.heard_until(DEFAULT_BOT) == "p:heard_until"
    assert keys.posting(DEFAULT_BOT, "7") == "p:posting:7"
    assert keys.slot(BILLING, 0) == "p:bot:BILLING_TOKEN:slot:0"
    named = [keys.posting(BILLING, "7"), keys.heard_until(BILLING), keys.rest(BILLING)]
    assert all(key.startswith("p:bot:BILLING_TOKEN:") for key in named)


def test_a_posting_of_the_time_when_there_was_one_bot_is_that_bots() -> None:
    old = Posting.model_validate_json('{"channel":"discord","place":"5","reference":"9"}')
    assert old.is_of(DEFAULT_BOT)
    assert not old.is_of(BILLING)
    at_the_desk = Posting(channel=ChannelKind.DESK, place="desk", reference="desk:1")
    assert not at_the_desk.is_of(DEFAULT_BOT)


class FakeBot:
    """A fake of one bot's channel that remembers what it was to do."""

    def __init__(self) -> None:
        self.did: list[str] = []

    async def post(self, escalation: Escalation, journal: PostingJournal) -> Posting:
        self.did.append("post")
        return a_posting()

    async def show_outcome(self, escalation: Escalation) -> None:
        self.did.append("show")

    async def call_people(self, escalation: Escalation, call: Call) -> None:
        self.did.append("call")


class Journal:
    """A fake of `PostingJournal`."""

    attempt = 1

    async def started(self, posting: Posting) -> None:
        """Write nothing down."""

    def found(self) -> None:
        """Remember nothing."""


async def do_all(by_bot: ByBot, escalation: Escalation) -> None:
    """Let a question be posted, called to, and shown."""
    call = Call(number=1, users=(), roles=(), channel=None, is_reminder=False)
    await by_bot.post(escalation, Journal())
    await by_bot.call_people(escalation, call)
    await by_bot.show_outcome(escalation)


async def asked(route: str, posting: Posting | None = None) -> Escalation:
    """Make a question on a route, shown there if that is said."""
    accepted = (await MemoryEscalations().accept(an_ask(route=route))).escalation
    return accepted.model_copy(update={"posting": posting})


@pytest.mark.parametrize(
    ("posting", "does_it"),
    [
        (None, BILLING),
        (a_posting(bot=BILLING), BILLING),
        (a_posting(), DEFAULT_BOT),
        (Posting(channel=ChannelKind.DESK, place="desk", reference="desk:1"), BILLING),
    ],
)
async def test_a_question_is_its_postings_bots_and_before_it_has_one_its_routes(
    posting: Posting | None, does_it: str
) -> None:
    routes: InForce[Route] = InForce(lambda: parse_routes(FILE).routes)
    bots = {DEFAULT_BOT: FakeBot(), BILLING: FakeBot()}
    await do_all(ByBot(bots, routes), await asked("billing", posting))
    assert bots[does_it].did == ["post", "call", "show"]
    assert sum(len(bot.did) for bot in bots.values()) == 3


async def test_a_question_of_a_bot_that_is_not_run_here_waits_for_a_worker_that_runs_it() -> None:
    routes: InForce[Route] = InForce(lambda: parse_routes(FILE).routes)
    bots = {DEFAULT_BOT: FakeBot(), BILLING: FakeBot()}
    by_bot = ByBot(bots, routes)
    escalation = await asked("billing", a_posting(bot="FORMER_TOKEN"))
    with pytest.raises(ChannelUnavailableError, match="FORMER_TOKEN"):
        await by_bot.show_outcome(escalation)
    assert not any(bot.did for bot in bots.values())


async def test_open_questions_of_bots_that_are_not_run_are_told_of_once() -> None:
    async def open_postings() -> Mapping[str, Posting]:
        return {
            "1": a_posting("1"),
            "2": a_posting("2", bot="FORMER_TOKEN"),
            "3": a_posting("3", bot="FORMER_TOKEN"),
            "4": Posting(channel=ChannelKind.DESK, place="desk", reference="desk:4"),
        }

    with structlog.testing.capture_logs() as logged:
        await tell_of_others(open_postings, {DEFAULT_BOT: SecretStr("t")})
    (line,) = logged
    assert (line["event"], line["bot"], line["questions"]) == ("bot_not_run", "FORMER_TOKEN", 2)

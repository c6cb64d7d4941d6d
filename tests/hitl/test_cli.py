"""The command line: quick help, and a clear word where something is not installed."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hitl import cli, embedded_redis, extras
from hitl.embedded_redis import EmbeddedRedis

ROOT = Path(cli.__file__).resolve().parent.parent
HEAVY = ("videosdk", "discord", "mcp", "redis", "arq", "starlette", "uvicorn", "pydantic", "httpx2")
COMMANDS = ("gateway", "stdio", "worker", "agent", "demo", "doctor", "routes", "oncall", "version")

runner = CliRunner()


def _hitl(*arguments: str, cwd: Path = ROOT, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 (our own command line)
        [sys.executable, "-m", "hitl", *arguments],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "COLUMNS": "200", **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_names_every_command() -> None:
    result = _hitl("--help")
    assert result.returncode == 0
    for command in COMMANDS:
        assert command in result.stdout


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from hitl import cli, extras\n"
        "try: cli.app(['--help'])\n"
        "except SystemExit: pass\n"
        f"heavy = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "sys.exit(','.join(heavy) or 0)"
    )
    result = subprocess.run(  # noqa: S603 (our own command line)
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.stderr == ""
    assert result.returncode == 0


@pytest.mark.parametrize(
    ("command", "extra"),
    [("gateway", "gateway"), ("worker", "worker"), ("agent", "agent"), ("demo", "all")],
)
def test_a_command_whose_extra_is_missing_names_the_extra_in_one_line(
    command: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(extras.NEEDS, extra, ("no_such_package", "redis"))
    result = runner.invoke(cli.app, [command])
    assert result.exit_code == 1
    (line,) = result.output.splitlines()
    assert "no_such_package" in line
    assert f'pip install ".[{extra}]" in the project\'s folder' in line


def test_what_is_listed_for_each_command_is_what_its_extra_installs() -> None:
    for extra in extras.NEEDS:
        assert extras.missing(extra) == []


@pytest.mark.parametrize(
    ("command", "setting", "word"),
    [
        ("gateway", {"GATEWAY_PORT": "99999"}, "GATEWAY_PORT"),
        ("worker", {"DESK_HOST": "192.0.2.1"}, "DESK_PASSWORD"),
        ("agent", {"CHAT_PORT": "none"}, "CHAT_PORT"),
    ],
)
def test_a_wrong_setting_ends_a_command_with_its_name(
    command: str, setting: dict[str, str], word: str, tmp_path: Path
) -> None:
    result = _hitl(command, cwd=tmp_path, **setting)
    assert result.returncode == 2
    assert word in result.stderr
    assert "Traceback" not in result.stderr


def test_version_prints_the_version() -> None:
    result = runner.invoke(cli.app, ["version"])
    assert result.exit_code == 0
    assert result.output.startswith("hitl-escalation")


def test_doctor_finds_all_well_where_it_is(tmp_path: Path, valkey: EmbeddedRedis) -> None:
    result = _hitl("doctor", cwd=tmp_path, REDIS_URL=valkey.url)
    assert result.returncode == 0, result.stdout
    assert "Valkey" in result.stdout
    assert "append-only file" in result.stdout
    assert valkey.password.get_secret_value() not in result.stdout


def test_doctor_says_what_to_do_when_redis_is_away(tmp_path: Path) -> None:
    result = _hitl("doctor", cwd=tmp_path, REDIS_URL="redis://:s3cret-word@127.0.0.1:1/0")
    assert result.returncode == 1
    assert "REDIS_URL: no answer" in result.stdout
    assert "s3cret-word" not in result.stdout + result.stderr


def test_doctor_tells_half_a_discord_configuration(tmp_path: Path) -> None:
    result = _hitl("doctor", cwd=tmp_path, DISCORD_TOKEN="made-up-token")
    assert result.returncode == 1
    assert "DISCORD_CHANNEL_ID" in result.stdout
    assert "made-up-token" not in result.stdout + result.stderr


def test_doctor_tells_of_each_bot_by_the_name_of_its_variable(tmp_path: Path) -> None:
    operators = "operators = { users = [1] }"
    (tmp_path / "routes.toml").write_text(
        f"[routes.default]\nchannels = [1]\n{operators}\n"
        f'[routes.billing]\nchannels = [2]\n{operators}\ntoken_env = "BILLING_TOKEN"\n',
        encoding="utf-8",
    )
    settings = {"ROUTES_FILE": "routes.toml", "DISCORD_TOKEN": "made-up-token"}
    result = _hitl("doctor", cwd=tmp_path, **settings)
    assert result.returncode == 1
    assert "routes.toml:7: routes.billing.token_env: BILLING_TOKEN is not set" in result.stdout
    result = _hitl("doctor", cwd=tmp_path, BILLING_TOKEN="made-up-too", **settings)
    for words in ("bot DISCORD_TOKEN", "its routes: default", "bot BILLING_TOKEN", "billing"):
        assert words in result.stdout
    assert "made-up" not in result.stdout + result.stderr


async def test_doctor_does_not_wait_for_a_redis_that_accepts_and_says_nothing(
    tmp_path: Path,
) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server, asyncio.timeout(30):
        url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        result = await asyncio.to_thread(_hitl, "doctor", cwd=tmp_path, REDIS_URL=url)
    assert result.returncode == 1
    assert "REDIS_URL: no answer" in result.stdout


def test_doctor_warns_of_an_append_only_file_that_is_off(tmp_path: Path) -> None:
    server = embedded_redis.start(
        tmp_path, server=embedded_redis.find_wheel_server(), appendonly=False
    )
    try:
        result = _hitl("doctor", cwd=tmp_path, REDIS_URL=server.url)
    finally:
        server.stop()
    assert result.returncode == 0
    assert "appendonly yes" in result.stdout


def test_doctor_names_the_sentinels_when_they_are_away(tmp_path: Path) -> None:
    result = _hitl("doctor", cwd=tmp_path, REDIS_SENTINELS="127.0.0.1:1")
    assert result.returncode == 1
    assert "REDIS_SENTINELS: no answer" in result.stdout

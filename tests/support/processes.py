"""Operating-system processes for end-to-end tests: started, watched, killed by their own id."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from hitl.embedded_redis import free_port

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 20.0
STOP_SECONDS = 15.0


@dataclass(slots=True)
class Process:
    """One process of ours, with its log in a file."""

    module: str
    env: Mapping[str, str]
    log: Path
    arguments: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        """Start it, or start it anew."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 (our own module)
                [sys.executable, "-m", self.module, *self.arguments],
                cwd=self.log.parent,  # no .env of a developer's is read here
                env=_environment(self.env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        """End it as a crash would: SIGKILL."""
        self._running().kill()
        self._running().wait(STOP_SECONDS)

    def pause(self) -> None:
        """Let it stand still, as a machine without breath does: SIGSTOP."""
        self._running().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on: SIGCONT."""
        self._running().send_signal(signal.SIGCONT)

    def stop(self) -> int:
        """End it in order: SIGTERM. Return its exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(STOP_SECONDS)
            raise

    def text(self) -> str:
        """Read its log."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    async def until_logged(self, *marks: str, times: int = 1) -> None:
        """Wait for one of these marks in the log; bounded.

        Raises:
            AssertionError: It ended, or the mark did not come; with the log's end.
        """
        deadline = time.monotonic() + START_SECONDS
        while self._count(marks) < times:
            ended = self._running().poll() is not None
            if time.monotonic() > deadline or (ended and self._count(marks) < times):
                raise AssertionError(
                    f"{self.module}: no {marks} in its log:\n{self.text()[-4000:]}"
                )
            await asyncio.sleep(0.02)

    def _count(self, marks: tuple[str, ...]) -> int:
        text = self.text()
        return sum(text.count(mark) for mark in marks)

    def _running(self) -> subprocess.Popen[bytes]:
        assert self.process is not None, "not started"
        return self.process


def gateway(folder: Path, env: Mapping[str, str], *, port: int | None = None) -> Process:
    """Describe a gateway; its port stands in its environment."""
    port = port or free_port()
    return Process(
        "mcp_gateway", {"GATEWAY_PORT": str(port), **env}, folder / f"gateway-{port}.log"
    )


def gateway_url(process: Process) -> str:
    """Tell a gateway's address."""
    return f"http://127.0.0.1:{process.env['GATEWAY_PORT']}/mcp"


async def until_ready(process: Process) -> None:
    """Wait until a gateway answers that it is ready."""
    url = gateway_url(process).removesuffix("/mcp") + "/readyz"
    deadline = time.monotonic() + START_SECONDS
    async with httpx2.AsyncClient(timeout=2) as client:
        while True:
            try:
                if (await client.get(url)).is_success:
                    return
            except httpx2.HTTPError:
                pass
            if time.monotonic() > deadline:
                raise AssertionError(f"gateway not ready:\n{process.text()[-4000:]}")
            await asyncio.sleep(0.02)


def _environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Give a process our settings and none of the machine's."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), "LOG_FORMAT": "json", "LOG_LEVEL": "DEBUG", **extra}

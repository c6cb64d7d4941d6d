"""One child process of the demo: started with a log of its own, awaited, and stopped in order."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import httpx2

POLL_SECONDS: Final = 0.05
STOP_SECONDS: Final = 6.0
TAIL_LINES: Final = 12


class DemoError(Exception):
    """The demo can't go on; the message says why, and what to do."""


class Child:
    """A Python module that runs in a process of its own."""

    def __init__(
        self, name: str, module: str, *, health_url: str, folder: Path, env: Mapping[str, str]
    ) -> None:
        self.name = name
        self._module = module
        self._health_url = health_url
        self._folder = folder
        self._env = env
        self._process: asyncio.subprocess.Process | None = None

    @property
    def log(self) -> Path:
        """Where it writes."""
        return self._folder / f"{self.name}.log"

    async def start(self) -> None:
        """Start it. The log begins anew."""
        with self.log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "hitl.demo.leash",
                self._module,
                stdin=asyncio.subprocess.PIPE,  # the leash: never written to
                stdout=log,
                stderr=log,
                env=dict(self._env),
                # Its own folder, so that no .env of the user's is read.
                cwd=self._folder,
                # Ctrl-C in the terminal is for us; we stop the children in order.
                start_new_session=True,
            )

    async def healthy(self) -> None:
        """Wait until it answers.

        Raises:
            DemoError: It ended instead.
        """
        async with httpx2.AsyncClient(trust_env=False, timeout=1.0) as client:
            while True:
                with contextlib.suppress(httpx2.HTTPError):
                    if (await client.get(self._health_url)).is_success:
                        return
                if self._process is not None and self._process.returncode is not None:
                    raise self._ended(self._process.returncode)
                await asyncio.sleep(POLL_SECONDS)

    async def watch(self) -> None:
        """Wait until it ends by itself.

        Raises:
            DemoError: It did; always.
        """
        if self._process is None:
            raise AssertionError("watched before it was started")
        raise self._ended(await self._process.wait())

    async def stop(self) -> None:
        """End it in order, or by force after `STOP_SECONDS`."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    def tail(self) -> str:
        """Read the last lines of its log."""
        with contextlib.suppress(OSError):
            lines = self.log.read_text("utf-8", errors="replace").splitlines()
            return "\n".join(f"    {line[:300]}" for line in lines[-TAIL_LINES:])
        return ""

    def _ended(self, code: int) -> DemoError:
        how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        return DemoError(
            f"the {self.name} {how}. Its last words:\n{self.tail() or '    (none)'}\n"
            f"  The whole log: {self.log}\n  What to do: start the demo again; if it happens "
            "twice, `hitl doctor` tells whether something is missing."
        )

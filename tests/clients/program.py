"""A client's program as a process: what it is told, and what it reports, line by line."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from support.processes import ROOT

from clients import environments

KEY: Final = "clients-key-0123456789"


@dataclass(slots=True)
class Program:
    """One program that runs."""

    process: asyncio.subprocess.Process
    errors: Path
    reports: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    async def until(self, report: str) -> dict[str, Any]:
        """Wait for a report; what comes before it is kept, too.

        Raises:
            AssertionError: It ended without it; with all that it said.
        """
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            if not line.startswith(b'{"report"'):
                continue  # a library's own words
            self.reports.append(json.loads(line))
            if self.reports[-1]["report"] == report:
                return self.reports[-1]
        said = self.errors.read_text("utf-8", "replace")[-3000:]
        raise AssertionError(f"no report {report!r} in {self.reports}\n{said}")

    def go_on(self) -> None:
        """Let it do the next thing."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"\n")

    async def all_output(self) -> str:
        """Read the rest of what it writes, until it ends."""
        output, _ = await self.process.communicate()
        return output.decode()


@asynccontextmanager
async def running(
    client: str, *arguments: str, url: str, folder: Path, key: str = KEY
) -> AsyncGenerator[Program]:
    """Run a client's own program, and end it if it does not by itself."""
    async with executing(
        *environments.command(client), *arguments, client=client, url=url, folder=folder, key=key
    ) as program:
        yield program


@asynccontextmanager
async def executing(
    *command: str, client: str, url: str, folder: Path, key: str = KEY
) -> AsyncGenerator[Program]:
    """Run a command where a client lives."""
    errors = folder / f"{client}.err"
    with errors.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=environments.HERE / client,
            env=_environment({"GATEWAY_URL": url, "GATEWAY_API_KEY": key}, folder),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            limit=1024 * 1024,
        )
    try:
        yield Program(process, errors)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _environment(own: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Give a client a home of its own; `hitl` is found on its path, where it starts that."""
    path = [str(environments.UV.parent), str(environments.NODE), os.environ["PATH"]]
    return {
        "PATH": os.pathsep.join(path),
        "HOME": str(folder),
        "PYTHONPATH": "",
        "PYTHONDONTWRITEBYTECODE": "1",
        **own,
    }


assert (ROOT / "tests" / "clients") == environments.HERE

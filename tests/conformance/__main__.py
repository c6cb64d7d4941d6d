"""`python -m conformance`: start the servers, run the suite, print a table; 1 for a surprise."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from support import processes
from support.processes import Process

from conformance import suite
from conformance.suite import Results, Scenario
from conformance.verdict import Expected, differences, read_expected
from hitl import embedded_redis
from hitl.embedded_redis import free_port

EXPECTED: Final = Path(__file__).parent / "scenarios.toml"
WIDTH: Final = 150
HOLD_SECONDS: Final = "1"
"""No scenario waits for a person, and none is to wait for long in vain."""


async def main() -> int:
    """Run it all; return the exit code."""
    expected = read_expected(EXPECTED)
    await suite.install()
    listed = await suite.scenarios()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="conformance-")))
        servers = _start(folder, stack)
        async with asyncio.TaskGroup() as group:
            for process in servers.values():
                group.create_task(processes.until_ready(process))
        async with asyncio.TaskGroup() as group:
            running = {
                server: group.create_task(
                    suite.run(processes.gateway_url(process), listed, folder / server)
                )
                for server, process in servers.items()
            }
        found = {server: task.result() for server, task in running.items()}
    console = Console(width=WIDTH)
    console.print(_table(expected, listed, found))
    problems = differences(expected, [each.name for each in listed], found)
    for problem in problems:
        console.print(problem, style="red", markup=False)
    if not problems:
        console.print(f"{len(listed)} scenarios, each as expected")
    return 1 if problems else 0


def _start(folder: Path, stack: ExitStack) -> dict[str, Process]:
    """Start a Redis, the gateway and the fixture server; they end with the stack."""
    redis = embedded_redis.start(folder, server=embedded_redis.find_wheel_server())
    stack.callback(redis.stop)
    servers: dict[str, Process] = {}
    for server, module in (("gateway", "mcp_gateway"), ("fixture", "conformance.fixture_server")):
        env = {
            "REDIS_URL": redis.url,
            "REDIS_KEY_PREFIX": f"conformance-{server}",
            "GATEWAY_PORT": str(free_port()),
            "GATEWAY_HOLD_SECONDS": HOLD_SECONDS,
            "PYTHONPATH": f"{processes.ROOT}:{processes.ROOT / 'tests'}",
        }
        servers[server] = Process(module, env, folder / f"{server}.log")
        servers[server].start()
        stack.callback(servers[server].stop)
    return servers


def _table(expected: Expected, listed: list[Scenario], found: dict[str, Results]) -> Table:
    table = Table("scenario", *found, "not applicable because", box=box.SIMPLE)
    for scenario in listed:
        cells = [_cell(results, scenario.name) for results in found.values()]
        counted = [
            cell if scenario.name in expected.passes.get(server, ()) else ""
            for server, cell in zip(found, cells, strict=True)
        ]
        reason = expected.not_applicable.get(scenario.name)
        table.add_row(scenario.name, *counted, reason)
    return table


def _cell(results: Results, name: str) -> str:
    """Sum a scenario up over the revisions at which it ran."""
    of = results.scenario(name).values()
    passed, failed = sum(each.passed for each in of), sum(each.failed for each in of)
    warnings = sum(each.warnings for each in of)
    return (
        f"{passed}"
        + (f", {failed} failed" if failed else "")
        + (f", {warnings} warned" if warnings else "")
    )


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

"""The Inspector's command line, in both eras: in the newer one it takes a task and waits for it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from support.tool_names import TOOLS

from clients import environments
from clients.conftest import House
from clients.program import KEY, executing

pytestmark = [
    pytest.mark.clients,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(300),
]


@pytest.fixture(autouse=True, scope="module")
def installed() -> None:
    """Make its environment."""
    environments.ensure("inspector")


async def inspect(
    house: House, folder: Path, *arguments: str, key: str = KEY, era: str = "legacy"
) -> tuple[int | None, Any]:
    """Run one command of it; return its exit code and what it printed."""
    command = [
        *environments.command("inspector", "node_modules/.bin/mcp-inspector"),
        *("--cli", house.url, "--header", f"Authorization: Bearer {key}"),
        *("--protocol-era", era, "--format", "json", "--stored-auth-only", *arguments),
    ]
    async with executing(*command, client="inspector", url=house.url, folder=folder) as program:
        printed = await program.all_output()
        return program.process.returncode, json.loads(printed) if printed else None


def call(tool: str, **arguments: object) -> tuple[str, ...]:
    """Name a call of a tool as the command line wants it."""
    return (
        *("--method", "tools/call", "--tool-name", tool),
        *("--tool-args-json", json.dumps(arguments)),
    )


@pytest.mark.parametrize("era", ["legacy", "modern"])
async def test_it_lists_the_tools(house: House, tmp_path: Path, era: str) -> None:
    async with asyncio.timeout(60):
        code, listed = await inspect(house, tmp_path, "--method", "tools/list", era=era)
    assert code == 0
    assert [tool["name"] for tool in listed["result"]["tools"]] == TOOLS


async def test_a_call_comes_back_pending_and_the_next_one_brings_the_answer(
    house: House, tmp_path: Path
) -> None:
    async with asyncio.timeout(90):
        _, pending = await inspect(
            house, tmp_path, *call("ask_human", question="Inspected?", wait_seconds=0.5)
        )
        told = pending["result"]["structuredContent"]
        assert told["status"] == "pending"
        thread = await house.double.until_thread("Inspected?")
        await house.double.person("Maya").write(thread, "Closely.")
        asked = call("check_answer", escalation_id=told["escalation_id"])
        code, answered = await inspect(house, tmp_path, *asked)
    assert code == 0
    assert answered["result"]["content"][0]["text"] == "Closely."
    assert answered["result"]["structuredContent"]["answered_by"]["name"] == "Maya"


async def test_in_the_newer_era_a_task_goes_on_behind_the_call_until_its_answer(
    house: House, tmp_path: Path
) -> None:
    async with asyncio.timeout(90), asyncio.TaskGroup() as group:
        asking = group.create_task(
            inspect(house, tmp_path, *call("ask_human", question="A task?"), era="modern")
        )
        thread = await house.double.until_thread("A task?")
        await house.double.person("Maya").write(thread, "Indeed.")
        code, answered = await asking
    assert code == 0
    assert "Indeed." in json.dumps(answered)


async def test_a_wrong_key_is_refused(house: House, tmp_path: Path) -> None:
    async with asyncio.timeout(60):
        code, _ = await inspect(
            house, tmp_path, "--method", "tools/list", key="another-key-0123456789"
        )
    assert code != 0
    assert "clients-key" not in (tmp_path / "inspector.err").read_text("utf-8")

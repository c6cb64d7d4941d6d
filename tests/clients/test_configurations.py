"""The configurations that the document shows for clients that can't be run here, run elsewhere."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from support.processes import ROOT
from support.tool_names import TOOLS

from clients import environments
from clients.conftest import House
from clients.program import KEY, executing

pytestmark = [
    pytest.mark.clients,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(300),
]


def shown() -> list[str]:
    """Cut the configurations out of the document."""
    document = (ROOT / "docs" / "clients.md").read_text("utf-8")
    return re.findall(r"^```json\n(.*?)^```$", document, re.DOTALL | re.MULTILINE)


def filled_in(text: str, url: str) -> dict[str, Any]:
    """Put this house's address and key in the places of the examples."""
    key = re.sub(r"\$\{GATEWAY_API_KEY\}|\bKEY\b", KEY, text)
    return json.loads(key.replace("https://ask.example.org/mcp", url))


@pytest.mark.parametrize("which", [0, 1])
async def test_a_configuration_as_it_stands_in_the_document_works(
    house: House, tmp_path: Path, which: int
) -> None:
    await asyncio.to_thread(environments.ensure, "inspector")
    assert len(shown()) == 2
    file = tmp_path / "mcp.json"
    file.write_text(json.dumps(filled_in(shown()[which], house.url)), "utf-8")
    command = [
        *environments.command("inspector", "node_modules/.bin/mcp-inspector"),
        *("--cli", "--config", str(file), "--server", "people"),
        *("--method", "tools/list", "--format", "json"),
    ]
    async with (
        asyncio.timeout(60),
        executing(*command, client="inspector", url=house.url, folder=tmp_path) as program,
    ):
        printed = await program.all_output()
    assert printed, program.errors.read_text("utf-8")
    assert [tool["name"] for tool in json.loads(printed)["result"]["tools"]] == TOOLS

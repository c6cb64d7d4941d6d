"""What the documents say of the code is what the code says of itself."""

from __future__ import annotations

import re
from pathlib import Path

from faults.mutations import MUTATIONS
from support.gateway import a_client
from support.processes import ROOT

from escalation_worker.discord_channel.hearing.command_definitions import COMMANDS, QUESTION
from escalation_worker.discord_channel.showing import controls
from mcp_gateway.results.rendering import AnswerResult, CastVote
from shared.memory.escalations import MemoryEscalations
from shared.redis_adapter import keys


def test_the_table_of_keys_stands_alike_in_the_architecture_and_beside_the_keys() -> None:
    described = [line for line in (keys.__doc__ or "").splitlines() if line.startswith("| ")]
    architecture = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines()
    assert len(described) > 10
    assert [line for line in described if line not in architecture] == []


def test_the_table_of_mutants_says_what_each_breaks_and_what_finds_it() -> None:
    described = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8").splitlines()
    rows = [
        f"| `{name}` | {each.what} | `{each.plan.name}` | {each.seen_as} |"
        for name, each in MUTATIONS.items()
    ]
    assert [row for row in rows if row not in described] == []


async def test_the_readme_names_every_tool_with_its_arguments() -> None:
    async with a_client(MemoryEscalations()) as agent:
        tools = (await agent.list_tools()).tools
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)\(([^)]*)\)` \|", readme, re.MULTILINE))
    assert rows.keys() == {tool.name for tool in tools}
    for tool in tools:
        required = set(tool.input_schema.get("required", []))
        takes = [
            f"{name}{'' if name in required else '?'}" for name in tool.input_schema["properties"]
        ]
        said = rows[tool.name].split(", ")
        if said[-1] == "…":
            assert set(said[:-1]) < set(takes), tool.name
        else:
            assert said == takes, tool.name


def test_the_readme_names_what_a_result_tells_of_who_answered_and_when() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    told = re.compile(r"answered_(by|at)$|channel$|^seconds_|^votes$|^approvals$")
    fields = [name for name in AnswerResult.model_fields if told.search(name)]
    assert len(fields) == 10
    assert [name for name in [*fields, *CastVote.model_fields] if f"`{name}`" not in readme] == []


def test_what_operators_read_names_every_command_and_the_words_on_the_buttons() -> None:
    words = (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")
    rows = [line for line in words.splitlines() if line.startswith("| `/")]
    assert {f"/{each.name}" for each in COMMANDS} == set(
        re.findall(r"`(/[a-z-]+)", "\n".join(rows))
    )
    for command in COMMANDS:
        (row,) = (each for each in rows if f"`/{command.name}" in each)
        for option in command.options:
            if option is not QUESTION:
                assert re.search(rf"\b{option.name}\b", row), f"/{command.name} {option.name}"
    named = set(re.findall(r"\*([A-Z][^*]+?)\*", words))
    in_discord = Path(controls.__file__).read_text("utf-8")
    labels = set(re.findall(r'Act\.[A-Z_]+, "([^"]+)"', in_discord))
    assert {"Answer", "Send", "Reassign"} <= labels
    assert labels <= named, "each button is explained"

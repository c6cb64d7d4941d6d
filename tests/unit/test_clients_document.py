"""What docs/clients.md shows is what `make clients` runs, and what stands in the pins."""

from __future__ import annotations

import json
import re

import pytest
from clients import environments
from support.processes import ROOT

DOCUMENT = (ROOT / "docs" / "clients.md").read_text("utf-8")
SNIPPETS = dict(
    re.findall(r"^<!-- (\S+) -->\n```\w+\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE)
)
SHOWN = sorted(
    str(path.relative_to(ROOT))
    for pattern in ("*/configuration.py", "*/configuration.mjs")
    for path in environments.HERE.glob(pattern)
)


@pytest.mark.parametrize("file", SHOWN)
def test_a_configuration_stands_in_the_document_as_it_is_run(file: str) -> None:
    assert SNIPPETS[file] == (ROOT / file).read_text("utf-8")


def test_the_document_shows_no_file_that_is_not_run() -> None:
    assert sorted(SNIPPETS) == SHOWN


@pytest.mark.parametrize("client", environments.every())
def test_a_client_is_pinned_by_digests_and_to_no_registry(client: str) -> None:
    folder = environments.HERE / client
    if (lock := folder / "package-lock.json").exists():
        packages: dict[str, dict[str, str]] = json.loads(lock.read_text("utf-8"))["packages"]
        del packages[""]
        assert all(each["integrity"].startswith("sha512-") for each in packages.values())
        assert not any("resolved" in each for each in packages.values())
    else:
        lines = (folder / "requirements.txt").read_text("utf-8").splitlines()
        assert all(re.match(r"[\w.-]+==|    --hash=sha256:", line) for line in lines)


@pytest.mark.parametrize("client", environments.every())
def test_the_version_in_the_document_is_the_one_that_is_run(client: str) -> None:
    folder = environments.HERE / client
    if (wanted := folder / "package.json").exists():
        pins = json.loads(wanted.read_text("utf-8"))["dependencies"].items()
    else:
        pins = re.findall(
            r"^([\w-]+)(?:\[\w+\])?==(\d+\.\d+\.\d+)$",
            (folder / "requirements.in").read_text("utf-8"),
            re.MULTILINE,
        )
    assert pins
    for name, version in pins:
        rows = [row for row in DOCUMENT.splitlines() if row.startswith("| ") and f"`{name}`" in row]
        assert any(version in row for row in rows), (name, version)


def test_no_client_imports_anything_of_ours() -> None:
    ours = re.compile(
        r"^\s*(?:from|import) (?:shared|mcp_gateway|hitl|customer_agent)\b", re.MULTILINE
    )
    programs = [path for path in environments.HERE.glob("*/*.py") if path.name != "conftest.py"]
    assert len(programs) > 10
    assert [path for path in programs if ours.search(path.read_text("utf-8"))] == []

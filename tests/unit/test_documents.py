"""What the documents say of the code is what the code says of itself."""

from __future__ import annotations

from faults.mutations import MUTATIONS
from support.processes import ROOT

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

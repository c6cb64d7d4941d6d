"""What the documents say of the code is what the code says of itself."""

from __future__ import annotations

from support.processes import ROOT

from shared.redis_adapter import keys


def test_the_table_of_keys_stands_alike_in_the_architecture_and_beside_the_keys() -> None:
    described = [line for line in (keys.__doc__ or "").splitlines() if line.startswith("| ")]
    architecture = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines()
    assert len(described) > 10
    assert [line for line in described if line not in architecture] == []

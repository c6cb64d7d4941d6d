"""How long the list is, and that its document says so."""

from __future__ import annotations

from support.processes import ROOT

from hostile.cases import BY_KIND, EVERY


def test_the_list_is_long_and_says_each_thing_once() -> None:
    names = [each.name for each in EVERY]
    assert len(names) >= 150
    assert len(set(names)) == len(names)


def test_the_document_counts_the_requests_of_each_kind() -> None:
    document = (ROOT / "docs" / "hostile.md").read_text(encoding="utf-8").splitlines()
    rows = [f"| {kind} | {len(cases)} |" for kind, cases in BY_KIND.items()]
    assert [row for row in rows if row not in document] == []

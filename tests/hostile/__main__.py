"""Counts the bad requests by kind: `python -m hostile`."""

from __future__ import annotations

from hostile.cases import BY_KIND, EVERY

if __name__ == "__main__":
    for kind, cases in BY_KIND.items():
        print(f"{len(cases):6}  {kind}")  # noqa: T201 (it is what this is for)
    print(f"{len(EVERY):6}  bad requests")  # noqa: T201

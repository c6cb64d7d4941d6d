"""What is expected of the suite, and where its results differ. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from conformance.suite import Result, Results


@dataclass(frozen=True, slots=True)
class Expected:
    """Which scenarios pass on which server; and which do not apply, with the reason."""

    passes: Mapping[str, frozenset[str]]
    not_applicable: Mapping[str, str]

    @property
    def named(self) -> frozenset[str]:
        """Every scenario that is mentioned."""
        return frozenset(self.not_applicable).union(*self.passes.values())

    def has(self, name: str) -> bool:
        """Whether somebody has decided what this scenario is to us."""
        return name in self.named


def read_expected(path: Path) -> Expected:
    """Read `scenarios.toml`."""
    read = tomllib.loads(path.read_text("utf-8"))
    return Expected(
        passes={server: frozenset(names) for server, names in read["passes"].items()},
        not_applicable=dict(read["not_applicable"]),
    )


def passed(results: Mapping[str, Result]) -> bool:
    """Whether a scenario checked something, and none of it failed at any revision."""
    return any(each.passed for each in results.values()) and not any(
        each.failed for each in results.values()
    )


def differences(
    expected: Expected, listed: Collection[str], found: Mapping[str, Results]
) -> list[str]:
    """Tell what is not as expected, in words.

    A scenario that is new is nobody's until somebody decides what it is to us; one that passes
    although it can't apply has lost its reason.
    """
    return [
        *(f"{name}: new in the suite, and in no list" for name in listed if not expected.has(name)),
        *(
            f"{name}: in our lists, and not in the suite"
            for name in sorted(expected.named - {*listed})
        ),
        *(
            problem
            for server, names in expected.passes.items()
            for name in sorted(names & {*listed})
            for problem in _missing(name, server, found[server].scenario(name))
        ),
        *(
            f"{name}: passes on the {server}, but is listed as not applicable ({reason})"
            for name, reason in expected.not_applicable.items()
            for server, results in found.items()
            if passed(results.scenario(name))
        ),
    ]


def _missing(name: str, server: str, results: Mapping[str, Result]) -> list[str]:
    """Tell what keeps a scenario from passing."""
    failures = [
        f"{name}: fails on the {server} at {at}: {failure}"
        for at, result in results.items()
        for failure in result.failures
    ]
    if failures or passed(results):
        return failures
    return [f"{name}: checked nothing on the {server}"]

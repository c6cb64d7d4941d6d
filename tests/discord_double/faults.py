"""Switches that make the double misbehave as the real service does on a bad day.

A fault is armed once and then strikes the next matching requests, as often as it says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class FaultKind(StrEnum):
    """What goes wrong with a request."""

    FAIL = "fail"  # it is answered with an error status
    DROP = "drop"  # its connection is cut without an answer
    SLOW = "slow"  # its answer takes longer
    RATE_LIMIT = "rate_limit"  # it is answered with 429


@dataclass(slots=True)
class Fault:
    """One armed fault. `times` counts down to zero; None means until it is lifted."""

    kind: FaultKind
    method: re.Pattern[str]
    path: re.Pattern[str]
    times: int | None = 1
    status: int = 502
    seconds: float = 0.0
    # Whether the request takes effect before it goes wrong.
    after_effect: bool = False
    is_global: bool = False
    # A 429 without Via is what Cloudflare sends to an address that it has shut out.
    via: bool = True
    number: int = field(default=0)
    struck: int = 0

    def matches(self, method: str, path: str) -> bool:
        """Tell whether a request is one of those to strike."""
        return bool(self.method.fullmatch(method) and self.path.search(path))


class Faults:
    """The armed faults of one double. `path` patterns are searched in paths without /api/v10."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []
        self._numbers = count(1)

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._armed)

    def fail(
        self,
        status: int = 502,
        *,
        times: int | None = 1,
        method: str = ".*",
        path: str = "",
        after_effect: bool = False,
    ) -> Fault:
        """Answer with an error status; with `after_effect`, do what was asked all the same."""
        return self._arm(
            FaultKind.FAIL, method, path, times, status=status, after_effect=after_effect
        )

    def drop(
        self,
        *,
        times: int | None = 1,
        method: str = ".*",
        path: str = "",
        after_effect: bool = False,
    ) -> Fault:
        """Cut the connection, before or after the request took effect."""
        return self._arm(FaultKind.DROP, method, path, times, after_effect=after_effect)

    def slow(
        self,
        seconds: float,
        *,
        times: int | None = 1,
        method: str = ".*",
        path: str = "",
        after_effect: bool = False,
    ) -> Fault:
        """Wait before doing what was asked, or with `after_effect` before telling it."""
        return self._arm(
            FaultKind.SLOW, method, path, times, seconds=seconds, after_effect=after_effect
        )

    def rate_limit(
        self,
        retry_after: float,
        *,
        times: int | None = 1,
        method: str = ".*",
        path: str = "",
        is_global: bool = False,
        via: bool = True,
    ) -> Fault:
        """Answer with 429."""
        return self._arm(
            FaultKind.RATE_LIMIT,
            method,
            path,
            times,
            seconds=retry_after,
            is_global=is_global,
            via=via,
        )

    def lift(self, fault: Fault | None = None) -> None:
        """Disarm one fault, or all."""
        self._armed = [] if fault is None else [f for f in self._armed if f is not fault]

    def strike(self, method: str, path: str, *, after_effect: bool) -> list[Fault]:
        """Return the faults that strike a request now, and count them down."""
        struck = [
            fault
            for fault in self._armed
            if fault.after_effect is after_effect and fault.matches(method, path)
        ]
        for fault in struck:
            fault.struck += 1
            if fault.times is not None:
                fault.times -= 1
        if struck:
            self._armed = [f for f in self._armed if f.times is None or f.times > 0]
        return struck

    def _arm(
        self,
        kind: FaultKind,
        method: str,
        path: str,
        times: int | None,
        *,
        status: int = 502,
        seconds: float = 0.0,
        after_effect: bool = False,
        is_global: bool = False,
        via: bool = True,
    ) -> Fault:
        fault = Fault(
            kind,
            re.compile(method),
            re.compile(path),
            times,
            status,
            seconds,
            after_effect,
            is_global,
            via,
            next(self._numbers),
        )
        self._armed.append(fault)
        return fault

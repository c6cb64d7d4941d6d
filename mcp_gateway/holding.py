"""How long a call may be held: as long as its client waits, and never longer.

What a client would wait is its own setting, and no revision of MCP says it. A call that is held
beyond that is an answer lost, so where nothing is known the shortest limit of the clients that
look like this one counts. Whoever knows better says so in a header.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

HEADER: Final = "hold-seconds"
"""The longest that this client lets a call be held, in seconds."""
IMPATIENT: Final = "python-httpx/"
"""How version 1 of MCP's Python SDK names itself, on which VideoSDK's client stands: its limit is
5 s unless it is told another. (Version 2 says `python-httpx2`.)"""
IMPATIENT_SECONDS: Final = 4.0
LONGEST_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long calls are held whose client says nothing of it, in seconds."""

    plain: float
    """Of a client that can't be told of progress."""
    told: float
    """Of a client that is. Many count progress, but not as time."""


def hold_seconds(
    patience: Patience,
    headers: Mapping[str, str] | None,
    *,
    wanted: float | None,
    progress: bool,
) -> float:
    """Decide it for one call; `wanted` is its own `wait_seconds`.

    Those come from a model more often than not, which does not know its client's limit: where that
    is known, it counts.
    """
    limit = _limit(headers or {}, progress=progress)
    usual = patience.told if progress else patience.plain
    if limit is None:
        return usual if wanted is None else wanted
    if wanted is None:
        return limit.seconds if limit.said else min(usual, limit.seconds)
    return min(wanted, limit.seconds)


@dataclass(frozen=True, slots=True)
class _Limit:
    seconds: float
    said: bool
    """By the client itself; otherwise it is concluded from what it is."""


def _limit(headers: Mapping[str, str], *, progress: bool) -> _Limit | None:
    """Tell a client's limit; None where nothing is known."""
    said = _number(headers.get(HEADER))
    if said is not None:
        return _Limit(said, said=True)
    if not progress and headers.get("user-agent", "").startswith(IMPATIENT):
        return _Limit(IMPATIENT_SECONDS, said=False)
    return None


def _number(text: str | None) -> float | None:
    """Read seconds; what is none counts as not said, since a header must not cost a question."""
    try:
        seconds = float(text or "")
    except ValueError:
        return None
    return min(seconds, LONGEST_SECONDS) if math.isfinite(seconds) and seconds >= 0 else None

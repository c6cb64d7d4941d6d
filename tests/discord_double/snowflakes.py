"""Discord's ids: time-ordered 64-bit integers, made and read only here.

Within one double every id is greater than all ids made before it, so sorting by id is
sorting by creation.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

EPOCH_MS = 1_420_070_400_000  # the first millisecond of 2015, where Discord's clock starts
_SEQUENCE_BITS = 12
_TIMESTAMP_SHIFT = 22


class Snowflakes:
    """Makes strictly increasing ids that carry the current time."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._millisecond = 0
        self._sequence = 0

    def next(self) -> int:
        """Return a new id, greater than every earlier one even if the clock steps back."""
        now = int(self._clock() * 1000) - EPOCH_MS
        if now > self._millisecond:
            self._millisecond, self._sequence = now, 0
        else:
            self._sequence += 1
            if self._sequence >> _SEQUENCE_BITS:
                self._millisecond, self._sequence = self._millisecond + 1, 0
        return (self._millisecond << _TIMESTAMP_SHIFT) | self._sequence


def created_at(snowflake: int) -> datetime:
    """Return the UTC moment that an id carries."""
    return datetime.fromtimestamp(((snowflake >> _TIMESTAMP_SHIFT) + EPOCH_MS) / 1000, UTC)


def iso(moment: datetime) -> str:
    """Write a moment as Discord does: microseconds and a numeric offset."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")

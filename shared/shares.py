"""What each uses of something that one process has little of, so that nobody takes all of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Hashable
from contextlib import contextmanager


class Shares:
    """Counts by whom, in memory; who uses nothing is forgotten."""

    def __init__(self) -> None:
        self._taken: Counter[Hashable] = Counter()

    @contextmanager
    def take(self, whose: Hashable, count: int = 1, *, most: int) -> Generator[bool]:
        """Take so much more for as long as the block lasts; yield False where that is too much.

        Then nothing was taken.
        """
        if self._taken[whose] + count > most:
            yield False
            return
        self._taken[whose] += count
        try:
            yield True
        finally:
            self._taken[whose] -= count
            if not self._taken[whose]:
                del self._taken[whose]

"""What each uses of something that one process has little of, so that nobody takes all of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Generator, Hashable
from contextlib import asynccontextmanager, contextmanager
from weakref import WeakValueDictionary


class Shares:
    """Counts by whom, in memory; who uses nothing is forgotten."""

    def __init__(self) -> None:
        self._taken: Counter[Hashable] = Counter()

    @contextmanager
    def take(self, whose: Hashable, count: int = 1, *, most: int) -> Generator[bool]:
        """Take so much more for as long as the block lasts; yield False where that is too much.

        Then nothing was taken.
        """
        with self.growing(whose, most=most) as take:
            yield take(count)

    @contextmanager
    def growing(self, whose: Hashable, *, most: int) -> Generator[Callable[[int], bool]]:
        """Yield what takes more, each time that it is asked, for as long as the block lasts.

        However often it is asked, it keeps one number.
        """
        share = 0

        def take(count: int) -> bool:
            nonlocal share
            if self._taken[whose] + count > most:
                return False
            self._taken[whose] += count
            share += count
            return True

        try:
            yield take
        finally:
            self._taken[whose] -= share
            if not self._taken[whose]:
                del self._taken[whose]


class Lines:
    """Lets one at a time of each through, in the order in which they came."""

    def __init__(self) -> None:
        self._standing = Shares()
        self._doors: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, whose: Hashable, *, most: int) -> AsyncGenerator[bool]:
        """Wait for a turn, which is over when the block ends; yield False where the line is full.

        `most` stand in it, with the one whose turn it is.
        """
        with self._standing.take(whose, most=most) as room:
            if not room:
                yield False
                return
            door = self._doors.setdefault(whose, asyncio.Lock())
            async with door:
                yield True

"""How many questions a worker posts at once, of one agent and on one route; and shows, for itself.

A channel takes a message a second or so, however many wait. Whoever floods it would have all of its
questions wait there at once, in discord.py's line for that channel, and another agent's question
behind them. With few of each agent's in that line, another's stands behind these few only.

Many agents that ask on one slow route would have all of the worker's jobs wait there, and what is
posted elsewhere, expiries and reminders behind them. So a route takes no more jobs than it leaves
free, and some are for no posting at all.

Whoever finds it crowded waits in the queue, where it holds up nobody, and comes back. The more
wait, the longer each does, so that all of them together keep a worker hardly busy, and yet somebody
is there soon after a turn is given back.
"""

from __future__ import annotations

import random
import time
from bisect import bisect, insort
from collections import Counter, defaultdict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import timedelta
from math import ceil
from typing import Final

from shared.escalation import Escalation
from shared.shares import Shares

AT_ONCE: Final = 4
"""A posting takes some 0.4 s, so that one agent may have ten a second posted by each worker."""
_FOR_ALL_ELSE: Final = 8
"""One of so many jobs is for no posting."""
COMING_BACK: Final = 50
"""A second, of all that wait for a turn; each takes some 3 ms."""
_SHORTEST, _LONGEST = 0.25, 120.0
"""Seconds. As long as that is one away where six thousand wait, as many agents' floods may be: in
less they would take all of the worker's time to find that there is no turn."""
_LATE: Final = 1.0
"""Seconds that one may come back late, where the worker has no job free."""

Line = tuple[str, str, str]
"""An owner, its agent, and a route."""


class CrowdedError(Exception):
    """As many questions of its agent, or on its route, are being posted as may be; it waits."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


class Turns:
    """Counts what is being posted, by route and by each agent there. Each worker for itself.

    By each route, since a channel that hangs must not hold up what is posted elsewhere.
    """

    def __init__(
        self,
        *,
        jobs: int = 50,
        at_once: int = AT_ONCE,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """Share out so many jobs, of which one agent has `at_once` on a route at most."""
        self._jobs = jobs - jobs // _FOR_ALL_ELSE
        self._at_once = at_once
        self._by_agent = Shares()
        self._by_route: Counter[str] = Counter()
        self._waiting = _Waiting(seconds)

    @contextmanager
    def of(self, escalation: Escalation) -> Generator[None]:
        """Take a turn for one question.

        Raises:
            CrowdedError: Its agent has all of its turns on this route, or the route has all of its.
        """
        route = escalation.question.route
        line = (escalation.owner, escalation.agent, route)
        with self._by_agent.take(line, most=self._most_of_each(route)) as room:
            if not room:
                raise CrowdedError(self._waiting.pause(line))
            self._by_route[route] += 1
            try:
                yield
            finally:
                self._by_route[route] -= 1

    def _most_of_each(self, route: str) -> int:
        """Tell how many turns each agent may have on a route now: few where it is nearly full.

        So the last ones are for agents that have none. It is full where it has as many as are free:
        half of all on the first slow route, and a quarter on the second one.
        """
        left = self._jobs - self._by_route.total() - self._by_route[route]
        return min(self._at_once, ceil(2 * self._at_once * left / self._jobs))


class _Waiting:
    """Those that this worker sent away, by their lines, with the time at which each is back.

    Many lines share what may come back in a second alike: a short one is not kept waiting because
    another is long.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._back: defaultdict[Line, list[float]] = defaultdict(list)

    def pause(self, line: Line) -> timedelta:
        """Send one more away; tell for how long.

        Up to half more or less than its share, so that those who came together don't come back so.
        """
        now = self._seconds()
        for each in list(self._back):
            back = self._back[each]
            del back[: bisect(back, now - _LATE)]
            if not back:
                del self._back[each]
        waiting = len(self._back[line]) + 1
        share = COMING_BACK / len(self._back)
        seconds = min(_LONGEST, max(_SHORTEST, waiting / share)) * random.uniform(0.5, 1.5)  # noqa: S311
        insort(self._back[line], now + seconds)
        return timedelta(seconds=seconds)

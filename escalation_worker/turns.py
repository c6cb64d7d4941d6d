"""How many questions a worker posts at once, of one agent and on one route; and shows, for itself.

A channel takes a message a second or so, however many wait. Whoever floods it would have all of its
questions wait there at once, in discord.py's line for that channel, and another agent's question
behind them. With few of each agent's in that line, another's stands behind these few only.

Many agents that ask on one slow route would have all of the worker's jobs wait there, and what is
posted elsewhere, expiries and reminders behind them. So a route takes no more jobs than it leaves
free, and some are for no posting at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
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
_FIRST, _GROWTH, _LONGEST = 0.25, 1.5, 15.0


class CrowdedError(Exception):
    """As many questions of its agent, or on its route, are being posted as may be; it waits."""


class Turns:
    """Counts what is being posted, by route and by each agent there. Each worker for itself.

    By each route, since a channel that hangs must not hold up what is posted elsewhere.
    """

    def __init__(self, *, jobs: int = 50, at_once: int = AT_ONCE) -> None:
        """Share out so many jobs, of which one agent has `at_once` on a route at most."""
        self._jobs = jobs - jobs // _FOR_ALL_ELSE
        self._at_once = at_once
        self._by_agent = Shares()
        self._by_route: Counter[str] = Counter()

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
                raise CrowdedError
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


def pause_after(tries: int) -> timedelta:
    """Tell how long a question waits that found it crowded so often.

    It waits in the queue, where it holds up nobody: longer each time, since hundreds that all come
    back every second would keep the worker busy with that.
    """
    return timedelta(seconds=min(_LONGEST, _FIRST * _GROWTH ** min(tries - 1, 20)))

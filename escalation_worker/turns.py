"""How many questions of one agent a worker posts at once, by each route; and shows, for itself.

A channel takes a message a second or so, however many wait. Whoever floods it would have all of its
questions wait there at once, in discord.py's line for that channel, and another agent's question
behind them. With few of each agent's in that line, another's stands behind these few only.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from shared.escalation import Escalation
from shared.shares import Shares

AT_ONCE: Final = 4
"""A posting takes some 0.4 s, so that one agent may have ten a second posted by each worker."""
_FIRST, _GROWTH, _LONGEST = 0.25, 1.5, 15.0


class CrowdedError(Exception):
    """As many of this agent's questions are being posted as may be; this one comes later."""


class Turns:
    """Counts what is being posted, for each agent and route. In memory: each worker for itself.

    By each route, since a channel that hangs must not hold up what is posted elsewhere.
    """

    def __init__(self, *, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._under_way = Shares()

    @contextmanager
    def of(self, escalation: Escalation) -> Generator[None]:
        """Take a turn for one question.

        Raises:
            CrowdedError: Its agent has all of its turns on this route.
        """
        line = (escalation.owner, escalation.agent, escalation.question.route)
        with self._under_way.take(line, most=self._at_once) as room:
            if not room:
                raise CrowdedError
            yield


def pause_after(tries: int) -> timedelta:
    """Tell how long a question waits that found it crowded so often.

    It waits in the queue, where it holds up nobody: longer each time, since hundreds that all come
    back every second would keep the worker busy with that.
    """
    return timedelta(seconds=min(_LONGEST, _FIRST * _GROWTH ** min(tries - 1, 20)))

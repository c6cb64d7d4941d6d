"""How much one agent may ask, so that none takes all the room: the values, and who counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final, Protocol, assert_never

from pydantic import Field

from shared.texts import Value

CallsPerSecond = Annotated[float, Field(gt=0, le=1000)]
OpenQuestions = Annotated[int, Field(ge=1, le=100_000)]


LOOKS_FOR_A_CALL: Final = 4
"""A client that connects anew for each call says hello and reads the tools before it."""


class Counted(StrEnum):
    """What a request counts as.

    Each kind has a rate of its own, so that a host that asks without end keeps no other host with
    its key from reading what was answered.
    """

    CALL = "calls"  # of a tool, or one that changes a task
    LOOK = "looks"  # every other: how a task stands, which tools there are, hello


@dataclass(frozen=True, slots=True)
class Rate:
    """How often something may come."""

    per_second: float
    """Over time."""
    burst: int
    """At once."""

    @property
    def interval(self) -> timedelta:
        """The time between two of them, over time."""
        return timedelta(seconds=1 / self.per_second)


class Limits(Value):
    """What an agent may do at most, over all gateways."""

    calls_per_second: CallsPerSecond
    """Over time; twice as many, and at least ten, may come at once."""
    open_questions: OpenQuestions

    @property
    def burst(self) -> int:
        """How many calls may come at once."""
        return max(10, round(2 * self.calls_per_second))

    def rate(self, counted: Counted) -> Rate:
        """Tell how often requests of a kind may come."""
        match counted:
            case Counted.CALL:
                return Rate(self.calls_per_second, self.burst)
            case Counted.LOOK:
                return Rate(LOOKS_FOR_A_CALL * self.calls_per_second, LOOKS_FOR_A_CALL * self.burst)
            case _:
                assert_never(counted)


class Admission(Protocol):
    """Counts requests, the same for all gateways."""

    async def admit(
        self, tenant: str, agent: str, limits: Limits, counted: Counted = Counted.CALL
    ) -> timedelta | None:
        """Let a request in (None), or tell when its agent's next of the kind may come.

        Refusals cost nothing. Keys of an agent with the same rate share it; one with a rate of its
        own has that to itself, so that none is slowed by what comes with another.
        """
        ...

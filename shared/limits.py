"""How much one agent may ask, so that none takes all the room: the values, and who counts."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Protocol

from pydantic import Field

from shared.texts import Value

CallsPerSecond = Annotated[float, Field(gt=0, le=1000)]
OpenQuestions = Annotated[int, Field(ge=1, le=100_000)]


class Limits(Value):
    """What an agent may do at most, over all gateways."""

    calls_per_second: CallsPerSecond
    """Over time; twice as many, and at least ten, may come at once."""
    open_questions: OpenQuestions

    @property
    def burst(self) -> int:
        """How many calls may come at once."""
        return max(10, round(2 * self.calls_per_second))


class Admission(Protocol):
    """Counts calls, the same for all gateways."""

    async def admit(self, tenant: str, agent: str, limits: Limits) -> timedelta | None:
        """Let a call in (None), or tell when its agent's next may come. Refusals cost nothing."""
        ...

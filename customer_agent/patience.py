"""How long the agent waits for what."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait for what. All in seconds."""

    hold: float = 25.0  # how long one call is held by the gateway
    first_retry: float = 0.1
    longest_retry: float = 2.0
    refused_retry: float = 5.0  # between tries with a key that the gateway does not know
    unreachable: float = 30.0  # an outage this long is told to the customer
    asked_back: float = 5.0  # between looks while the customer is to reply
    late_answer: float = 5.0  # between looks for an answer after the deadline; they grow rarer
    longest_late_answer: float = 30.0
    resume: timedelta = timedelta(days=7)  # how old questions may be whose news a new agent tells
    late_hope: timedelta = timedelta(hours=1)  # after the deadline, for a late answer to old ones
    unheard_correction: timedelta = timedelta(hours=1)  # after its time, while edits are unheard

    def retry_after(self, attempt: int) -> float:
        """Space out tries: doubling, capped, and jittered so that agents don't return at once."""
        pause = min(self.longest_retry, self.first_retry * 2.0 ** min(attempt, 16))
        return pause * random.uniform(0.5, 1.0)  # noqa: S311  jitter is no secret

"""What people say about a question after its end: a late answer, or a correction of the first."""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, datetime
from typing import Final

from customer_agent.gateway_client import (
    Gateway,
    GatewayRejectedError,
    GatewayUnreachableError,
    ListedQuestion,
    Status,
)
from customer_agent.open_question import OpenQuestion, outcome_of
from customer_agent.outcomes import Ending, Outcome
from customer_agent.patience import Patience

LATER: Final = frozenset({Ending.ANSWERED_LATE, Ending.CORRECTED})
"""What is told and confirmed for itself, beside the outcome."""
_LAST_LOOK_SECONDS: Final = 5.0
"""After the time for corrections: one that was made at its end has been heard by then."""


def may_go_on(listed: ListedQuestion, *, hopeful: bool) -> bool:
    """Whether there may be more to tell of a question that has ended.

    A late answer is only awaited while it is to be hoped for; a correction has an end of its own.
    """
    if listed.late_answer is not None:
        return False
    late = hopeful and listed.status is Status.TIMED_OUT
    return late or listed.correctable_until is not None


async def wait_for_more(
    gateway: Gateway, entry: OpenQuestion, patience: Patience
) -> Outcome | None:
    """Look now and then whether somebody answered late, or corrected their answer.

    Returns None when nothing can come any more: the question is not kept, or the time for
    corrections is over. A late answer may come for as long as the conversation lasts.
    """
    pause, left = patience.late_answer, _left(entry.correctable_until)
    while entry.escalation_id is not None and left > 0:
        step = min(pause, left)
        await asyncio.sleep(step)
        left -= step
        pause = min(pause * 1.5, patience.longest_late_answer)
        try:
            standing = await gateway.check(entry.escalation_id, wait_seconds=0)
        except GatewayRejectedError:
            return None
        except GatewayUnreachableError:
            continue
        outcome = outcome_of(standing, entry)
        if outcome is not None and outcome.ending in LATER:
            return outcome
    return None


def _left(correctable_until: datetime | None) -> float:
    """Tell for how many seconds it is worth looking."""
    if correctable_until is None:
        return math.inf
    return (correctable_until - datetime.now(UTC)).total_seconds() + _LAST_LOOK_SECONDS

"""What people say about a question after its end: a late answer, or a correction of the first."""

from __future__ import annotations

import asyncio
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
_FIRST_LOOK_AFTER_SECONDS: Final = 5.0
"""After the time for corrections: one that was made at its end has mostly been heard by then."""


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
    """Look now and then, once at least, whether somebody answered late, or corrected their answer.

    Returns None when nothing can come any more: the question is not kept, or all edits were heard
    that were made in time. After an outage of the worker that is long after that time; it is waited
    for up to `unheard_correction`. A late answer may come for as long as the conversation lasts.
    """
    pause, until = patience.late_answer, entry.correctable_until
    while entry.escalation_id is not None:
        await asyncio.sleep(_until_next_look(pause, until))
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
        if until is None:
            continue
        given_up = datetime.now(UTC) > until + patience.unheard_correction
        if given_up or standing.correctable_until is None:
            return None
    return None


def _until_next_look(pause: float, correctable_until: datetime | None) -> float:
    """Tell for how many seconds to wait: no longer than until the time for corrections is over."""
    if correctable_until is None:
        return pause
    left = (correctable_until - datetime.now(UTC)).total_seconds() + _FIRST_LOOK_AFTER_SECONDS
    return min(pause, left) if left > 0 else pause

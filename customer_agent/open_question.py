"""A question of this conversation that nobody has settled yet, and how its standing reads."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

from customer_agent.gateway_client import ListedQuestion, Standing, Status
from customer_agent.outcomes import Ending, Outcome

_ENDINGS: Final = {
    Status.ANSWERED: Ending.ANSWERED,
    Status.DECLINED: Ending.DECLINED,
    Status.TIMED_OUT: Ending.TIMED_OUT,
    Status.CANCELLED: Ending.CANCELLED,
    Status.UNDELIVERABLE: Ending.UNDELIVERABLE,
}


@dataclass(slots=True)
class OpenQuestion:
    """A question, by the ticket under which the customer's model knows it."""

    ticket: str
    question: str
    context: str | None = None
    escalation_id: str | None = None
    """Not known before the gateway has accepted it."""
    accepted: asyncio.Event = field(default_factory=asyncio.Event)
    resumed: bool = False
    """An earlier agent asked it."""


def resumed(listed: ListedQuestion) -> OpenQuestion:
    """Take over what an earlier agent of the conversation asked."""
    return OpenQuestion(
        ticket=f"Q-{listed.escalation_id[-8:].upper()}",
        question=listed.question,
        escalation_id=listed.escalation_id,
        resumed=True,
    )


def outcome_of(standing: Standing, entry: OpenQuestion) -> Outcome | None:
    """Read a settled standing; None while it is open."""
    ending = _ENDINGS.get(standing.status)
    if ending is None:
        return None
    if ending is Ending.TIMED_OUT and standing.late_answer is not None:
        return Outcome(
            Ending.ANSWERED_LATE,
            entry.ticket,
            entry.question,
            answer=standing.late_answer,
            answered_by=standing.late_answered_by.name if standing.late_answered_by else None,
            escalation_id=standing.escalation_id,
            delivered=standing.delivered,
        )
    return Outcome(
        ending,
        entry.ticket,
        entry.question,
        # Only an answered question has an answer, whatever else a fallback may have filled in.
        answer=standing.answer if ending is Ending.ANSWERED else None,
        answered_by=standing.answered_by.name if standing.answered_by else None,
        reason=standing.reason,
        escalation_id=standing.escalation_id,
        delivered=standing.delivered,
    )

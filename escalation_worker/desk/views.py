"""What the page gets to see of an escalation, as JSON."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from shared.escalation import Escalation, Outcome, Provenance, State
from shared.question import Urgency


class _View(BaseModel):
    """A value on its way to the page."""

    model_config = ConfigDict(frozen=True)


class OutcomeView(_View):
    """How a question ended."""

    state: State
    at: datetime
    seconds: float
    """From acceptance to the outcome."""
    provenance: Provenance
    text: str | None
    reason: str | None
    by: str | None
    """The name of the person whose word it is."""
    channel: str | None
    source: str | None
    """By this a page recognises its own submission."""


class QuestionView(_View):
    """A question, open or ended."""

    id: str
    agent: str
    text: str
    context: str | None
    options: tuple[str, ...]
    urgency: Urgency
    conversation_id: str | None
    state: State
    open: bool
    created_at: datetime
    deadline: datetime
    outcome: OutcomeView | None
    late_answer: OutcomeView | None
    delivered: bool
    """Whether the customer knows the newest of it."""


class Snapshot(_View):
    """All that the page shows."""

    now: datetime
    """The server's time, so that countdowns don't depend on the browser's clock."""
    operator_name: str
    """Who answers when the page gives no name."""
    login: bool
    """Whether the page was opened with a password, so that there is a session to end."""
    open: tuple[QuestionView, ...]
    """The nearest deadline first."""
    recent: tuple[QuestionView, ...]
    """The latest outcome first."""


class Trouble(_View):
    """Why the page can't show what is open now."""

    reason: str


def view_of(escalation: Escalation) -> QuestionView:
    """Render an escalation."""
    question = escalation.question
    return QuestionView(
        id=escalation.id,
        agent=escalation.agent,
        text=question.text,
        context=question.context,
        options=question.options,
        urgency=question.urgency,
        conversation_id=question.conversation_id,
        state=escalation.state,
        open=escalation.state.is_open,
        created_at=escalation.created_at,
        deadline=escalation.deadline,
        outcome=_outcome(escalation.outcome),
        late_answer=_outcome(escalation.late_answer),
        delivered=escalation.is_delivered,
    )


def _outcome(outcome: Outcome | None) -> OutcomeView | None:
    if outcome is None:
        return None
    return OutcomeView(
        state=outcome.state,
        at=outcome.at,
        seconds=outcome.seconds,
        provenance=outcome.provenance,
        text=outcome.text,
        reason=outcome.reason,
        by=outcome.by.name if outcome.by else None,
        channel=outcome.channel,
        source=outcome.source,
    )

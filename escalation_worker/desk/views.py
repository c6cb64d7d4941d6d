"""What the page gets to see of an escalation, as JSON."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from shared.answer_form import AnswerForm
from shared.escalation import Author, Escalation, Outcome, Provenance, State
from shared.question import Urgency


class _View(BaseModel):
    """A value on its way to the page."""

    model_config = ConfigDict(frozen=True)


class FileView(_View):
    """A file that came with an answer. Discord's links expire."""

    name: str
    url: str


class OutcomeView(_View):
    """How a question ended."""

    state: State
    at: datetime
    seconds: float
    """From acceptance to the outcome."""
    provenance: Provenance
    text: str | None
    approved: bool | None
    """The decision, when an approval was asked for."""
    files: tuple[FileView, ...]
    reason: str | None
    by: str | None
    """The name of the person whose word it is."""
    channel: str | None
    source: str | None
    """By this a page recognises its own submission."""


class RemarkView(_View):
    """Something said before the answer."""

    author: Author
    by: str | None
    """The operator's name; none when the agent said it."""
    text: str
    at: datetime


class VoteView(_View):
    """One person's word on an approval."""

    approve: bool
    by: str
    comment: str | None


class QuestionView(_View):
    """A question, open or ended."""

    id: str
    agent: str
    text: str
    context: str | None
    options: tuple[str, ...]
    options_only: bool
    form: AnswerForm | None
    """What is to be filled in, as the JSON Schema that the agent gave."""
    approvals_needed: int | None
    urgency: Urgency
    conversation_id: str | None
    state: State
    open: bool
    created_at: datetime
    deadline: datetime
    claimed_by: str | None
    """The name of who is on it."""
    remarks: tuple[RemarkView, ...]
    votes: tuple[VoteView, ...]
    outcome: OutcomeView | None
    late_answer: OutcomeView | None
    delivered: bool
    """Whether the customer knows the newest of it."""
    caller_gone: bool
    """Whether the customer has gone; the answer is wanted all the same."""


class Snapshot(_View):
    """All that the page shows."""

    now: datetime
    """The server's time, so that countdowns don't depend on the browser's clock."""
    operator_name: str
    """Who answers when the page gives no name; with a login, whose session it is."""
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
        options_only=question.options_only,
        form=question.form,
        approvals_needed=question.approvals_needed,
        urgency=question.urgency,
        conversation_id=question.conversation_id,
        state=escalation.state,
        open=escalation.state.is_open,
        created_at=escalation.created_at,
        deadline=escalation.deadline,
        claimed_by=escalation.claim.by.name if escalation.claim else None,
        remarks=tuple(
            RemarkView(
                author=each.author, by=each.by.name if each.by else None, text=each.text, at=each.at
            )
            for each in escalation.remarks
        ),
        votes=tuple(
            VoteView(approve=each.approve, by=each.by.name, comment=each.comment)
            for each in escalation.votes
        ),
        outcome=_outcome(escalation.outcome),
        late_answer=_outcome(escalation.late_answer),
        delivered=escalation.is_delivered,
        caller_gone=escalation.caller_gone_at is not None,
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
        approved=outcome.approved,
        files=tuple(FileView(name=each.name, url=each.url) for each in outcome.attachments),
        reason=outcome.reason,
        by=outcome.by.name if outcome.by else None,
        channel=outcome.channel,
        source=outcome.source,
    )

"""What the page gets to see of an escalation, as JSON.

People's words come without what nobody sees (`shared.texts`): the page shows them as they stand.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from shared.answer_form import AnswerForm, ChoiceField, FormField
from shared.background import Speaker, fact_in_words
from shared.conversation import name_of_conversation
from shared.escalation import Author, Escalation, Outcome, Person, Provenance, State
from shared.question import Urgency
from shared.texts import legible, one_line


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
    corrected_at: datetime | None
    """When whoever gave this answer edited it last."""


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


class OptionView(_View):
    """An answer that is offered."""

    value: str
    """What is sent: the agent's own words, to the letter."""
    label: str


class TurnView(_View):
    """One thing said in the conversation."""

    speaker: Speaker
    text: str


class FactView(_View):
    """Something that is known of the customer, as a person reads it."""

    name: str
    value: str


class LinkView(_View):
    """Where more can be read."""

    title: str
    url: str


class PrecedentView(_View):
    """What was answered before, in short."""

    number: int
    """By which the whole answer is asked for; 1 is the first."""
    question: str
    answer: str
    by: str
    at: datetime


class QuestionView(_View):
    """A question, open or ended."""

    id: str
    agent: str
    text: str
    context: str | None
    turns: tuple[TurnView, ...]
    facts: tuple[FactView, ...]
    links: tuple[LinkView, ...]
    precedents: tuple[PrecedentView, ...]
    options: tuple[OptionView, ...]
    options_only: bool
    form: AnswerForm | None
    """What is to be filled in, as the JSON Schema that the agent gave."""
    approvals_needed: int | None
    urgency: Urgency
    conversation: str | None
    """Its name, by which questions can be seen to belong together; its id may be a key."""
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
    """What came after the deadline."""
    correction: OutcomeView | None
    """What holds in the place of an answer that an agent had read before it was edited."""
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
    more: bool = False
    """Whether more are open than these: one that isn't among them may be open."""
    recent: tuple[QuestionView, ...]
    """The latest outcome first."""


class Trouble(_View):
    """Why the page can't show what is open now."""

    reason: str


def view_of(escalation: Escalation) -> QuestionView:
    """Render an escalation."""
    question = escalation.question
    # Beside an answer that was in time there is nothing late but its correction.
    corrected = escalation.state is State.ANSWERED and escalation.late_answer is not None
    return QuestionView(
        id=escalation.id,
        agent=one_line(escalation.agent),
        text=legible(question.text),
        context=_said(question.context),
        turns=tuple(
            TurnView(speaker=each.speaker, text=legible(each.text))
            for each in question.background.turns
        ),
        facts=tuple(
            FactView(name=one_line(name), value=one_line(fact_in_words(fact)))
            for name, fact in question.background.facts.items()
        ),
        links=tuple(
            LinkView(title=one_line(each.title), url=each.url) for each in question.background.links
        ),
        precedents=tuple(
            PrecedentView(
                number=number,
                question=legible(each.question),
                answer=legible(each.answer),
                by=one_line(each.by) or "Somebody",
                at=each.at,
            )
            for number, each in enumerate(escalation.precedents or (), start=1)
        ),
        options=tuple(OptionView(value=each, label=one_line(each)) for each in question.options),
        options_only=question.options_only,
        form=_form(question.form),
        approvals_needed=question.approvals_needed,
        urgency=question.urgency,
        conversation=(
            name_of_conversation(question.conversation_id) if question.conversation_id else None
        ),
        state=escalation.state,
        open=escalation.state.is_open,
        created_at=escalation.created_at,
        deadline=escalation.deadline,
        claimed_by=_name(escalation.claim.by) if escalation.claim else None,
        remarks=tuple(
            RemarkView(author=each.author, by=_name(each.by), text=legible(each.text), at=each.at)
            for each in escalation.remarks
        ),
        votes=tuple(
            VoteView(
                approve=each.approve,
                by=_name(each.by) or "Somebody",
                comment=_said(each.comment),
            )
            for each in escalation.votes
        ),
        outcome=_outcome(escalation.outcome),
        late_answer=None if corrected else _outcome(escalation.late_answer),
        correction=_outcome(escalation.late_answer) if corrected else None,
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
        text=_said(outcome.text),
        approved=outcome.approved,
        files=tuple(FileView(name=each.name, url=each.url) for each in outcome.attachments),
        reason=_said(outcome.reason),
        by=_name(outcome.by),
        channel=outcome.channel,
        source=outcome.source,
        corrected_at=outcome.corrected_at,
    )


def _said(text: str | None) -> str | None:
    return None if text is None else legible(text)


def _name(person: Person | None) -> str | None:
    return None if person is None else one_line(person.name) or None


def _form(form: AnswerForm | None) -> AnswerForm | None:
    """Label a form for people. What is sent for a choice stays the agent's own words."""
    if form is None:
        return None
    labelled = {name: _labelled(field) for name, field in form.properties.items()}
    return form.model_copy(update={"properties": labelled})


def _labelled(field: FormField) -> FormField:
    update: dict[str, object] = {
        "title": one_line(field.title) or None if field.title else None,
        "description": one_line(field.description) if field.description else None,
    }
    if isinstance(field, ChoiceField):
        update["enum_names"] = tuple(map(one_line, field.enum_names or field.enum))
    return field.model_copy(update=update)

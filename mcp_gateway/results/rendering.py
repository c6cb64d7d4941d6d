"""What a caller gets back: a text for the model, and the same as structured content."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Literal, assert_never

from mcp_types import CallToolResult, TextContent
from mcp_types.version import LATEST_PROTOCOL_VERSION
from pydantic import BaseModel

from mcp_gateway.results.attached import AttachedFile, attached, blocks
from mcp_gateway.results.wording import asked_back, wording
from shared.answer_form import Answer
from shared.escalation import Escalation, Outcome, Person, Provenance, State

LISTED_LENGTH: Final = 80
"""Characters of a question in the text of a listing; the structured content has all of it."""

Status = Literal[
    "pending",
    "needs_info",
    "answered",
    "approved",
    "denied",
    "declined",
    "timed_out",
    "cancelled",
    "undeliverable",
]


class AnsweredBy(BaseModel):
    """The person who decided."""

    id: str
    name: str


class CastVote(BaseModel):
    """One person's word on an approval."""

    by: AnsweredBy
    approve: bool
    comment: str | None
    at: str


class AnswerResult(BaseModel):
    """Where a question stands. `answer` is people's own, unless `provenance` is `fallback`."""

    status: Status
    escalation_id: str
    question: str
    answer: str | None = None
    """In words; None where there is none, and where the answer is files alone."""
    attachments: list[AttachedFile] = []
    approved: bool | None = None
    """The decision, when an approval was asked for."""
    values: dict[str, Answer] | None = None
    """The answer by field, when a form was to be filled in."""
    asked_back: str | None = None
    """What a person wants to know before answering; set while `status` is `needs_info`."""
    approvals: int | None = None
    """How many have approved so far, when an approval was asked for."""
    votes: list[CastVote] = []
    """Whose word was counted on an approval, in the order in which it was given."""
    late_answer: str | None = None
    """What a person answered after the deadline; while `status` is `answered`, how they corrected
    the answer afterwards."""
    late_attachments: list[AttachedFile] = []
    """Of a late answer. A correction has none of its own: the answer's stay."""
    correctable_until: str | None = None
    """Until when an edit of the answer corrects it. Set while one may still become known, which
    after an outage is longer than that: then it stands in `late_answer`."""
    reason: str | None = None
    answered_by: AnsweredBy | None = None
    answered_at: str | None = None
    """When the question ended: for a person's word, when they gave it."""
    channel: str | None = None
    late_answered_by: AnsweredBy | None = None
    late_answered_at: str | None = None
    """When the late answer was given, or the correction made."""
    late_channel: str | None = None
    provenance: str | None = None
    """Whose word it is: a person's, a fallback's, the agent's own, or the system's."""
    seconds_to_claim: float | None = None
    seconds_to_answer: float | None = None
    """Until a person answered, decided or declined; none for what no person did."""
    deadline: str
    delivered: bool
    """Whether an agent confirmed that the customer knows this, a late answer included."""
    next: str


class ListedQuestion(BaseModel):
    """One line of `list_questions`."""

    escalation_id: str
    question: str
    status: Status
    conversation_id: str | None
    asked_at: str
    deadline: str
    answer: str | None
    late_answer: str | None
    correctable_until: str | None
    delivered: bool
    caller_gone_at: str | None
    """When the conversation ended in which it was asked; none while somebody waits for it."""


class QuestionList(BaseModel):
    """An agent's questions, newest first."""

    questions: list[ListedQuestion]


def status_of(escalation: Escalation) -> Status:
    """Name how a question stands as callers see it."""
    outcome = escalation.outcome
    if outcome is not None and outcome.approved is not None:
        return "approved" if outcome.approved else "denied"
    return _of_state(escalation.state)


def _of_state(state: State) -> Status:
    """Name a state: who has not been answered yet is `pending`."""
    match state:
        case State.QUEUED | State.POSTED | State.CLAIMED:
            return "pending"
        case State.NEEDS_INFO:
            return "needs_info"
        case State.ANSWERED:
            return "answered"
        case State.DECLINED:
            return "declined"
        case State.TIMED_OUT:
            return "timed_out"
        case State.CANCELLED:
            return "cancelled"
        case State.UNDELIVERABLE:
            return "undeliverable"
        case _:
            assert_never(state)


def states_of(status: Status) -> frozenset[State]:
    """Name the states that callers may see as this status."""
    if status in {"approved", "denied"}:
        return frozenset({State.ANSWERED, State.TIMED_OUT})  # silence may count as a "no"
    return frozenset(state for state in State if _of_state(state) == status)


def render(
    escalation: Escalation,
    images: Mapping[str, str] | None = None,
    *,
    revision: str = LATEST_PROTOCOL_VERSION,
) -> CallToolResult:
    """Render where a question stands, and the files of its answer; see `attached.blocks`."""
    rendered = _render(escalation, *wording(escalation))
    files = list(blocks(escalation, images or {}, revision=revision))
    return rendered.model_copy(update={"content": [*rendered.content, *files]})


def render_delivery(escalation: Escalation) -> CallToolResult:
    """Render that a delivery was noted. The answer is not in the text: it was told already."""
    if escalation.is_delivered:
        return _render(escalation, "Noted: the customer knows.", "Go on with the conversation.")
    again = f"call check_answer with escalation_id={escalation.id}"
    if escalation.state is State.ANSWERED:
        since, news = "corrected the answer", "correction"
    else:
        since, news = "answered late", "late answer"
    return _render(
        escalation,
        f"Noted. Since then a person has {since}: {again}.",
        f"To read the {news}, {again}.",
    )


def _render(escalation: Escalation, text: str, next_step: str) -> CallToolResult:
    outcome, late = escalation.outcome, escalation.late_answer
    result = AnswerResult(
        status=status_of(escalation),
        escalation_id=escalation.id,
        question=escalation.question.text,
        answer=outcome.text if outcome else None,
        attachments=attached(outcome),
        approved=outcome.approved if outcome else None,
        values=outcome.values if outcome else None,
        asked_back=asked_back(escalation),
        approvals=_approvals(escalation),
        votes=_votes(escalation),
        late_answer=late.text if late else None,
        late_attachments=[] if escalation.state is State.ANSWERED else attached(late),
        correctable_until=_correctable_until(escalation),
        reason=outcome.reason if outcome else None,
        answered_by=_author(outcome),
        answered_at=iso(outcome.at) if outcome else None,
        channel=outcome.channel if outcome else None,
        late_answered_by=_author(late),
        late_answered_at=iso(late.corrected_at or late.at) if late else None,
        late_channel=late.channel if late else None,
        provenance=outcome.provenance if outcome else None,
        seconds_to_claim=_seconds_to_claim(escalation),
        seconds_to_answer=_seconds_to_answer(outcome),
        deadline=iso(escalation.deadline),
        delivered=escalation.is_delivered,
        next=next_step,
    )
    return CallToolResult(
        content=[TextContent(type="text", text=text)],
        structured_content=result.model_dump(mode="json"),
    )


def render_list(escalations: list[Escalation]) -> CallToolResult:
    """Render an agent's questions."""
    listed = [
        ListedQuestion(
            escalation_id=each.id,
            question=each.question.text,
            status=status_of(each),
            conversation_id=each.question.conversation_id,
            asked_at=iso(each.created_at),
            deadline=iso(each.deadline),
            answer=each.outcome.text if each.outcome else None,
            late_answer=each.late_answer.text if each.late_answer else None,
            correctable_until=_correctable_until(each),
            delivered=each.is_delivered,
            caller_gone_at=iso(each.caller_gone_at) if each.caller_gone_at else None,
        )
        for each in escalations
    ]
    lines = [f"{each.status}  {each.escalation_id}  {_shortened(each.question)}" for each in listed]
    return CallToolResult(
        content=[TextContent(type="text", text="\n".join(lines) or "No questions are kept.")],
        structured_content=QuestionList(questions=listed).model_dump(mode="json"),
    )


def _correctable_until(escalation: Escalation) -> str | None:
    until = escalation.correctable_until
    return None if until is None else iso(until)


def _approvals(escalation: Escalation) -> int | None:
    if escalation.question.approvals_needed is None:
        return None
    return sum(each.approve for each in escalation.votes)


def _votes(escalation: Escalation) -> list[CastVote]:
    return [
        CastVote(
            by=_person(each.by),
            approve=each.approve,
            comment=each.comment,
            at=iso(each.at),
        )
        for each in escalation.votes
    ]


def _seconds_to_claim(escalation: Escalation) -> float | None:
    claim = escalation.claim
    return round((claim.at - escalation.created_at).total_seconds(), 3) if claim else None


def _seconds_to_answer(outcome: Outcome | None) -> float | None:
    """Tell how long a person took; nobody took any time over a prepared answer."""
    if outcome is None or outcome.provenance is not Provenance.PERSON:
        return None
    return round(outcome.seconds, 3)


def _author(outcome: Outcome | None) -> AnsweredBy | None:
    return _person(outcome.by) if outcome and outcome.by else None


def _person(by: Person) -> AnsweredBy:
    return AnsweredBy(id=by.id, name=by.name)


def _shortened(question: str) -> str:
    """Put a question on one line of a listing."""
    line = " ".join(question.split())
    return line if len(line) <= LISTED_LENGTH else f"{line[: LISTED_LENGTH - 1].rstrip()}…"


def iso(moment: datetime) -> str:
    """Write a moment as ISO 8601 in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

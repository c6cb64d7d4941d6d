"""What a caller gets back: a text for the model, and the same as structured content."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, Literal, assert_never

from mcp_types import CallToolResult, TextContent
from pydantic import BaseModel

from shared.escalation import Escalation, Outcome, State

LISTED_LENGTH: Final = 80
"""Characters of a question in the text of a listing; the structured content has all of it."""

Status = Literal[
    "pending",
    "needs_info",
    "answered",
    "declined",
    "timed_out",
    "cancelled",
    "undeliverable",
]


class AnsweredBy(BaseModel):
    """The person who decided."""

    id: str
    name: str


class AnswerResult(BaseModel):
    """Where a question stands. `answer` is set only when `status` is `answered`."""

    status: Status
    escalation_id: str
    question: str
    answer: str | None = None
    late_answer: str | None = None
    reason: str | None = None
    answered_by: AnsweredBy | None = None
    late_answered_by: AnsweredBy | None = None
    channel: str | None = None
    seconds_to_answer: float | None = None
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
    delivered: bool


class QuestionList(BaseModel):
    """An agent's questions, newest first."""

    questions: list[ListedQuestion]


def status_of(state: State) -> Status:
    """Name a state as callers see it: who has not been answered yet is `pending`."""
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
    """Name the states that callers see as this status."""
    return frozenset(state for state in State if status_of(state) == status)


def render(escalation: Escalation) -> CallToolResult:
    """Render where a question stands."""
    return _render(escalation, *_texts(escalation))


def render_delivery(escalation: Escalation) -> CallToolResult:
    """Render that a delivery was noted. The answer is not in the text: it was told already."""
    if escalation.is_delivered:
        return _render(escalation, "Noted: the customer knows.", "Go on with the conversation.")
    again = f"call check_answer with escalation_id={escalation.id}"
    return _render(
        escalation,
        f"Noted. Since then a person has answered late: {again}.",
        f"To read the late answer, {again}.",
    )


def _render(escalation: Escalation, text: str, next_step: str) -> CallToolResult:
    outcome, late = escalation.outcome, escalation.late_answer
    result = AnswerResult(
        status=status_of(escalation.state),
        escalation_id=escalation.id,
        question=escalation.question.text,
        answer=outcome.text if outcome else None,
        late_answer=late.text if late else None,
        reason=outcome.reason if outcome else None,
        answered_by=_person(outcome),
        late_answered_by=_person(late),
        channel=outcome.channel if outcome else None,
        seconds_to_answer=round(outcome.seconds, 3) if outcome and outcome.text else None,
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
            status=status_of(each.state),
            conversation_id=each.question.conversation_id,
            asked_at=iso(each.created_at),
            deadline=iso(each.deadline),
            answer=each.outcome.text if each.outcome else None,
            late_answer=each.late_answer.text if each.late_answer else None,
            delivered=each.is_delivered,
        )
        for each in escalations
    ]
    lines = [f"{each.status}  {each.escalation_id}  {_shortened(each.question)}" for each in listed]
    return CallToolResult(
        content=[TextContent(type="text", text="\n".join(lines) or "No questions are kept.")],
        structured_content=QuestionList(questions=listed).model_dump(mode="json"),
    )


def _person(outcome: Outcome | None) -> AnsweredBy | None:
    by = outcome.by if outcome else None
    return AnsweredBy(id=by.id, name=by.name) if by else None


def _shortened(question: str) -> str:
    """Put a question on one line of a listing."""
    line = " ".join(question.split())
    return line if len(line) <= LISTED_LENGTH else f"{line[: LISTED_LENGTH - 1].rstrip()}…"


def iso(moment: datetime) -> str:
    """Write a moment as ISO 8601 in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _texts(escalation: Escalation) -> tuple[str, str]:
    """Say how it stands, and what to do next. No two outcomes read alike."""
    outcome, reason = escalation.outcome, ""
    if outcome is not None and outcome.reason:
        reason = f" Reason: {outcome.reason}"
    match escalation.state:
        case State.QUEUED | State.POSTED | State.CLAIMED:
            again = f"call check_answer with escalation_id={escalation.id}"
            return (
                f"Still waiting: no person has answered yet. Go on talking, then {again}.",
                f"Go on with the conversation, then {again} to go on waiting.",
            )
        case State.NEEDS_INFO:
            return (
                "The person asks you back before answering.",
                f"Call check_answer with escalation_id={escalation.id} to go on waiting.",
            )
        case State.ANSWERED:
            answer = outcome.text if outcome and outcome.text else ""
            return answer, "Pass the answer on."
        case State.DECLINED:
            return (
                f"A person saw the question and declined to answer it.{reason}",
                "Tell the customer that the team could not decide this. Don't decide it yourself.",
            )
        case State.TIMED_OUT:
            if escalation.late_answer and escalation.late_answer.text:
                late = escalation.late_answer.text
                return (
                    f"Nobody answered in time. After the deadline a person answered: {late}",
                    "If the conversation is still open, pass the late answer on as one.",
                )
            return (
                "Nobody answered in time. This is not a yes and not a no.",
                "Tell the customer that nobody could be reached. Don't decide it yourself.",
            )
        case State.CANCELLED:
            return (
                f"The question was cancelled before anyone answered.{reason}",
                "Nothing: the answer was no longer wanted. Ask anew if it is wanted again.",
            )
        case State.UNDELIVERABLE:
            return (
                f"The question could not be shown to anybody.{reason}",
                "Tell the customer that the team can't be reached now. Don't decide it yourself.",
            )
        case _:
            assert_never(escalation.state)

"""A question, seen as a task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, assert_never

from mcp_gateway.results.rendering import render
from mcp_gateway.results.wording import wording
from mcp_gateway.tasks.replies import elicitation, open_requests
from mcp_gateway.tasks.shapes import Status, Task
from shared.escalation import Escalation, State

POLL_SECONDS: Final = (1.0, 15.0)
"""The shortest and the longest time between two looks that is suggested."""
LOOKS: Final = 120
"""How often a client is to look, about, before the deadline."""


def task_of(escalation: Escalation, images: Mapping[str, str]) -> Task:
    """Tell how a question stands as a task; `images` as for `render`.

    Silence, a refusal and a question that nobody could be shown are results: `check_answer` says
    the same in the same words.
    """
    status, message = _status(escalation), None
    asked = open_requests(escalation)
    match status:
        case Status.WORKING:
            message = "A person is on it." if escalation.claim else "No person has answered yet."
        case Status.INPUT_REQUIRED:
            message = (
                f"Before answering, a person wants to know: {' / '.join(asked.values())} "
                "(send_to_operator takes the reply, too)"
            )
        case Status.CANCELLED:
            message = wording(escalation)[0]
        case Status.COMPLETED | Status.FAILED:
            pass
        case _:
            assert_never(status)
    return Task(
        id=escalation.id,
        status=status,
        created_at=escalation.created_at,
        updated_at=_last_touched(escalation),
        kept_for=escalation.kept_until - escalation.created_at,
        poll_every=_poll_every(escalation),
        message=message,
        asked={key: elicitation(text) for key, text in asked.items()},
        result=(
            render(escalation, images).model_dump(by_alias=True, mode="json", exclude_none=True)
            if status is Status.COMPLETED
            else None
        ),
    )


def _status(escalation: Escalation) -> Status:
    match escalation.state:
        case State.QUEUED | State.POSTED | State.CLAIMED | State.NEEDS_INFO:
            return Status.INPUT_REQUIRED if open_requests(escalation) else Status.WORKING
        case State.ANSWERED | State.DECLINED | State.TIMED_OUT | State.UNDELIVERABLE:
            return Status.COMPLETED
        case State.CANCELLED:
            return Status.CANCELLED
        case _:
            assert_never(escalation.state)


def _last_touched(escalation: Escalation) -> datetime:
    """Find the newest moment in a record that its task shows."""
    outcome, late = escalation.outcome, escalation.late_answer
    moments = [
        escalation.created_at,
        *(each.at for each in escalation.remarks),
        *(each.at for each in escalation.votes),
        *(each.at for each in (escalation.claim, outcome, late) if each is not None),
        escalation.delivered_at,
        escalation.late_answer_delivered_at,
    ]
    return max(each for each in moments if each is not None)


def _poll_every(escalation: Escalation) -> timedelta:
    shortest, longest = POLL_SECONDS
    seconds = (escalation.deadline - escalation.created_at).total_seconds() / LOOKS
    return timedelta(seconds=min(max(seconds, shortest), longest))


def paced(task: Task, *, open_questions: int, calls_per_second: float) -> Task:
    """Have a client look less often where its agent has many open questions.

    Who looks at each of them as often as is suggested makes no more looks than it may make calls,
    which is a part of the looks that it may make.
    """
    together = timedelta(seconds=open_questions / calls_per_second)
    return replace(task, poll_every=max(task.poll_every, together))

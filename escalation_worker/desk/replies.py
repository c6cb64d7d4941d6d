"""What became of a reply, as HTTP: a status, a sentence for the person, and the question."""

from __future__ import annotations

from typing import Final

from starlette.responses import JSONResponse, Response

from escalation_worker.desk.views import view_of
from shared.escalation import QUESTION_LIMIT, Escalation, State
from shared.ports import ReplyVerdict

_STATUS: Final = {
    ReplyVerdict.ACCEPTED: 200,
    ReplyVerdict.REPEATED: 200,
    ReplyVerdict.KEPT_LATE: 202,
    ReplyVerdict.NOT_ALLOWED: 403,
    ReplyVerdict.UNKNOWN: 404,
    ReplyVerdict.TOO_LATE: 409,
    ReplyVerdict.UNREADABLE: 422,
}


def render_verdict(verdict: ReplyVerdict, escalation: Escalation | None) -> Response:
    """Tell the page what became of a reply; `escalation` is the record after it."""
    return JSONResponse(
        {
            "verdict": verdict,
            "message": _message(verdict, escalation),
            "question": view_of(escalation).model_dump(mode="json") if escalation else None,
        },
        status_code=_STATUS[verdict],
    )


def _message(verdict: ReplyVerdict, escalation: Escalation | None) -> str:
    match verdict:
        case ReplyVerdict.ACCEPTED:
            return "Sent. The agent has it."
        case ReplyVerdict.REPEATED:
            return "This was sent before, and counts once."
        case ReplyVerdict.KEPT_LATE:
            return "The deadline had passed. Your answer is kept, and the agent can still fetch it."
        case ReplyVerdict.NOT_ALLOWED:
            return "You may not answer this question."
        case ReplyVerdict.UNKNOWN:
            return "This question is no longer kept."
        case ReplyVerdict.TOO_LATE:
            return too_late(escalation)
        case ReplyVerdict.UNREADABLE:
            return f"text: must have 1 to {QUESTION_LIMIT} characters"
        case ReplyVerdict.FENCED:
            raise AssertionError("what is answered on the desk is heard by no listener")


def too_late(escalation: Escalation | None) -> str:
    """Say who or what was first."""
    outcome = escalation.outcome if escalation else None
    if outcome is None:
        return "This question has ended."
    name = outcome.by.name if outcome.by else "Somebody"
    after = f"after {outcome.seconds:.0f} s"
    match outcome.state:
        case State.ANSWERED:
            return f"{name} answered first, {after}."
        case State.DECLINED:
            return f"{name} declined it, {after}."
        case State.CANCELLED:
            return "The agent took the question back."
        case State.TIMED_OUT:
            return "The deadline had passed."
        case _:
            return "This question has ended."

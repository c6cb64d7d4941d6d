"""What became of a reply, as HTTP: a status, a sentence for the person, and the question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.responses import JSONResponse, Response

from escalation_worker.desk.views import view_of
from escalation_worker.discussing import counted_in_words
from escalation_worker.verdicts import in_words
from shared.escalation import Escalation, State
from shared.ports.replies import ReplyVerdict
from shared.texts import one_line

_STATUS: Final = {
    ReplyVerdict.ACCEPTED: 200,
    ReplyVerdict.REPEATED: 200,
    ReplyVerdict.KEPT_LATE: 202,
    ReplyVerdict.NOT_ALLOWED: 403,
    ReplyVerdict.UNKNOWN: 404,
    ReplyVerdict.TOO_LATE: 409,
    ReplyVerdict.UNREADABLE: 422,
    ReplyVerdict.WRONG_SHAPE: 422,
    ReplyVerdict.FILES_REFUSED: 422,
    ReplyVerdict.ASKED_BACK: 200,
    ReplyVerdict.ENOUGH_SAID: 409,
    ReplyVerdict.CLAIMED: 200,
    ReplyVerdict.CLAIMED_ALREADY: 409,
    ReplyVerdict.RELEASED: 200,
    ReplyVerdict.REASON_NEEDED: 422,
    ReplyVerdict.VOTED: 200,
    ReplyVerdict.VOTED_ALREADY: 409,
    ReplyVerdict.FORGOTTEN: 410,
}


_WRONG_FIELDS: Final = "Nothing was sent: please look at the fields that are marked."


def render_verdict(
    verdict: ReplyVerdict,
    escalation: Escalation | None,
    problems: Mapping[str, str] | None = None,
) -> Response:
    """Tell the page what became of a reply; `escalation` is the record after it.

    `problems`: what is wrong with a form, by field.
    """
    return JSONResponse(
        {
            "verdict": verdict,
            "message": _WRONG_FIELDS if problems else _message(verdict, escalation),
            "problems": dict(problems or {}),
            "question": view_of(escalation).model_dump(mode="json") if escalation else None,
        },
        status_code=_STATUS[verdict],
    )


def _message(verdict: ReplyVerdict, escalation: Escalation | None) -> str:
    if verdict is ReplyVerdict.TOO_LATE:
        return too_late(escalation)
    if verdict is ReplyVerdict.VOTED and escalation is not None:
        return counted_in_words(escalation)
    return in_words(verdict)


def too_late(escalation: Escalation | None) -> str:
    """Say who or what was first."""
    outcome = escalation.outcome if escalation else None
    if outcome is None:
        return "This question has ended."
    name = one_line(outcome.by.name if outcome.by else "") or "Somebody"
    after = f"after {outcome.seconds:.0f} s"
    if outcome.approved is not None:
        return f"{name} {'approved' if outcome.approved else 'denied'} it, {after}."
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

"""How a question ends that nobody ended: the one place that decides it, for worker and gateway."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, assert_never

from shared.escalation import Escalation, Outcome, Provenance, State
from shared.routes.route import AtEnd
from shared.routes.steps import End

ARRIVAL: Final = timedelta(seconds=1)
"""What people write or click may take so long to arrive: no listener says of a moment before that
all was heard."""
WORD: Final = timedelta(seconds=0.6)
"""After so long a listener has said what it can say: it does twice a second."""
UNHEARD: Final = timedelta(seconds=60)
"""How long a posted question outlives its deadline while nobody listens to what people write: an
answer that was given in time is still to be heard when a worker comes back."""
ABANDONED: Final = UNHEARD + timedelta(seconds=5)
"""How long after the deadline there is evidently no worker at all, and the gateway ends it."""
TIMES_OUT: Final = End(AtEnd.TIME_OUT, None)
"""How a question ends where no route says otherwise."""


def expired(escalation: Escalation, now: datetime, end: End = TIMES_OUT) -> Outcome:
    """Decide the outcome of a question that is still open when its time is up.

    A time-out says that somebody could have answered, so a question that was never shown to
    anybody ends as undeliverable instead. What a route has prepared for this case is no person's
    word: the question times out with it, and a late answer still counts as one.
    """
    if escalation.posting is None:
        reason = "it could not be shown to anybody before the deadline"
        return _ended(escalation, now, State.UNDELIVERABLE, reason)
    timed_out = _ended(escalation, now, State.TIMED_OUT, "nobody answered in time")
    match end.how:
        case AtEnd.FALLBACK:
            update = {"provenance": Provenance.FALLBACK, "text": end.text}
        case AtEnd.DENY if escalation.question.approvals_needed is not None:
            update = {"provenance": Provenance.FALLBACK, "approved": False}
        case AtEnd.DENY | AtEnd.TIME_OUT:
            return timed_out
        case _:
            assert_never(end.how)
    return timed_out.model_copy(update=update)


def _ended(escalation: Escalation, now: datetime, state: State, reason: str) -> Outcome:
    return Outcome(
        state=state,
        at=now,
        seconds=(now - escalation.created_at).total_seconds(),
        provenance=Provenance.SYSTEM,
        reason=reason,
    )

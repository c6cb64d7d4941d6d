"""How a question ends that nobody ended: the one place that decides it, for worker and gateway."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from shared.escalation import Escalation, Outcome, Provenance, State

UNHEARD: Final = timedelta(seconds=60)
"""How long a posted question outlives its deadline while nobody listens to what people write: an
answer that was given in time is still to be heard when a worker comes back."""
ABANDONED: Final = UNHEARD + timedelta(seconds=5)
"""How long after the deadline there is evidently no worker at all, and the gateway ends it."""


def expired(escalation: Escalation, now: datetime) -> Outcome:
    """Decide the outcome of a question that is still open at its deadline.

    A time-out says that somebody could have answered, so a question that was never shown to
    anybody ends as undeliverable instead.
    """
    if escalation.posting is not None:
        state, reason = State.TIMED_OUT, "nobody answered before the deadline"
    else:
        state = State.UNDELIVERABLE
        reason = "it could not be shown to anybody before the deadline"
    return Outcome(
        state=state,
        at=now,
        seconds=(now - escalation.created_at).total_seconds(),
        provenance=Provenance.SYSTEM,
        reason=reason,
    )

"""`Discussion` in memory."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from shared.escalation import (
    CLAIM_KEPT_EVERY,
    CLAIM_SOURCES_LIMIT,
    REMARKS_LIMIT,
    TRANSITIONS,
    Author,
    Claim,
    Escalation,
    Outcome,
    Remark,
    State,
    Vote,
)
from shared.memory.escalations import Entry, MemoryEscalations
from shared.ports.escalations import Concluded
from shared.ports.hold import Hold

Change = Callable[[Escalation], dict[str, Any] | None]
"""Tells what an act changes of a record, or None where it may not be done."""


class MemoryDiscussion:
    """What passes between people and the agent before an answer."""

    def __init__(self, memory: MemoryEscalations) -> None:
        self._memory = memory

    async def remark(
        self, escalation_id: str, remark: Remark, hold: Hold | None = None
    ) -> Concluded | None:
        """See `Discussion.remark`."""

        def change(known: Escalation) -> dict[str, Any] | None:
            full = len(known.remarks) >= REMARKS_LIMIT
            if full or any(each.source == remark.source for each in known.remarks):
                return None
            state = known.state
            if remark.author is Author.OPERATOR:
                state = State.NEEDS_INFO
            elif state is State.NEEDS_INFO:
                state = State.CLAIMED if known.claim else State.POSTED
            return {"remarks": (*known.remarks, remark), "state": state}

        noted = self._apply(escalation_id, hold, change)
        entry = self._memory.entry(escalation_id)
        if noted is not None and noted.applied and entry is not None:
            asks = remark.author is Author.OPERATOR
            entry.asked_back = remark if asks else None
            if asks:
                entry.replied.set()
            else:
                entry.replied.clear()
        return noted

    async def claim(
        self,
        escalation_id: str,
        claim: Claim,
        hold: Hold | None = None,
        *,
        take_over: bool = False,
    ) -> Concluded | None:
        """See `Discussion.claim`."""

        def change(known: Escalation) -> dict[str, Any] | None:
            if known.claim and (known.claim.by.id == claim.by.id or not take_over):
                return None
            state = State.CLAIMED if known.state is State.POSTED else known.state
            assignments = known.assignments + (claim.assigned_by is not None)
            return {"claim": claim, "state": state, "assignments": assignments}

        return self._claim(escalation_id, hold, claim.source, change)

    async def release(
        self,
        escalation_id: str,
        person_id: str | None,
        hold: Hold | None = None,
        *,
        source: str = "",
    ) -> Concluded | None:
        """See `Discussion.release`."""

        def change(known: Escalation) -> dict[str, Any] | None:
            if known.claim is None or person_id not in {None, known.claim.by.id}:
                return None
            state = State.POSTED if known.state is State.CLAIMED else known.state
            return {"claim": None, "state": state}

        return self._claim(escalation_id, hold, source, change)

    async def keep_claim(
        self, escalation_id: str, person_id: str, at: datetime, hold: Hold | None = None
    ) -> Concluded | None:
        """See `Discussion.keep_claim`."""

        def change(known: Escalation) -> dict[str, Any] | None:
            last = known.claim_kept_at
            if known.claim is None or known.claim.by.id != person_id:
                return None
            if last is not None and at < last + CLAIM_KEPT_EVERY:
                return None
            return {"claim_kept_at": at}

        return self._apply(escalation_id, hold, change)

    async def vote(
        self,
        escalation_id: str,
        vote: Vote,
        outcome: Outcome,
        hold: Hold | None = None,
        *,
        needed: int,
    ) -> Concluded | None:
        """See `Discussion.vote`."""

        def change(known: Escalation) -> dict[str, Any] | None:
            if outcome.state not in TRANSITIONS[known.state]:
                return None
            if any(each.by.id == vote.by.id for each in known.votes):
                return None
            votes = (*known.votes, vote)
            if vote.approve and sum(each.approve for each in votes) < needed:
                return {"votes": votes}
            return {"votes": votes, "state": outcome.state, "outcome": outcome}

        noted = self._apply(escalation_id, hold, change)
        entry = self._memory.entry(escalation_id)
        if noted is not None and entry is not None and entry.escalation.outcome:
            entry.replied.set()
            self._memory.unposted.discard(escalation_id)
        return noted

    def _claim(
        self, escalation_id: str, hold: Hold | None, source: str, change: Change
    ) -> Concluded | None:
        """Apply what came by one source once."""
        entry = self._memory.entry(escalation_id)
        done = entry is not None and source in entry.claims
        noted = self._apply(escalation_id, hold, (lambda _: None) if done else change)
        if noted is not None and noted.applied and entry is not None and source:
            entry.claims = [*entry.claims, source][-CLAIM_SOURCES_LIMIT:]
        return noted

    def _apply(self, escalation_id: str, hold: Hold | None, change: Change) -> Concluded | None:
        entry: Entry | None = self._memory.entry(escalation_id)
        if entry is None:
            return None
        if self._memory.outdated(hold):
            return Concluded(entry.escalation, applied=False, fenced=True)
        changes = change(entry.escalation) if entry.escalation.state.is_open else None
        if changes is None:
            return Concluded(entry.escalation, applied=False)
        entry.escalation = entry.escalation.model_copy(update=changes)
        self._memory.changes.tell(escalation_id)
        return Concluded(entry.escalation, applied=True)

"""What people do with a question before it is answered."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from shared.escalation import Claim, Outcome, Remark, Vote
from shared.ports.escalations import Concluded
from shared.ports.hold import Hold


class Discussion(Protocol):
    """What passes between people and the agent before an answer. Each act is done once.

    Every method returns the record as it stands after the attempt, or None if it is not kept.
    An act on a question that has ended is not applied, and neither is one that was done before.
    """

    async def remark(
        self, escalation_id: str, remark: Remark, hold: Hold | None = None
    ) -> Concluded | None:
        """Ask the agent back, which makes the question wait for it, or tell people in return."""
        ...

    async def claim(
        self,
        escalation_id: str,
        claim: Claim,
        hold: Hold | None = None,
        *,
        take_over: bool = False,
    ) -> Concluded | None:
        """Note who is on it; another's claim is ended only by `take_over`.

        Not applied either where this person is on it, or where something came of the claim's
        source before, as far as that is among the last `CLAIM_SOURCES_LIMIT` claims and releases.
        One that was assigned is counted.
        """
        ...

    async def release(
        self,
        escalation_id: str,
        person_id: str | None,
        hold: Hold | None = None,
        *,
        source: str = "",
    ) -> Concluded | None:
        """End a person's claim, or whoever's it is (None). `source` counts once, as a claim's."""
        ...

    async def keep_claim(
        self, escalation_id: str, person_id: str, at: datetime, hold: Hold | None = None
    ) -> Concluded | None:
        """Note that whoever is on it was heard of; nobody else's word keeps a claim.

        Not applied either where it is less than `CLAIM_KEPT_EVERY` newer than what was noted last.
        """
        ...

    async def vote(
        self,
        escalation_id: str,
        vote: Vote,
        outcome: Outcome,
        hold: Hold | None = None,
        *,
        needed: int,
    ) -> Concluded | None:
        """Count a person's word on an approval. If it decides, `outcome` ends the question.

        One denial denies; `needed` approvals of different people approve.
        """
        ...

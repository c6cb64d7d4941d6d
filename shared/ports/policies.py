"""How far the policy of a question has come."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from shared.escalation import Escalation, PolicyProgress
from shared.ports.escalations import Concluded


class PolicyLog(Protocol):
    """Remembers how far each question's policy has come, and when to look at it again."""

    async def note_progress(
        self, found: Escalation, progress: PolicyProgress, *, release: bool = False
    ) -> Concluded | None:
        """Note a step, and end the claim with it where it is a `release`.

        Not applied unless the question is open and the record is as it was `found`: with as many
        steps and remarks, and the same person on it. So each step is noted once, and none that was
        planned on facts that hold no more. Returns None if the record is not kept.
        """
        ...

    async def look_again(self, escalation_id: str, at: datetime | None) -> None:
        """Have the policy looked at then; None: not before something changes.

        Where somebody is to look before that anyway, this stands.
        """
        ...

    async def show_again(self, escalation_id: str) -> bool:
        """Have people shown an open question anew: its route says something else by now.

        Returns False where there is no such open question.
        """
        ...

"""Edits of an answer."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from shared.escalation import Outcome
from shared.ports.escalations import Concluded
from shared.ports.hold import Hold


class Corrections(Protocol):
    """Edits of answers, while their route lets people correct them."""

    async def correct(
        self, escalation_id: str, answer: Outcome, hold: Hold | None = None
    ) -> Concluded | None:
        """Take in an answer as it was edited: `text`, `corrected_at`, and the `source` that it had.

        It takes the first one's place while that was not handed over, and is kept beside it
        afterwards, where it gives way to a later edit until it was handed over itself. Not applied
        where that happened, where the message did not give the answer, where its time was over,
        or where a later edit is known. `hold` and what is returned are those of `conclude`.
        """
        ...

    async def correctable(self, *, before: datetime | None = None) -> list[str]:
        """List answered questions whose edits may be unheard; those whose time is over by then."""
        ...

    async def end_grace(self, escalation_id: str, heard_until: datetime | None) -> bool:
        """Have it shown that an answer stands, if all edits that were made in time were heard.

        Also forgets a question that is no longer kept. Returns whether there is something to show.
        """
        ...

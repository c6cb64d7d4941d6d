"""What was answered before, as it is shown with a question that is like it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from shared.texts import Value

PRECEDENTS_LIMIT: Final = 3
"""How many are shown with one question."""
ASKED_ROOM: Final = 150
"""Characters that are shown of a question that was answered before."""
ANSWER_ROOM: Final = 300
"""Likewise of its answer. All of it stays in its own record, and goes with that."""


class Precedent(Value):
    """A question that people answered before, in short. It is fixed when it is first shown."""

    id: str
    """Whose record has the whole answer, for as long as it is kept."""
    question: str
    answer: str
    by: str
    """The name of the person who answered."""
    at: datetime

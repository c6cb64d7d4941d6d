"""How whoever asked hears of what has changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from shared.escalation import Outcome, Remark

Reply = Outcome | Remark
"""What ends a wait: how it ended, or what an operator asks back."""


class ReplyWaiter(Protocol):
    """Waits for outcomes without a connection for each wait."""

    async def wait(self, escalation_id: str, *, seconds: float) -> Reply | None:
        """Return the outcome as soon as there is one, or None after `seconds`.

        What an operator asks back ends the wait too, until the agent has replied to it. What
        was there before the call is returned at once, and every waiter gets the same, however
        often it asks.
        """
        ...


class Changes(Protocol):
    """Tells that an escalation changed. A hint to read it again, never the truth itself."""

    def subscribe(self) -> AbstractAsyncContextManager[AsyncIterator[str]]:
        """Yield ids of escalations that changed, and the empty string for "any may have"."""
        ...

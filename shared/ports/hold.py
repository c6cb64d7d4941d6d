"""Who listens to people, so that only one acts on what was heard."""

from __future__ import annotations

from dataclasses import dataclass

from shared.escalation import DEFAULT_BOT


@dataclass(frozen=True, slots=True)
class Hold:
    """A listener's slot, and the fencing number under which it is held.

    The number grows with each holder. What was heard under an older one is not acted on: the
    newer holder took the slot before it connected, so it hears the same or finds it. Each bot has
    slots of its own: who listens for one fences nobody who listens for another.
    """

    slot: int
    fence: int
    bot: str = DEFAULT_BOT

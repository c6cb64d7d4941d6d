"""Who calls: an agent, whose it is, and what it may do."""

from __future__ import annotations

from dataclasses import dataclass

from shared.limits import Limits


@dataclass(frozen=True, slots=True)
class Caller:
    """The agent whose call is being served."""

    agent: str
    """Who asks, as people see it."""
    tenant: str
    """Whose the questions are. Another tenant's are unknown to it."""
    limits: Limits
    routes: frozenset[str] | None = None
    """By which routes it may ask; None for all."""

    @property
    def identity(self) -> tuple[str, str]:
        """By what its calls are told from other agents', whichever of its keys they come with."""
        return self.tenant, self.agent

    def may_ask_by(self, route: str) -> bool:
        """Whether this route is open to it."""
        return self.routes is None or route in self.routes

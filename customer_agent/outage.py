"""Since when the gateway can't be reached, and whether the customer knows."""

from __future__ import annotations

import asyncio

from customer_agent.gateway_client import GatewayRefusedKeyError, GatewayUnreachableError
from customer_agent.patience import Patience
from shared.telemetry import get_logger

_log = get_logger(__name__)


class Outage:
    """One outage at a time, shared by all questions of a conversation. Each is logged once."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._since: float | None = None
        self._told = False

    def note(self, error: GatewayUnreachableError, attempt: int) -> float:
        """Note a failed call; seconds to the next try."""
        if self._since is None:
            self._since = asyncio.get_running_loop().time()
            _log.warning("gateway_unreachable", problem=str(error))
        if isinstance(error, GatewayRefusedKeyError):
            return self._patience.refused_retry
        return self._patience.retry_after(attempt)

    def must_be_told(self) -> bool:
        """Whether it has lasted so long that the customer should hear of it; True once."""
        if self._told or self._since is None:
            return False
        waited = asyncio.get_running_loop().time() - self._since
        self._told = waited >= self._patience.unreachable
        return self._told

    def over(self) -> None:
        """Note a call that came through."""
        if self._since is not None:
            _log.info("gateway_reachable_again")
        self._since, self._told = None, False

"""Tells the gateway what the customer knows by now, until the gateway has heard it.

So the people who answered see that it arrived, and the next agent of the conversation does not
tell it again. A host that dies between the last word and the confirmation has its successor tell
the outcome once more: better twice than never.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Final, Self

from customer_agent.afterwards import LATER
from customer_agent.gateway_client import Gateway, GatewayRejectedError, GatewayUnreachableError
from customer_agent.outcomes import Outcome
from customer_agent.patience import Patience
from shared.telemetry import get_logger

_log = get_logger(__name__)

_LEAVING_SECONDS: Final = 2.0
"""How long the end of a conversation waits for what is still to be confirmed."""


class Confirmations:
    """What is being confirmed in one conversation. Enter it before the first outcome is told."""

    def __init__(self, gateway: Gateway, *, patience: Patience) -> None:
        self._gateway = gateway
        self._patience = patience
        self._tasks = asyncio.TaskGroup()
        self._pending: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pending:
            _, late = await asyncio.wait(self._pending, timeout=_LEAVING_SECONDS)
            for each in late:
                each.cancel()
        await self._tasks.__aexit__(kind, error, trace)

    def note(self, outcome: Outcome) -> None:
        """Note that the customer was told this. What is not final needs no confirmation."""
        if outcome.escalation_id is None or not outcome.is_final:
            return
        task = self._tasks.create_task(
            self._confirm(outcome.escalation_id, late=outcome.ending in LATER),
            name=f"confirm-{outcome.ticket}",
        )
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    async def _confirm(self, escalation_id: str, *, late: bool) -> None:
        attempt = 0
        while True:
            try:
                await self._gateway.confirm_delivery(escalation_id, late_answer=late)
            except GatewayRejectedError as error:
                # An older gateway, or a record that has expired: the customer knows all the same.
                _log.warning(
                    "delivery_not_confirmed", escalation_id=escalation_id, problem=str(error)
                )
                return
            except GatewayUnreachableError:
                await asyncio.sleep(self._patience.retry_after(attempt))
                attempt += 1
            else:
                return

"""A changed file of routes, put into force when somebody says so, for open questions too.

A restart may bring one as well: whoever begins shows what the file makes otherwise by now.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from escalation_worker.manners import manner_of_route
from escalation_worker.unreadable import passing_over_unreadable
from shared.errors import StoreUnavailableError
from shared.escalation import ChannelKind, Posting
from shared.ports import Clock, EscalationStore, PolicyLog, utc_now
from shared.routes.route import Route
from shared.routes_in_force import InForce
from shared.telemetry import get_logger

log = get_logger(__name__)

AGAIN_SECONDS: Final = 1.0


class Reloading:
    """Reads the routes again each time it is told."""

    def __init__(
        self,
        routes: InForce[Route],
        store: EscalationStore,
        open_postings: Callable[[], Awaitable[Mapping[str, Posting]]],
        policies: PolicyLog,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._routes = routes
        self._store = store
        self._open_postings = open_postings
        self._policies = policies
        self._clock = clock
        self._told = asyncio.Event()

    def told(self) -> None:
        """Read them again soon. A signal handler may call this."""
        self._told.set()

    async def run(self) -> None:
        """See to what a restart has changed; then wait for ever to be told."""
        await self._look_at_all(policies=False)
        while True:
            await self._told.wait()
            self._told.clear()
            if self._routes.reload():
                await self._look_at_all(policies=True)

    async def _look_at_all(self, *, policies: bool) -> None:
        """Have open questions shown anew that are answered otherwise than people were shown.

        See too, if wanted, what the `policies` now ask of all of them.
        """
        while True:
            try:
                for escalation_id, posting in (await self._open_postings()).items():
                    if policies:
                        await self._policies.look_again(escalation_id, self._clock())
                    if posting.channel is ChannelKind.DISCORD:  # the desk shows no manner
                        with passing_over_unreadable(escalation_id):
                            await self._show_what_holds(escalation_id)
            except StoreUnavailableError as error:
                log.warning("policies_not_looked_at", reason=str(error))
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                return

    async def _show_what_holds(self, escalation_id: str) -> None:
        """Have a question shown with the words and the buttons that hold now, unless it is."""
        escalation = await self._store.get(escalation_id)
        if escalation is None:
            return
        manner = manner_of_route(self._routes.of(escalation.question.route))
        if manner != escalation.shown.manner:
            await self._policies.show_again(escalation_id)

"""A changed file of routes, put into force when somebody says so, for open questions too.

A restart may bring one as well: whoever begins sees to what the file makes otherwise by now.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from escalation_worker.escalating import next_look
from escalation_worker.manners import manner_of_route
from escalation_worker.unreadable import passing_over_unreadable
from shared.errors import StoreUnavailableError
from shared.escalation import ChannelKind, Escalation, Posting
from shared.ports.clock import Clock, utc_now
from shared.ports.escalations import EscalationStore
from shared.ports.policies import PolicyLog
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
        await self._look_at_all()
        while True:
            await self._told.wait()
            self._told.clear()
            if self._routes.reload():
                await self._look_at_all()

    async def posted(self, escalation_id: str) -> None:
        """Have a question shown anew if a file came into force while its message was sent.

        Whoever looked at all open questions then did not find it yet: where it is shown is noted
        once it was sent. From there on they do.

        Raises:
            StoreUnavailableError: Try again later.
        """
        escalation = await self._store.get(escalation_id)
        if escalation is not None and escalation.posting is not None:
            await self._show_what_holds(escalation, escalation.posting)

    async def _look_at_all(self) -> None:
        """See to all open questions of which the routes in force make something else."""
        while True:
            try:
                for escalation_id, posting in (await self._open_postings()).items():
                    with passing_over_unreadable(escalation_id):
                        await self._see_to(escalation_id, posting)
            except StoreUnavailableError as error:
                log.warning("policies_not_looked_at", reason=str(error))
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                return

    async def _see_to(self, escalation_id: str, posting: Posting) -> None:
        """Have its policy followed as soon as it asks for something, and people shown what holds.

        Where nothing is different, nothing is queued: every worker of a fleet begins like that.
        """
        escalation = await self._store.get(escalation_id)
        if escalation is None or not escalation.state.is_open:
            return
        route = self._routes.of(escalation.question.route)
        if (look := next_look(route, escalation, self._clock())) is not None:
            await self._policies.look_again(escalation_id, look)
        await self._show_what_holds(escalation, posting)

    async def _show_what_holds(self, escalation: Escalation, posting: Posting) -> None:
        manner = manner_of_route(self._routes.of(escalation.question.route))
        on_discord = posting.channel is ChannelKind.DISCORD  # the desk shows no manner
        if on_discord and manner != escalation.shown.manner:
            await self._policies.show_again(escalation.id)

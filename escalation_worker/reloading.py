"""A changed file of routes, put into force when somebody says so, for open questions too."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final

from escalation_worker.manners import Manner, manner_of_route
from shared.errors import StoreUnavailableError
from shared.ports import Clock, PolicyLog, utc_now
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
        open_questions: Callable[[], Awaitable[Iterable[str]]],
        policies: PolicyLog,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._routes = routes
        self._open_questions = open_questions
        self._policies = policies
        self._clock = clock
        self._told = asyncio.Event()

    def told(self) -> None:
        """Read them again soon. A signal handler may call this."""
        self._told.set()

    async def run(self) -> None:
        """Wait for ever to be told."""
        while True:
            await self._told.wait()
            self._told.clear()
            before = self._manners()
            if self._routes.reload():
                await self._look_at_all(show_again=self._manners() != before)

    def _manners(self) -> Mapping[str, Manner]:
        return {route.name: manner_of_route(route) for route in self._routes.routes}

    async def _look_at_all(self, *, show_again: bool) -> None:
        """See what the policies now ask of questions that are open.

        Where any are answered in another manner now, people are shown all of them anew, with the
        words and the buttons that hold from here on.
        """
        while True:
            try:
                for escalation_id in await self._open_questions():
                    await self._policies.look_again(escalation_id, self._clock())
                    if show_again:
                        await self._policies.show_again(escalation_id)
            except StoreUnavailableError as error:
                log.warning("policies_not_looked_at", reason=str(error))
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                return

"""On which terms a route's people are asked: what the gateway needs to know of a route."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from mcp_gateway.settings import GatewaySettings
from shared.expiry import TIMES_OUT
from shared.question import DEFAULT_ROUTE
from shared.routes.file import load_routes
from shared.routes.policy import end_of
from shared.routes.route import CallerGone
from shared.routes.steps import End
from shared.routes_in_force import InForce


@dataclass(frozen=True, slots=True)
class Terms:
    """How long people have, how many must agree, and what holds if nobody answers."""

    timeout: timedelta
    quorum: int | None = None
    """How many must approve where an approval is asked for; None leaves it to the agent."""
    end: End = TIMES_OUT
    caller_gone: CallerGone = CallerGone.KEEP
    """What becomes of an open question when the conversation ends."""


def terms_in_force(settings: GatewaySettings) -> InForce[Terms]:
    """Read each route's terms: from the file, or from the settings where there is none.

    Raises:
        ConfigurationError: One line for each mistake in the file.
    """

    def read() -> Mapping[str, Terms]:
        if settings.routes_file is None:
            return {DEFAULT_ROUTE: Terms(settings.timeout)}
        routes = load_routes(settings.routes_file).routes
        return {
            name: Terms(route.timeout, route.quorum, end_of(route), route.caller_gone)
            for name, route in routes.items()
        }

    return InForce(read)

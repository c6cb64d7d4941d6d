"""Terms on which tests ask, without a file of routes."""

from __future__ import annotations

from datetime import timedelta

from mcp_gateway.terms import Terms
from shared.question import DEFAULT_ROUTE
from shared.routes_in_force import InForce


def the_terms(timeout: timedelta = timedelta(minutes=10), **others: Terms) -> InForce[Terms]:
    """Put a default route into force that gives people so long, and others by name."""
    return InForce(lambda: {DEFAULT_ROUTE: Terms(timeout), **others})

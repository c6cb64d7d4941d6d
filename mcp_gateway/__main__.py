"""Starts the gateway: `hitl gateway`, or `python -m mcp_gateway`."""

from __future__ import annotations

import asyncio
import contextlib
import sys

from mcp_gateway.app import serve
from mcp_gateway.settings import GatewaySettings
from mcp_gateway.terms import terms_in_force
from shared.crash_points import arm_from_environment
from shared.errors import ConfigurationError
from shared.settings import load
from shared.telemetry import configure_logging


def main() -> int:
    """Run the gateway until it is told to stop; return the exit code."""
    try:
        settings = load(GatewaySettings)
        terms = terms_in_force(settings)
    except ConfigurationError as error:
        sys.stderr.write(f"gateway: {error}\n")
        return 2
    arm_from_environment()
    configure_logging(level=settings.log_level, style=settings.log_format)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(serve(settings, terms))
    except ConfigurationError as error:
        sys.stderr.write(f"gateway: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

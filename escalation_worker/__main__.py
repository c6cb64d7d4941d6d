"""Starts a worker: `hitl worker`, or `python -m escalation_worker`."""

from __future__ import annotations

import asyncio
import sys

from escalation_worker.app import serve
from escalation_worker.bots import read_bots
from escalation_worker.routing import routes_in_force
from escalation_worker.settings import WorkerSettings
from shared.crash_points import arm_from_environment
from shared.errors import ConfigurationError
from shared.settings import load
from shared.telemetry import configure_logging


def main() -> int:
    """Run a worker until it is told to stop; return the exit code."""
    try:
        settings = load(WorkerSettings)
        bots = read_bots(settings)
        routes = routes_in_force(settings, bots)
    except ConfigurationError as error:
        sys.stderr.write(f"worker: {error}\n")
        return 2
    arm_from_environment()
    configure_logging(level=settings.log_level, style=settings.log_format)
    asyncio.run(serve(settings, routes, bots))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Starts the agent: `python -m customer_agent`, or `hitl agent`.

With VIDEOSDK_AUTH_TOKEN and ROOM_ID it joins that room; without, it serves a chat page. Settings
are read here and nowhere else. A setting that is wrong ends the start with one line each and exit
code 2.
"""

from __future__ import annotations

import logging
import sys
from typing import Final

from dotenv import load_dotenv

from customer_agent.settings import AgentSettings
from shared.crash_points import arm_from_environment
from shared.errors import ConfigurationError
from shared.settings import load
from shared.telemetry import configure_logging

_WRONG_SETTING: Final = 2


def main() -> None:
    """Run until told to stop by SIGTERM or SIGINT, or until the customer leaves the room."""
    # VideoSDK's plugins look for their providers' keys in the environment only.
    load_dotenv(".env")
    try:
        settings = load(AgentSettings)
        arm_from_environment()
        configure_logging(level=settings.log_level, style=settings.log_format)
        if settings.log_level != "DEBUG":
            _quieten_libraries()
        # Only now, so that a wrong setting is told at once: the runtime takes seconds to import.
        from customer_agent.running import run  # noqa: PLC0415

        run(settings)
    except ConfigurationError as error:
        print(error, file=sys.stderr)  # noqa: T201  For the person who starts it, not for a log.
        raise SystemExit(_WRONG_SETTING) from None


def _quieten_libraries() -> None:
    """Keep out of the log what the customer and the agent say, which the runtime logs at INFO.

    With it goes the chatter of the HTTP libraries: our own events tell the same.
    """
    for name in ("videosdk", "httpx", "httpx2", "uvicorn"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # It also complains about every turn without a room that its statistics have nowhere to go.
    logging.getLogger("videosdk.agents.metrics").setLevel(logging.CRITICAL)


if __name__ == "__main__":
    main()

"""Starts the agent: `python -m customer_agent`, or `hitl agent`.

With VIDEOSDK_AUTH_TOKEN and ROOM_ID it joins that room; without, it serves a chat page. Settings
are read here and nowhere else. A setting that is wrong ends the start with one line each and exit
code 2.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dotenv import load_dotenv

from customer_agent.settings import AgentSettings
from shared.errors import ConfigurationError
from shared.settings import load
from shared.telemetry import configure_logging, get_logger

if TYPE_CHECKING:
    from customer_agent.conversation import Manner
    from customer_agent.gateway_client import Gateway

_log = get_logger(__name__)

_WRONG_SETTING: Final = 2


def main() -> None:
    """Run until told to stop by SIGTERM or SIGINT, or until the customer leaves the room."""
    try:
        run(_settings())
    except ConfigurationError as error:
        print(error, file=sys.stderr)  # noqa: T201  For the person who starts it, not for a log.
        raise SystemExit(_WRONG_SETTING) from None


def run(settings: AgentSettings) -> None:
    """Run with these settings.

    Raises:
        ConfigurationError: A setting can't be used; the message names it and the mend.
    """
    configure_logging(level=settings.log_level, style=settings.log_format)
    if settings.log_level != "DEBUG":
        # Below WARNING the runtime logs what the customer and the agent say.
        logging.getLogger("videosdk").setLevel(logging.WARNING)
        # … and it complains after every turn that it has nowhere to send its statistics.
        logging.getLogger("videosdk.agents.metrics").setLevel(logging.CRITICAL)
    if settings.room_id and settings.videosdk_auth_token is None:
        raise ConfigurationError(
            "VIDEOSDK_AUTH_TOKEN: ROOM_ID is set, so a token from VideoSDK's dashboard is needed; "
            "unset ROOM_ID for a chat in the browser"
        )
    instructions = _instructions(settings.agent_instructions_file)
    # These import the runtime, which takes seconds: a wrong setting is told before.
    from customer_agent.conversation import Manner
    from customer_agent.gateway_client import McpGateway
    from customer_agent.questions import Patience

    gateway = McpGateway(
        settings.gateway_url, api_key=settings.gateway_api_key, route=settings.agent_route
    )
    manner = Manner(
        instructions=f"Your name is {settings.agent_name}.\n\n{instructions}",
        greeting=f"Hello, I'm {settings.agent_name}. What can I do for you?",
        hold_line_seconds=settings.agent_hold_line_seconds,
        on_hangup=settings.agent_on_hangup,
        patience=Patience(
            unreachable=settings.agent_unreachable_seconds,
            resume=timedelta(minutes=settings.agent_resume_minutes),
        ),
    )
    if settings.room_id:
        from customer_agent.room import run_in_room

        run_in_room(settings, gateway, manner)
    else:
        asyncio.run(_chat(settings, gateway, manner))


def _settings() -> AgentSettings:
    # VideoSDK's plugins look for their providers' keys in the environment only.
    load_dotenv(".env")
    return load(AgentSettings)


def _instructions(path: Path | None) -> str:
    """Read the agent's instructions, our own when no file is set.

    Raises:
        ConfigurationError: The file can't be read, or says nothing.
    """
    try:
        source = path or files("customer_agent") / "instructions.txt"
        text = source.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"AGENT_INSTRUCTIONS_FILE: can't be read: {error}") from error
    if not text.strip():
        raise ConfigurationError("AGENT_INSTRUCTIONS_FILE: the file is empty")
    return text


async def _chat(settings: AgentSettings, gateway: Gateway, manner: Manner) -> None:
    from customer_agent.chat_server import serve_chat

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    await serve_chat(settings, gateway, manner, stop)
    _log.info("agent.stopped")


if __name__ == "__main__":
    main()

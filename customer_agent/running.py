"""Puts the agent together from settings, and runs it in a room or behind the chat page.

Importing this module imports VideoSDK's runtime, which takes seconds.
"""

from __future__ import annotations

import asyncio
import signal
from importlib.resources import files
from pathlib import Path

from customer_agent.background import Sharing
from customer_agent.chat_server import serve_chat
from customer_agent.conversation import Manner
from customer_agent.gateway_client import McpGateway
from customer_agent.patience import Patience
from customer_agent.room import run_in_room
from customer_agent.settings import AgentSettings
from shared.errors import ConfigurationError
from shared.telemetry import get_logger

_log = get_logger(__name__)


def run(settings: AgentSettings) -> None:
    """Run until told to stop by SIGTERM or SIGINT, or until the customer leaves the room.

    Raises:
        ConfigurationError: A setting can't be used; the message names it and the mend.
    """
    if settings.room_id and settings.videosdk_auth_token is None:
        raise ConfigurationError(
            "VIDEOSDK_AUTH_TOKEN: ROOM_ID is set, so a token from VideoSDK's dashboard is needed; "
            "unset ROOM_ID for a chat in the browser"
        )
    gateway = McpGateway(
        settings.gateway_url, api_key=settings.gateway_api_key, route=settings.agent_route
    )
    manner = manner_from(settings)
    if settings.room_id:
        run_in_room(settings, gateway, manner)
    else:
        asyncio.run(_chat(settings, gateway, manner))
    _log.info("agent_stopped")


def manner_from(settings: AgentSettings) -> Manner:
    """Read how the agent is to behave.

    Raises:
        ConfigurationError: The file of instructions can't be read, or says nothing.
    """
    instructions = _instructions(settings.agent_instructions_file)
    return Manner(
        instructions=f"Your name is {settings.agent_name}.\n\n{instructions}",
        greeting=f"Hello, I'm {settings.agent_name}. What can I do for you?",
        hold_line_seconds=settings.agent_hold_line_seconds,
        on_hangup=settings.on_hangup,
        sharing=Sharing(settings.agent_turns, settings.agent_facts),
        patience=Patience(
            unreachable=settings.agent_unreachable_seconds,
            resume=settings.resume,
        ),
    )


def _instructions(path: Path | None) -> str:
    source = path or files("customer_agent") / "instructions.txt"
    try:
        text = source.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"AGENT_INSTRUCTIONS_FILE: can't be read: {error}") from error
    if not text.strip():
        raise ConfigurationError("AGENT_INSTRUCTIONS_FILE: the file is empty")
    return text


async def _chat(settings: AgentSettings, gateway: McpGateway, manner: Manner) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    await serve_chat(settings, gateway, manner, stop)

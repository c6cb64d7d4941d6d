"""Runs the chat page until it is told to stop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import uvicorn

from customer_agent.chat import ChatPage
from customer_agent.chats import Chats
from customer_agent.conversation import Manner
from customer_agent.gateway_client import Gateway
from customer_agent.notices import Notices
from customer_agent.providers import build_llm, text_pipeline
from customer_agent.settings import AgentSettings
from shared.errors import ConfigurationError
from shared.settings import is_loopback
from shared.telemetry import get_logger

_log = get_logger(__name__)

_GRACE_SECONDS: Final = 3


class _Server(uvicorn.Server):
    """Leaves signals to us: uvicorn would raise them once more after its shutdown."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture nothing."""
        yield


async def serve_chat(
    settings: AgentSettings, gateway: Gateway, manner: Manner, stop: asyncio.Event
) -> None:
    """Serve until `stop` is set; then hand the open questions over and return within seconds.

    Raises:
        ConfigurationError: The model's plugin is missing, or the port is taken.
    """
    build_llm(settings, Notices())  # a missing plugin is told now, not to the first customer
    chats = Chats(
        gateway=gateway,
        pipelines=lambda write: text_pipeline(settings, write),
        manner=manner,
        most=settings.chat_max_conversations,
        idle_after=settings.chat_idle_minutes * 60,
    )
    page = ChatPage(chats, agent_name=settings.agent_name, conversation_id=settings.conversation_id)
    listener = _listen(settings.chat_host, settings.chat_port)
    server = _Server(
        uvicorn.Config(
            page.app(loopback_only=is_loopback(settings.chat_host)),
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    )
    host, port = listener.getsockname()[:2]
    _log.info("chat_listening", url=f"http://{host}:{port}/", llm=settings.agent_llm)
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(server.serve(sockets=[listener]), name="chat-server")
        stopping = tasks.create_task(stop.wait(), name="wait-for-stop")
        await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
        chats.leave_all()  # or the server would wait for pages that go on listening
        server.should_exit = True
        await serving
        stopping.cancel()


def _listen(host: str, port: int) -> socket.socket:
    """Take the port.

    Raises:
        ConfigurationError: It is not to be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio turns Nagle's algorithm off only where it is: with
    # it, every answer would wait 40 ms for the page's acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"CHAT_PORT: can't listen on {host}:{port} ({error.strerror}); "
            "stop what listens there, or choose another port"
        ) from error
    return listener

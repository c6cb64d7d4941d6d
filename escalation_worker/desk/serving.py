"""Serving the desk inside the worker, beside arq: no signal handlers, and an end in order."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.applications import Starlette

from escalation_worker.desk.board import Board
from escalation_worker.supervisor import NeedsMendingError
from shared.telemetry import get_logger

log = get_logger(__name__)

STOP_SECONDS: Final = 3


class _Server(uvicorn.Server):
    """Uvicorn that leaves the signals to the process around it."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


async def serve_desk(desk: Starlette, *, host: str, port: int) -> None:
    """Serve until cancelled; then let running requests end, for `STOP_SECONDS` at most.

    Raises:
        NeedsMendingError: The address can't be listened on.
    """
    config = uvicorn.Config(
        desk,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    server, board = _Server(config), desk.state.board
    if not isinstance(board, Board):
        raise TypeError("serve_desk takes what build_desk made")
    # Bound here: when uvicorn can't bind, it ends the whole process.
    listening = _listen(host, port)
    log.info("desk_listening", url=_url(host, listening.getsockname()[1]))
    serving = asyncio.ensure_future(server.serve(sockets=[listening]))
    try:
        await asyncio.shield(serving)
    finally:
        board.close()
        server.should_exit = True
        await asyncio.gather(serving, return_exceptions=True)
        listening.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family)
    except OSError as error:
        raise NeedsMendingError(
            f"DESK_PORT: can't listen on {host}:{port} ({error.strerror}): "
            "stop what listens there, or choose another port"
        ) from error
    # asyncio sets this only on sockets that name their protocol; without it every answer that is
    # sent in two pieces waits 40 ms for the first one's acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"

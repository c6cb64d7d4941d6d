"""The demo's one page: the customer's chat and the operator's desk side by side."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from hitl.demo.processes import DemoError
from hitl.demo.stage import HOST

STATIC: Final = Path(__file__).parent / "static"


class _Server(uvicorn.Server):
    """Uvicorn that leaves the signals to the demo."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def build_page(*, chat_url: str, desk_url: str, conversation: str) -> Starlette:
    """Build the page around the two addresses."""
    chat = f"{chat_url}/?c={conversation}"
    page = (STATIC / "demo.html").read_text("utf-8")
    page = page.replace("{{chat_url}}", chat).replace("{{desk_url}}", desk_url + "/")
    policy = f"default-src 'self'; frame-src {chat_url} {desk_url}; frame-ancestors 'none'"

    async def show(_: Request) -> Response:
        headers = {"content-security-policy": policy, "cache-control": "no-store"}
        return HTMLResponse(page, headers=headers)

    return Starlette(
        routes=[Route("/", show), Mount("/static", StaticFiles(directory=STATIC))],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])],
    )


@asynccontextmanager
async def served(app: Starlette, *, port: int) -> AsyncGenerator[str]:
    """Serve the page on loopback while the block runs, and yield its address.

    Raises:
        DemoError: The port is taken.
    """
    try:
        listening = socket.create_server((HOST, port))
    except OSError as error:
        raise DemoError(
            f"can't listen on {HOST}:{port} ({error.strerror}): choose another --port"
        ) from error
    server = _Server(
        uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1)
    )
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"http://{HOST}:{listening.getsockname()[1]}/"
    finally:
        server.should_exit = True
        await serving

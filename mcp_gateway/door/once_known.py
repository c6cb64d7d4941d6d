"""What a gateway says while it can't be told yet whether its callers need a proof.

On loopback everybody is let in where no keys were made, and only Redis knows that. While it can't
be asked, to let everybody in would be to guess, and the guess would hold until the next start.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.errors import StoreUnavailableError
from shared.telemetry import get_logger

log = get_logger(__name__)

AGAIN_SECONDS: Final = 1.0
"""Between two looks, and what callers are told to wait."""
_WHY: Final = "it is not known yet whether callers need a key, since Redis can't be asked"


class OnceKnown:
    """Serves the application that `build` makes, as soon as it can be made.

    `build` raises `StoreUnavailableError` until then. It is tried before the first request is
    taken, so that where Redis is there nobody is refused.
    """

    def __init__(
        self, build: Callable[[], Awaitable[Starlette]], *, again: float = AGAIN_SECONDS
    ) -> None:
        self._build = build
        self._again = again
        self._app: ASGIApp | None = None
        self._tried, self._closing = asyncio.Event(), asyncio.Event()
        self._meanwhile = Starlette(
            lifespan=self._lifespan,
            routes=[
                Route("/healthz", _alive),
                Route("/readyz", _unready),
                Route("/{path:path}", _come_again, methods=["GET", "POST", "DELETE"]),
            ],
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or have it come again."""
        app = self._app if scope["type"] != "lifespan" else None
        await (app or self._meanwhile)(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncGenerator[None]:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._open())
            await self._tried.wait()
            yield
            self._closing.set()

    async def _open(self) -> None:
        while not self._closing.is_set():
            try:
                app = await self._build()
            except StoreUnavailableError as error:
                if not self._tried.is_set():
                    log.warning("keys_unknown", reason=str(error), meaning="nobody is let in yet")
                self._tried.set()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), self._again)
                continue
            async with app.router.lifespan_context(app):
                self._app = app
                if self._tried.is_set():
                    log.info("keys_known")
                self._tried.set()
                await self._closing.wait()


async def _alive(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _unready(_: Request) -> Response:
    return JSONResponse({"status": "unready", "reason": _WHY}, status_code=503)


async def _come_again(_: Request) -> Response:
    return come_again(f"{_WHY}: try again in a moment")


def come_again(words: str) -> Response:
    """Answer where it can't be told now who calls, and who may."""
    return JSONResponse(
        {"error": "temporarily_unavailable", "error_description": words},
        status_code=503,
        headers={"Retry-After": str(round(AGAIN_SECONDS))},
    )

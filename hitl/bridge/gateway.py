"""The bridge's way to the gateway: one HTTP request for each message, tried again for a while."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, Self, cast

import httpx2

from hitl.bridge.envelope import Message
from hitl.bridge.settings import BridgeSettings
from shared.telemetry import get_logger

log = get_logger(__name__)

CONNECT_SECONDS: Final = 5.0
REACHED_SECONDS: Final = CONNECT_SECONDS + 1
"""What lasted longer was held by a gateway, whose end is an outage of its own."""
PATIENCE_SECONDS: Final = 15.0
"""How long a message is tried again; with a call's usual hold well below the minute after which
most clients give up."""
FIRST_PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 1.0
LARGEST_EVENT: Final = 64 * 1024 * 1024
"""An answer with images, encoded."""
_NEVER_REACHED: Final = (
    ": see that it runs, and that GATEWAY_URL in the environment of `hitl stdio` is its address"
)
_AWAY: Final = frozenset({429, 502, 503, 504})
_REFUSED: Final = frozenset({401, 403})


class AwayError(Exception):
    """The gateway was not reached, or went away before it answered."""


class RefusedError(Exception):
    """The gateway answers, but not to us; the words say what to do."""


class Gateway:
    """Posts messages, and yields what comes back. Open it as a context."""

    def __init__(
        self, settings: BridgeSettings, *, transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        key = settings.gateway_api_key
        self._url = settings.gateway_url
        self._had_key = key is not None
        headers = {
            "Accept": "application/json, text/event-stream",
            "Content-Type": "application/json",
        }
        if key is not None:
            headers["Authorization"] = f"Bearer {key.get_secret_value()}"
        self._http = httpx2.AsyncClient(
            headers=headers,
            # A held call may be silent for as long as it is held: the connection itself says
            # whether anybody is there.
            timeout=httpx2.Timeout(CONNECT_SECONDS, read=None),
            transport=transport or httpx2.AsyncHTTPTransport(socket_options=_watched()),
            limits=httpx2.Limits(max_connections=None),
        )
        self._away = False
        self._was_reached = False

    async def __aenter__(self) -> Self:
        """Open it."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def post(
        self, message: Message, headers: Callable[[float], Mapping[str, str]]
    ) -> AsyncIterator[Message]:
        """Send a message, again where the connection fails, and yield what it brings.

        `headers` is told how many seconds have passed. What came before a break comes again.

        Raises:
            AwayError: It was tried for as long as that makes sense.
            RefusedError: It is of no use to try again.
        """
        began = time.monotonic()
        lost_at: float | None = None
        pause = FIRST_PAUSE_SECONDS
        while True:
            tried = time.monotonic()
            try:
                async for each in self._once(message, headers(tried - began)):
                    yield each
            except (httpx2.RequestError, AwayError) as failure:
                now = time.monotonic()
                if lost_at is None or now - tried > REACHED_SECONDS:
                    lost_at, pause = now, FIRST_PAUSE_SECONDS
                self._note_away(failure)
                if now + pause - lost_at > PATIENCE_SECONDS:
                    raise AwayError(
                        f"the gateway at {self._url} can't be reached ({_said(failure)})"
                        + ("" if self._was_reached else _NEVER_REACHED)
                    ) from failure
            else:
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _once(self, message: Message, headers: Mapping[str, str]) -> AsyncIterator[Message]:
        """Send it once. A request's stream that ends without its answer has broken."""
        wants_answer = message.get("id") is not None
        # In ASCII: half a surrogate pair, which a model may write, has no other form.
        body = json.dumps(message).encode()
        async with self._http.stream("POST", self._url, content=body, headers=headers) as response:
            self._check(response)
            answered = False
            kind = response.headers.get("content-type", "")
            if kind.startswith("text/event-stream"):
                async for event in httpx2.EventSource(response, LARGEST_EVENT):
                    if event.data and (each := _message(event.data)) is not None:
                        answered = answered or "method" not in each
                        yield each
            elif (found := await response.aread()) or not response.is_success:
                answered = True
                yield _own(self._read(response.status_code, found), message)
            if wants_answer and not answered:
                raise AwayError("it ended the stream without an answer")

    def _check(self, response: httpx2.Response) -> None:
        """Tell what answers here by its status."""
        status = response.status_code
        if status in _AWAY:
            raise AwayError(f"HTTP {status}")
        if status in _REFUSED:
            words = "refuses the key" if self._had_key else "wants a key, and there is none"
            log.error("gateway_refuses", url=self._url, status=status)
            raise RefusedError(
                f"the gateway {words} (HTTP {status}): set GATEWAY_API_KEY in the environment of "
                "`hitl stdio` to a key that the gateway knows, then start it again"
            )
        self._was_reached = True
        if self._away:
            self._away = False
            log.warning("gateway_back", url=self._url)

    def _read(self, status: int, body: bytes) -> Message:
        """Read an answer that is no stream, or say what else it is.

        Raises:
            RefusedError: It is none of a gateway's, or about more than the gateway takes.
        """
        if (found := _message(body)) is not None:
            return found
        log.error("no_answer_of_a_gateway", url=self._url, status=status)
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise RefusedError("the message is larger than the gateway takes")
        raise RefusedError(
            f"what answers at {self._url} is no gateway (HTTP {status}): set GATEWAY_URL to its "
            "address, which ends in /mcp"
        )

    def _note_away(self, failure: Exception) -> None:
        if not self._away:
            self._away = True
            log.warning("gateway_away", url=self._url, reason=_said(failure))


def _own(answer: Message, message: Message) -> Message:
    """Give an answer its request's id, where the gateway could not read it."""
    return {**answer, "id": message.get("id")} if "method" not in answer else answer


def _message(text: str | bytes) -> Message | None:
    """Read a message; None if it is something else, or half of one."""
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return cast("Message", value) if isinstance(value, dict) and "jsonrpc" in value else None


def _said(failure: Exception) -> str:
    """Name an error on one line."""
    return " ".join(f"{type(failure).__name__} {failure}".split())[:200]


def _watched() -> list[tuple[int, int, int]]:
    """Have the system look whether the other end still lives: it is gone within half a minute."""
    wanted = {"TCP_KEEPIDLE": 15, "TCP_KEEPALIVE": 15, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
    known = {name: getattr(socket, name, None) for name in wanted}
    return [
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        *((socket.IPPROTO_TCP, each, wanted[name]) for name, each in known.items() if each),
    ]

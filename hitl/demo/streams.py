"""Reads server-sent events, as a browser would."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `name` is "message" where the server gave none."""

    name: str
    data: dict[str, Any]


@asynccontextmanager
async def open_stream(
    client: httpx2.AsyncClient, url: str
) -> AsyncGenerator[AsyncGenerator[Event]]:
    """Open a stream of events. It has begun when the block is entered.

    Raises:
        httpx2.HTTPError: It can't be opened, or breaks off.
    """
    async with client.stream("GET", url, timeout=None) as response:
        response.raise_for_status()
        yield _events(response)


async def _events(response: httpx2.Response) -> AsyncGenerator[Event]:
    name, data = "message", ""
    async for line in _lines(response):
        field, _, value = line.partition(":")
        match field:
            case "event":
                name = value.strip()
            case "data":
                data += value.strip()
            case "" if not line and data:
                yield Event(name, json.loads(data))
                name, data = "message", ""
            case _:
                pass  # a comment that keeps the connection alive, an id, a pause


async def _lines(response: httpx2.Response) -> AsyncGenerator[str]:
    """Split at line feeds only: httpx2's own splitting takes U+2028 within a text for an end."""
    rest = b""
    async for chunk in response.aiter_bytes():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.decode().rstrip("\r")

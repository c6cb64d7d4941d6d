#!/usr/bin/env python3
"""The containers' health check: `python health.py gateway|worker|agent|discord-double`.

Ends with 0 if the process beside it serves, else with 1 and one line that says what is wrong.
The worker has no web page while it talks to Discord, so Redis is asked when it last polled its
queue: a worker whose event loop stands still, or that lost Redis, is seen within seconds.
"""

from __future__ import annotations

import asyncio
import os
import sys
import urllib.error
import urllib.request
from typing import Any, Final, cast

PAGE_SECONDS: Final = 3
SILENCE_SECONDS: Final = 15
"""A healthy worker sends Redis something every half second."""


def main(process: str) -> str | None:
    """Check one process; return what is wrong with it."""
    match process:
        case "gateway":
            return _page(os.environ.get("GATEWAY_PORT", "8765"), "/healthz")
        case "worker":
            return _worker()
        case "agent":
            # In a room there is no page: then the process itself is the sign of life, and its end
            # ends the container.
            if os.environ.get("ROOM_ID"):
                return None
            return _page(os.environ.get("CHAT_PORT", "8770"), "/healthz")
        case "discord-double":
            return _page("8902", "/_double/health")
        case _:
            return f"no such process: {process}"


def _page(port: str, path: str) -> str | None:
    url = f"http://127.0.0.1:{port}{path}"
    try:
        with urllib.request.urlopen(url, timeout=PAGE_SECONDS):
            return None
    except (urllib.error.URLError, OSError) as error:
        return f"{url}: {error}"


def _worker() -> str | None:
    desk = os.environ.get("DESK_PORT", "8780") if _serves_the_desk() else None
    return (_page(desk, "/healthz") if desk else None) or _polls_its_queue()


def _serves_the_desk() -> bool:
    # Only the worker's image has this.
    from escalation_worker.bots import read_bots  # noqa: PLC0415
    from escalation_worker.settings import WorkerSettings  # noqa: PLC0415
    from shared.errors import ConfigurationError  # noqa: PLC0415
    from shared.settings import load  # noqa: PLC0415

    try:
        return not read_bots(load(WorkerSettings))
    except ConfigurationError:
        return False  # a file that was changed since: the worker goes on with what it has read


def _polls_its_queue() -> str | None:
    # Only the worker's image has redis-py.
    from shared.errors import EscalationError  # noqa: PLC0415
    from shared.redis_adapter.connection import open_client, translated_errors  # noqa: PLC0415
    from shared.settings import StoreSettings, load  # noqa: PLC0415

    async def look() -> tuple[dict[str, Any], list[dict[str, str]]]:
        async with open_client(load(StoreSettings)) as redis, translated_errors():
            me = cast("dict[str, Any]", await redis.client_info())
            return me, cast("list[dict[str, str]]", await redis.client_list(_type="normal"))

    try:
        me, clients = asyncio.run(look())
    except EscalationError as error:
        return str(error)
    silences = [
        int(client["idle"])
        for client in clients
        if _host(client) == _host(me) and int(client["id"]) != int(me["id"])
    ]
    if not silences:
        return "the worker has no connection to Redis"
    if min(silences) > SILENCE_SECONDS:
        return f"the worker has not polled its queue for {min(silences)} s"
    return None


def _host(client: dict[str, Any]) -> str:
    return str(client["addr"]).rpartition(":")[0]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

"""Discord's servers for files: signed links that expire, and what they lead to.

A link carries when it was issued (`is`), when it expires (`ex`), both in hexadecimal seconds, and
a signature (`hm`). Each payload has a fresh one. Without a valid one the file is not served; that
this is a 404 is assumed.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import web

from .faults import FaultKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .faults import Faults
    from .model import Attachment
    from .world import World

PATH = "/attachments/{channel}/{attachment}/{name}"
_GONE = "This content is no longer available."


def link(world: World, what: Attachment, channel_id: int) -> str:
    """Make a link to a file that is valid from now on."""
    path = f"/attachments/{channel_id}/{what.id}/{quote(what.filename)}"
    issued = int(time.time())
    expires = issued + int(world.settings.attachment_link_life)
    signature = _signature(world, what.id, f"{expires:x}", f"{issued:x}")
    return f"{world.public_url()}{path}?ex={expires:x}&is={issued:x}&hm={signature}&"


def _signature(world: World, attachment_id: int, expires: str, issued: str) -> str:
    signed = f"{attachment_id}:{expires}:{issued}".encode()
    return hmac.new(world.signing_key, signed, hashlib.sha256).hexdigest()


class Cdn:
    """Serves what was uploaded. Faults whose path pattern matches strike here too."""

    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        self._faults = faults
        # The paths that were asked for.
        self.requests: list[str] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one file."""
        self.requests.append(request.path)
        self._world.stir()
        for fault in self._faults.strike(request.method, request.path, after_effect=False):
            match fault.kind:
                case FaultKind.SLOW:
                    await asyncio.sleep(fault.seconds)
                case FaultKind.DROP:
                    if request.transport is not None:
                        request.transport.abort()
                    return web.Response()
                case FaultKind.RATE_LIMIT:
                    return web.Response(status=429)
                case FaultKind.FAIL:
                    return web.Response(status=fault.status)
        found = self._find(request.match_info)
        if found is None or not self._is_signed(found, request.query):
            return web.Response(status=404, text=_GONE)
        kind = found.content_type or "application/octet-stream"
        return web.Response(body=found.content, headers={"Content-Type": kind})

    def _find(self, named: Mapping[str, str]) -> Attachment | None:
        channel = self._world.channels.get(int(named["channel"]))
        for message in channel.messages if channel else ():
            for each in message.attachments:
                if str(each.id) == named["attachment"]:
                    return each
        return None

    def _is_signed(self, what: Attachment, query: Mapping[str, str]) -> bool:
        expires, issued = query.get("ex", ""), query.get("is", "")
        expected = _signature(self._world, what.id, expires, issued)
        if not hmac.compare_digest(expected, query.get("hm", "")):
            return False
        return int(expires, 16) > time.time()

"""Reads small files from Discord's own servers, and from nowhere else.

Not by discord.py's `Attachment.read`: it reads however much comes, and goes wherever it is sent.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

import aiohttp

from shared.telemetry import get_logger

log = get_logger(__name__)

READ_SECONDS: Final = 3.0
"""For all of it. The answer waits for its images so long, and everything written behind it."""
_HOSTS: Final = frozenset({"cdn.discordapp.com", "media.discordapp.net"})
_ATTACHMENTS: Final = "/attachments/"
_CHUNK: Final = 16_384
_OK: Final = 200


class Cdn:
    """Discord's servers for files; those of another API where that is set (`api_base`)."""

    def __init__(self, api_base: str = "", *, seconds: float = READ_SECONDS) -> None:
        self._other = urlsplit(api_base) if api_base else None
        self._seconds = seconds

    async def read(self, url: str, limit: int) -> bytes | None:
        """Read a file of at most `limit` bytes; None where it can't be had in time, or has more."""
        if not self._is_ours(url):
            log.warning("file_not_read", reason="a link that does not lead to Discord")
            return None
        try:
            async with (
                aiohttp.ClientSession(
                    timeout=aiohttp.ClientTimeout(total=self._seconds),
                    headers={"Accept-Encoding": "identity"},
                    auto_decompress=False,
                    cookie_jar=aiohttp.DummyCookieJar(),
                ) as session,
                session.get(url, allow_redirects=False) as response,
            ):
                if response.status != _OK:
                    log.warning("file_not_read", reason=f"status {response.status}")
                    return None
                return await _at_most(response, limit)
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            log.warning("file_not_read", reason=type(error).__name__)
            return None

    def _is_ours(self, url: str) -> bool:
        try:
            named = urlsplit(url)
            port = named.port
        except ValueError:
            return False
        if named.username is not None or not named.path.startswith(_ATTACHMENTS):
            return False
        if self._other is not None:
            return (named.scheme, named.netloc) == (self._other.scheme, self._other.netloc)
        return named.scheme == "https" and named.hostname in _HOSTS and port in {None, 443}


async def _at_most(response: aiohttp.ClientResponse, limit: int) -> bytes | None:
    content = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        content += chunk
        if len(content) > limit:
            log.warning("file_not_read", reason="more bytes than were announced")
            return None
    return bytes(content)

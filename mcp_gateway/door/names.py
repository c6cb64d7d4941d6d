"""The names under which a gateway is reached, in the one form in which they are compared.

A host is the same in capitals, with a dot at its end and with the port that its scheme implies, but
as texts all these differ, and a client writes it in its own way, not as it stands in a setting.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address
from typing import Final
from urllib.parse import urlsplit

import idna
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.web_address import web_address

IMPLIED: Final = {"https": 443, "http": 80}
_PLACE: Final = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(?::(\d{1,5}))?")
_NAME: Final = re.compile(r"[a-z0-9._-]+")


def plain_place(place: str) -> str:
    """Write a host, and its port if one is given, as clients do: `ask.example.org:8443`.

    Raises:
        ValueError: It is none, as a phrase that follows the field's name.
    """
    found = _PLACE.fullmatch(place)
    host = None if found is None else _plain_host(found[1])
    if found is None or host is None:
        raise ValueError(
            "must name a host, such as ask.example.org, ask.example.org:8443 or [2001:db8::1]"
        )
    return host if found[2] is None else f"{host}:{int(found[2])}"


def plain_name(place: str) -> str:
    """Write a name under which the gateway is reached; a port that goes without saying is left out.

    Raises:
        ValueError: See `plain_place`.
    """
    place = plain_place(place)
    for port in IMPLIED.values():
        place = place.removesuffix(f":{port}")
    return place


def plain_address(url: str) -> str:
    """Write an address of the web as clients do, which is also how tokens name their audience.

    Raises:
        ValueError: What is wrong, as a phrase that follows the field's name.
    """
    parts = urlsplit(url)
    place = plain_place(parts.netloc)
    if (implied := IMPLIED.get(parts.scheme)) is not None:
        place = place.removesuffix(f":{implied}")
    return web_address(parts._replace(netloc=place).geturl())


def host_of(place: str) -> str:
    """Leave out the port."""
    found = _PLACE.fullmatch(place)
    return place if found is None else found[1]


def _plain_host(host: str) -> str | None:
    """Write a host; None where it is none."""
    if host.startswith("["):
        try:
            return f"[{IPv6Address(host.strip('[]'))}]"
        except AddressValueError:
            return None
    name = host.lower().removesuffix(".")
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode()
        except idna.IDNAError:
            return None
    return name if _NAME.fullmatch(name) else None


class PlainHost:
    """Writes what a client calls the gateway in the form in which it is compared.

    The SDK compares texts. What is no host stays as it came, and fits nothing.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] == "http":
            headers = [
                (name, _as_compared(value) if name == b"host" else value)
                for name, value in scope["headers"]
            ]
            scope = {**scope, "headers": headers}
        await self._app(scope, receive, send)


def _as_compared(value: bytes) -> bytes:
    try:
        return plain_place(value.decode("ascii")).encode()
    except ValueError:
        return value

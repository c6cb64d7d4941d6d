"""Addresses from outside: only those that lead where they seem to lead, and that a browser opens.

Browsers follow the URL standard: a host whose last part is a number is an IPv4 address to them, and
parts that begin with `xn--` are letters of other scripts. What they refuse, or what would lead
elsewhere than is written, is refused here, before anybody is shown it.
"""

from __future__ import annotations

import re
import unicodedata
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final
from urllib.parse import urlsplit

import idna

HOST_LIMIT: Final = 253
"""Characters in a host's name, and in one of its parts: what DNS can look up."""
LABEL_LIMIT: Final = 63
PORT_LIMIT: Final = 65_535

_CHARACTERS: Final = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
"""The characters of an address (RFC 3986): no white space, no controls, no look-alikes."""
_PLACE: Final = re.compile(
    r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9.-]+))(?::(?P<port>\d*))?"
)
_NUMBER: Final = re.compile(r"\d+|0[xX][0-9A-Fa-f]*")
_OTHER_SCRIPT: Final = "xn--"
_JOINERS: Final = "\u200c\u200d"
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL", "AN"})


def web_address(url: str) -> str:
    """Take an address of the web; its scheme comes back in lower case, as people know it.

    Raises:
        ValueError: What is wrong, as a phrase that follows the field's name.
    """
    if not _CHARACTERS.fullmatch(url):
        raise ValueError("must have the characters of a URL only: percent-encode all others")
    try:
        parts = urlsplit(url)
    except ValueError:  # brackets
        raise ValueError("must be a valid URL") from None
    if parts.scheme not in {"http", "https"}:
        raise ValueError("must begin with http:// or https://")
    if "@" in parts.netloc:
        raise ValueError("must hold no user name and no password")
    if not parts.netloc:
        raise ValueError("must name a host")
    _check_place(parts.netloc)
    return parts.scheme + url[len(parts.scheme) :]


def _check_place(place: str) -> None:
    found = _PLACE.fullmatch(place)
    if found is None:
        raise ValueError("must be a valid URL: a host, and a port if need be")
    if found["port"] and int(found["port"]) > PORT_LIMIT:
        raise ValueError(f"must be a valid URL: a port is at most {PORT_LIMIT}")
    if found["ipv6"] is None:
        _check_name(found["name"])
        return
    try:
        IPv6Address(found["ipv6"])
    except AddressValueError:
        raise ValueError(
            "must be a valid URL: what stands in brackets is no IPv6 address"
        ) from None


def _check_name(name: str) -> None:
    labels = name.removesuffix(".").split(".")
    if len(name) > HOST_LIMIT or not all(0 < len(each) <= LABEL_LIMIT for each in labels):
        raise ValueError("must name a host: a part of its name is missing or too long")
    if _NUMBER.fullmatch(labels[-1]):
        try:
            IPv4Address(name)
        except AddressValueError:
            problem = "must name a host: one that ends in a number is four of them, as in 192.0.2.1"
            raise ValueError(problem) from None
    try:
        read = [_read(each.lower()) for each in labels]
        if any(unicodedata.bidirectional(each) in _RIGHT_TO_LEFT for each in "".join(read)):
            for each in read:
                idna.check_bidi(each, check_ltr=True)
    except ValueError:
        raise ValueError(f"must name a host: a part with {_OTHER_SCRIPT} is not valid") from None


def _read(label: str) -> str:
    """Read a part of a host's name as a browser would.

    Raises:
        ValueError: It would not.
    """
    if not label.startswith(_OTHER_SCRIPT):
        return label
    encoded = label.removeprefix(_OTHER_SCRIPT)
    read = encoded.encode().decode("punycode")
    if (
        read.isascii()
        or read.startswith(_OTHER_SCRIPT)
        or read.encode("punycode").decode() != encoded
    ):
        raise ValueError("not what this would be written as")
    if idna.uts46_remap(read, std3_rules=False, transitional=False) != read:
        raise ValueError("would be written otherwise")
    idna.check_initial_combiner(read)
    if not all(idna.valid_contextj(read, at) for at, each in enumerate(read) if each in _JOINERS):
        raise ValueError("joins what is not to be joined")
    return read

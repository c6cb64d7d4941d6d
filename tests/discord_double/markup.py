"""The little of Discord's mark-up that a question has, as HTML for the page.

Shown as Discord's apps show it: bold, addresses, moments, people and roles by name, and whatever a
backslash escapes as it is. All else is text.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from html import escape

Namer = Callable[[int], str | None]
"""Names whoever is mentioned by this id."""

_MARK_UP = re.compile(
    r"""
      \\(?P<escaped>[^\w\s])
    | <t:(?P<moment>\d{1,12})(?::[tTdDfFR])?>
    | <@[!&]?(?P<mentioned>\d+)>
    | <(?P<bare>https?://[^\s<>]+)>
    | (?P<url>https?://[^\s<>()]+[^\s<>().,:;"'])
    | \*\*(?P<bold>(?:\\.|[^\\])+?)\*\*
    """,
    re.VERBOSE | re.DOTALL,
)
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def as_html(text: str, name_of: Namer) -> str:
    """Render a text. Nothing of it gets into the page unescaped."""
    shown: list[str] = []
    end = 0
    for found in _MARK_UP.finditer(text):
        shown += [escape(text[end : found.start()]), _rendered(found, name_of)]
        end = found.end()
    return "".join([*shown, escape(text[end:])])


def _rendered(found: re.Match[str], name_of: Namer) -> str:
    part = found[found.lastgroup or 0]
    match found.lastgroup:
        case "moment":
            return f"<span class=moment>{relative(int(part) - time.time())}</span>"
        case "mentioned":
            name = name_of(int(part))
            return escape(found[0]) if name is None else f"<span class=at>@{escape(name)}</span>"
        case "bare" | "url":
            return f'<a href="{escape(part)}" rel="noopener noreferrer">{escape(part)}</a>'
        case "bold":
            return f"<b>{as_html(part, name_of)}</b>"
        case _:
            return escape(part)


def relative(seconds: float) -> str:
    """Tell how far away a moment is, in its largest unit."""
    away = abs(round(seconds))
    name, length = next((each for each in _UNITS if away >= each[1]), _UNITS[-1])
    count = away // length
    words = f"{count} {name}{'' if count == 1 else 's'}"
    return f"in {words}" if seconds >= 0 else f"{words} ago"

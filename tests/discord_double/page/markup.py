"""Discord's mark-up as HTML: what a message's text looks like to its readers.

After Discord's public page on its text formatting. Everything that is not mark-up is escaped, so
that nothing which somebody wrote becomes a tag.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from re import Match

_INNER: Final = r"(?:\\.|[^\\])+?"
_TOKEN: Final = re.compile(
    rf"""
    \\(?P<literal>[^\w\s])
    | ```(?:\w*\n)?(?P<block>.+?)```
    | `(?P<code>[^`\n]+)`
    | \*\*(?P<strong>{_INNER})\*\*(?!\*)
    | __(?P<u>{_INNER})__
    | \*(?P<em>(?!\s){_INNER})(?<!\s)\*
    | (?<!\w)_(?P<em2>{_INNER})_(?!\w)
    | ~~(?P<s>{_INNER})~~
    | \|\|(?P<spoiler>{_INNER})\|\|
    | \[(?P<label>(?:\\.|[^\]\\])+)\]\(<?(?P<target>https?://[^\s<>)]+)>?\)
    | <(?P<quiet>https?://[^\s<>]+)>
    | (?P<bare>https?://[^\s<>]*[^\s<>.,:;!?)'"])
    | <@!?(?P<user>\d{{1,20}})>
    | <@&(?P<role>\d{{1,20}})>
    | <\#(?P<channel>\d{{1,20}})>
    | <t:(?P<time>-?\d{{1,11}})(?::(?P<style>[tTdDfFR]))?>
    """,
    re.VERBOSE | re.DOTALL,
)
_LINE: Final = re.compile(
    r"^(?:(?P<heading>\#{1,3})\ |(?P<small>-\#)\ |(?P<quote>>)\ |(?P<item>[-*])\ )(?P<rest>.*)$",
    re.VERBOSE,
)
_TAGS: Final = {"strong": "strong", "u": "u", "em": "em", "em2": "em", "s": "s"}
_SECONDS_MOST: Final = 253_402_300_799  # the last second of the year 9999


class Names(Protocol):
    """Tells what the ids in a text stand for."""

    def user(self, user_id: int) -> str:
        """Return a member's name."""
        ...

    def role(self, role_id: int) -> str:
        """Return a role's name."""
        ...

    def channel(self, channel_id: int) -> str:
        """Return a channel's name."""
        ...


def rendered(text: str, names: Names) -> str:
    """Render a text of several lines."""
    shown: list[str] = []
    place = 0
    for block in re.finditer(r"```(?:\w*\n)?(.+?)```", text, re.DOTALL):
        shown.append(_lines(text[place : block.start()], names))
        shown.append(f"<pre>{escape(block[1])}</pre>")
        place = block.end()
    shown.append(_lines(text[place:], names))
    return "".join(shown)


def _lines(text: str, names: Names) -> str:
    shown: list[str] = []
    broken = ""  # what ends the line before; blocks end theirs by themselves
    for line in text.split("\n"):
        begun = _LINE.match(line)
        if begun is None:
            shown.append(broken + _inline(line, names))
            broken = "\n"
            continue
        inner = _inline(begun["rest"], names)
        if begun["heading"]:
            shown.append(f"<h{len(begun['heading']) + 2}>{inner}</h{len(begun['heading']) + 2}>")
        elif begun["small"]:
            shown.append(f"<small>{inner}</small>")
        elif begun["quote"]:
            shown.append(f"<blockquote>{inner}</blockquote>")
        else:
            shown.append(f"<div class=item>{inner}</div>")
        broken = ""
    return "".join(shown)


def _inline(text: str, names: Names) -> str:
    shown: list[str] = []
    place = 0
    for token in _TOKEN.finditer(text):
        shown.append(escape(text[place : token.start()]))
        shown.append(_token(token, names))
        place = token.end()
    shown.append(escape(text[place:]))
    return "".join(shown)


def _token(token: Match[str], names: Names) -> str:
    kind = token.lastgroup or ""
    if token["time"] is not None:
        return _moment(int(token["time"]), token["style"] or "f")
    if token["target"] is not None:
        return _link(token["target"], _inline(token["label"], names))
    value = token[kind]
    match kind:
        case "literal":
            return escape(value)
        case "block" | "code":
            return f"<code>{escape(value)}</code>"
        case "spoiler":
            return f"<span class=spoiler tabindex=0>{_inline(value, names)}</span>"
        case "quiet" | "bare":
            return _link(value, escape(value))
        case "user":
            return _mention("@" + names.user(int(value)))
        case "role":
            return _mention("@" + names.role(int(value)))
        case "channel":
            return _mention("#" + names.channel(int(value)))
        case _:
            return f"<{_TAGS[kind]}>{_inline(value, names)}</{_TAGS[kind]}>"


def _link(target: str, inner: str) -> str:
    return f"<a href='{escape(target)}' rel='noopener noreferrer' target=_blank>{inner}</a>"


def _mention(name: str) -> str:
    return f"<span class=mention>{escape(name)}</span>"


def _moment(seconds: int, style: str) -> str:
    """Name a moment in UTC; the page's script puts it into the reader's own words."""
    at = datetime.fromtimestamp(min(max(seconds, 0), _SECONDS_MOST), UTC)
    return (
        f"<time datetime={at:%Y-%m-%dT%H:%M:%SZ} data-style={style}>{at:%d %b %Y %H:%M} UTC</time>"
    )

"""Customers' words on their way into Discord: no mark-up, no mentions, and cut to their room."""

from __future__ import annotations

import re
from typing import Final

import discord

from shared.texts import cut, legible, one_line

WORD_ROOM: Final = 100
"""How far a cut looks back for the end of a word. So no piece is much shorter than its room."""

ZERO_WIDTH_SPACE: Final = "\u200b"

_MARK_UP: Final = re.compile(
    r"""
      (?P<url>https?://[^\s<>\[\]|*`\\]+[^\s<>\[\]|*`\\.,:;"'])
    | (?P<tag><(?!https?://)(?=[@\#:/]|[\w.+-]+[:@]))
    | (?<![^\n\r])[^\S\n\r]*(?:[\#>-]|\d+\.)  # where a line begins
    | [\\*_~|`\[\]]
    """,
    re.VERBOSE,
)
"""What Discord would not show as it was written: <t:…>, headings, lists, bold, [masked](links)."""


def plain(text: str) -> str:
    """Make somebody's words harmless: mark-up is shown as it was written, mentions reach nobody.

    Plain addresses stay as they are and can be clicked: an operator may need them, and they lead
    where they say. No bracket stays unescaped, so none can hide behind other words, and nothing
    unseen is left that could turn what is read around.
    """
    return discord.utils.escape_mentions(_MARK_UP.sub(_escaped, legible(text)))


def brief(text: str, room: int) -> str:
    """Show a text on one line and cut it for good; nothing is left of a blank one."""
    return plain(cut(one_line(text), room))


def split_at(text: str, room: int) -> tuple[str, str]:
    """Cut a text in two; the first part has at most `room` characters.

    It ends between words, unless the last one is too long for that.
    """
    if len(text) <= room:
        return text, ""
    nearest = max(room // 2, room - WORD_ROOM)
    end = max(text.rfind(" ", nearest, room), text.rfind("\n", nearest, room))
    if end < 0:
        end = room
        backslashes = end - len(text[:end].rstrip("\\"))
        # An escape and what it escapes stay together, or the rest would come out as mark-up. In an
        # even number of backslashes each has its own.
        end -= backslashes % 2
    return text[:end], text[end:].lstrip(" \n")


def beginning(text: str, room: int) -> str:
    """Cut what goes on in the overflow."""
    shown, rest = split_at(text, room)
    return f"{shown} …" if rest else shown


def _escaped(found: re.Match[str]) -> str:
    whole = found[0]
    match found.lastgroup:
        case "url":
            return whole
        case "tag":
            # Behind an address a backslash would be read as its end, so this is no place for one.
            return whole + ZERO_WIDTH_SPACE
        case _:
            return f"{whole[:-1]}\\{whole[-1]}"

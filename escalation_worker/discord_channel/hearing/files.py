"""The files of a message, on their way in; and what is said of those that were not passed on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Final

import discord

from escalation_worker.discord_channel.showing.texts import brief
from shared.ports.replies import InboundReply, OfferedFile, ReplyVerdict

SENTENCE_ROOM: Final = 300
"""Of one file's name and why it was not passed on, before it is escaped."""
NOTICE_ROOM: Final = 1_900
"""Of the 2,000 characters of a message."""
MORE_ROOM: Final = 30
"""Of the line that tells how many files are not named."""

Refusals = Callable[[InboundReply], Awaitable[Iterable[str]]]
"""Says of each file of an answer that was not passed on why not."""

_SORTED: Final = frozenset(
    {
        ReplyVerdict.ACCEPTED,
        ReplyVerdict.REPEATED,
        ReplyVerdict.KEPT_LATE,
        ReplyVerdict.FILES_REFUSED,
    }
)
"""After these it is known what became of each file."""


async def nothing_refused(_: InboundReply) -> list[str]:
    """Say nothing: no files come here."""
    return []


def offered_in(message: discord.Message) -> tuple[OfferedFile, ...]:
    """Read the files of a message. For an answer of several messages, put theirs together."""
    return tuple(
        OfferedFile(_name_of(each), each.url, each.content_type, each.size)
        for each in message.attachments
    )


async def about_files(
    verdict: ReplyVerdict, reply: InboundReply, refusals: Refusals, words: str | None
) -> str | None:
    """Add to what is said about a reply what must be said about its files."""
    if not reply.files:
        return words
    if verdict is ReplyVerdict.ASKED_BACK:
        return f"{words or ''} The files stay here: only an answer passes files on.".strip()
    if verdict not in _SORTED:
        return words
    told = [brief(each, SENTENCE_ROOM) for each in await refusals(reply)]
    named = list(_fitting(told, NOTICE_ROOM - len(words or "")))
    return "\n".join([*named, *([words] if words else [])]) or None


def _fitting(told: Sequence[str], room: int) -> Iterator[str]:
    """Keep as many lines as there is room for, and tell how many more there are."""
    for number, line in enumerate(told):
        room -= len(line) + 1
        if room < MORE_ROOM:
            yield f"… and {len(told) - number} more."
            return
        yield line


def _name_of(attachment: discord.Attachment) -> str:
    """Name a file as its sender did: Discord leaves letters out of the name that it serves it by.

    The full name comes without its ending.
    """
    ending = PurePosixPath(attachment.filename).suffix
    title = attachment.title
    if not title:
        return attachment.filename
    return title if title.endswith(ending) else title + ending

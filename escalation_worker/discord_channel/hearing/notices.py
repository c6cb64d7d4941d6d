"""What is said, in Discord, about what somebody wrote there."""

from __future__ import annotations

from typing import Final

import aiohttp
import discord

from escalation_worker.discord_channel.hearing.kinds import is_forward
from escalation_worker.verdicts import in_words
from shared.ports.replies import ReplyVerdict
from shared.telemetry import get_logger

log = get_logger(__name__)

READ: Final = "📝"
"""Says of the first message that waits for Send that it was read, and nothing more."""
ONCE_A_QUESTION: Final = frozenset(
    {
        ReplyVerdict.WRITTEN,
        ReplyVerdict.WRITTEN_LATE,
        ReplyVerdict.WRITTEN_IN_VAIN,
        ReplyVerdict.WRITTEN_AFTER,
    }
)
"""Where people talk with each other, they are not told something at each message."""
_NOT_GIVEN: Final = (discord.HTTPException, aiohttp.ClientError, OSError)
"""What Discord may answer to a notice, which is not worth a second try."""


def notice(verdict: ReplyVerdict, message: discord.Message) -> str | None:
    """Say what became of a reply; None where the reaction or silence says it."""
    match verdict:
        case ReplyVerdict.ACCEPTED | ReplyVerdict.REPEATED:
            return None
        case ReplyVerdict.UNKNOWN | ReplyVerdict.FENCED:
            return None
        case ReplyVerdict.WRITTEN | ReplyVerdict.OVERHEARD:
            return None
        case ReplyVerdict.TOO_LATE:
            return "This question has already ended, so your message was not passed on."
        case ReplyVerdict.NOT_ALLOWED:
            return "Only the operators of this channel may answer. Nothing was passed on."
        case ReplyVerdict.UNREADABLE:
            return _unreadable(message)
        case _:
            return in_words(verdict)


def _unreadable(message: discord.Message) -> str:
    """Say why there is no answer in a message."""
    if is_forward(message):
        return "A forwarded message can't be passed on. Please write the answer as a message."
    if message.content:
        return "Please write an answer of 1 to 4,000 characters."
    if message.stickers:
        return "A sticker can't be passed on. Please write the answer as a message."
    if message.poll is not None:
        return "A poll can't be passed on. Please write the answer as a message."
    return (
        "I can't read this message. Either it is empty, or this bot lacks the Message "
        "Content intent: then begin your answer by mentioning me."
    )


async def say(words: str, message: discord.Message) -> None:
    """Tell whoever wrote a message what became of it."""
    try:
        await message.reply(
            words, mention_author=False, allowed_mentions=discord.AllowedMentions.none()
        )
    except _NOT_GIVEN as error:
        _not_given(message, error)


async def show_read(message: discord.Message) -> None:
    """Mark a message that was read and waits for Send."""
    try:
        await message.add_reaction(READ)
    except _NOT_GIVEN as error:
        _not_given(message, error)


def _not_given(message: discord.Message, error: Exception) -> None:
    log.warning("notice_not_given", message_id=message.id, reason=type(error).__name__)

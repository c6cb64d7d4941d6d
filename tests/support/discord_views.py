"""How tests read what the double shows."""

from __future__ import annotations

from typing import Any

from discord_double import DiscordDouble
from discord_double.model import Message, MessageType, Thread
from discord_double.reading import text_of


def starter_of(double: DiscordDouble, thread: Thread) -> Message:
    """Find the message that a thread was made from."""
    message = double.world.find_message(thread.id)
    assert message is not None, "the thread has no starter message"
    return message


async def until_outcome(double: DiscordDouble, thread: Thread, words: str) -> Message:
    """Wait until the question's message shows an outcome and its thread is archived."""

    def shown() -> Message | None:
        starter = starter_of(double, thread)
        return starter if words in text_of(starter) and thread.archived else None

    return await double.until(shown)


async def until_told(double: DiscordDouble, thread: Thread, words: str) -> Message:
    """Wait until the bot said something in a thread."""
    return await double.until_message(thread, words, author=double.bot.user.id)


def said_by_bot(double: DiscordDouble, thread: Thread) -> list[str]:
    """List what the bot wrote in a thread."""
    return [
        each.content
        for each in thread.messages
        if each.author.id == double.bot.user.id and each.type is not MessageType.THREAD_STARTER
    ]


def answer_text(result: Any) -> str:
    """Read the text of a tool's result."""
    return "".join(part.text for part in result.content)


def structured(result: Any) -> dict[str, Any]:
    """Read the structured content of a tool's result, which must not be an error."""
    assert not result.is_error, answer_text(result)
    content: dict[str, Any] = result.structured_content
    return content

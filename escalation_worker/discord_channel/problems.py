"""What Discord's error codes mean for a question: wait, or call for somebody."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

import aiohttp
import discord

from shared.errors import ChannelRejectedError, ChannelUnavailableError

UNKNOWN_CHANNEL: Final = 10003
UNKNOWN_MESSAGE: Final = 10008
MISSING_ACCESS: Final = 50001
MISSING_PERMISSIONS: Final = 50013
INVALID_FORM: Final = 50035
ARCHIVED: Final = 50083
THREAD_EXISTS: Final = 160004
THREADS_FULL: Final = 160006
UNAUTHORIZED: Final = 401
TOO_MANY_REQUESTS: Final = 429

_MENDS: Final = {
    UNKNOWN_CHANNEL: "the Discord channel no longer exists: set DISCORD_CHANNEL_ID to another",
    MISSING_ACCESS: (
        "the bot can't see the Discord channel: invite it to the server and give it "
        '"View Channel" there'
    ),
    MISSING_PERMISSIONS: (
        "the bot lacks a permission in the Discord channel: docs/discord-bot.md lists them"
    ),
    INVALID_FORM: "Discord refused the form of the question",
}


@contextmanager
def translated_errors() -> Generator[None]:
    """Turn discord.py's errors into the port's.

    Raises:
        ChannelUnavailableError: Waiting can help.
        ChannelRejectedError: Somebody has to mend something.
    """
    try:
        yield
    except discord.HTTPException as error:
        if error.code in _MENDS:
            raise ChannelRejectedError(_MENDS[error.code]) from error
        if error.status == TOO_MANY_REQUESTS:
            raise ChannelUnavailableError(
                "Discord asks for fewer requests", retry_after=timedelta(seconds=5)
            ) from error
        # 401 too: a token that is being changed should not end the questions of that minute.
        raise ChannelUnavailableError(
            f"Discord answered {error.status} (code {error.code})"
        ) from error
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        # discord.py retries some answers of 5xx, but neither a 503 nor a dropped connection.
        raise ChannelUnavailableError(
            f"Discord can't be reached ({type(error).__name__})"
        ) from error

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
THREAD_EXISTS: Final = 160004
THREADS_FULL: Final = 160006

_TOO_MANY_REQUESTS: Final = 429
_WAITING_HELPS: Final = frozenset({401, 408, _TOO_MANY_REQUESTS})
"""Of the answers 4xx. 401 too: a token that is being changed should not end that minute's asks."""
_SERVER_ERRORS: Final = 500

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
    THREADS_FULL: "the server has as many active threads as Discord allows: archive some",
}


def waiting_helps(error: discord.HTTPException) -> bool:
    """Whether the same request may succeed later although nobody mends anything."""
    return error.status in _WAITING_HELPS or error.status >= _SERVER_ERRORS


def mend_of(error: discord.HTTPException) -> str:
    """Say what somebody has to mend."""
    return _MENDS.get(error.code, f"Discord refused it: {error.status} (code {error.code})")


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
        if not waiting_helps(error):
            raise ChannelRejectedError(mend_of(error)) from error
        raise ChannelUnavailableError(
            f"Discord answered {error.status} (code {error.code})",
            retry_after=timedelta(seconds=5 if error.status == _TOO_MANY_REQUESTS else 1),
        ) from error
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        # discord.py retries some answers of 5xx, but neither a 503 nor a dropped connection.
        raise ChannelUnavailableError(
            f"Discord can't be reached ({type(error).__name__})"
        ) from error
    except RuntimeError as error:
        # How aiohttp says that a client was closed in the middle of its calls.
        if str(error) != "Session is closed":
            raise
        raise ChannelUnavailableError("the connection to Discord was closed meanwhile") from error

"""Opens the thread in which people talk about a question."""

from __future__ import annotations

import asyncio
from typing import Final

import discord

from escalation_worker.discord_channel import problems
from escalation_worker.discord_channel.places import is_there, text_channel
from escalation_worker.discord_channel.showing import rendering
from shared.errors import ChannelUnavailableError
from shared.escalation import Escalation, Posting
from shared.ports.channel import PostingJournal
from shared.telemetry import get_logger

log = get_logger(__name__)

ARCHIVE_MINUTES: Final = 1440
THREAD_SECONDS: Final = 5.0
"""How long a posting waits in discord.py's line for its thread. Bots observe that Discord opens
some 50 in five minutes: for longer than this it had better wait in the queue, where it takes no
turn from questions that nobody can see yet."""


async def open_thread(
    client: discord.Client, escalation: Escalation, posting: Posting, journal: PostingJournal
) -> bool:
    """Open the thread from the starter message; tell whether there is one now.

    No room for another thread, or no permission to open one, is no reason to give up a question
    that people can see already.

    Raises:
        ChannelUnavailableError: Discord opens no more threads for now.
        discord.HTTPException: Waiting helps, or the message is gone.
    """
    place = await text_channel(client, int(posting.place))
    try:
        async with asyncio.timeout(THREAD_SECONDS):
            await place.get_partial_message(int(posting.reference)).create_thread(
                name=rendering.thread_name(escalation), auto_archive_duration=ARCHIVE_MINUTES
            )
    except TimeoutError as error:
        # discord.py sleeps before it tells of what Discord did last before it takes no more.
        if await is_there(client, int(posting.reference)):
            return True
        raise ChannelUnavailableError("Discord opens no thread for now") from error
    except discord.HTTPException as error:
        if error.code == problems.THREAD_EXISTS:
            journal.found()
            return await is_there(client, int(posting.reference))  # unless it was deleted since
        if error.code == problems.UNKNOWN_MESSAGE or problems.waiting_helps(error):
            raise
        log.warning("thread_refused", escalation_id=escalation.id, mend=problems.mend_of(error))
        return False
    return True

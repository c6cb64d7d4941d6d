"""Opens the thread in which people talk about a question."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
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
AGAIN_SECONDS: Final = 10.0
"""After such a wait in vain nobody waits in that channel; then one does, to see if it is over."""


class Threads:
    """Opens them, and remembers in which channels Discord opens none for now."""

    def __init__(self, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._none_until: dict[str, float] = {}

    async def open(
        self,
        client: discord.Client,
        escalation: Escalation,
        posting: Posting,
        journal: PostingJournal,
    ) -> bool:
        """Open the thread from the starter message; tell whether there is one now.

        No room for another thread, or no permission to open one, is no reason to give up a question
        that people can see already.

        Raises:
            ChannelUnavailableError: Discord opens no more threads for now.
            discord.HTTPException: Waiting helps, or the message is gone.
        """
        place = await text_channel(client, int(posting.place))
        starter = place.get_partial_message(int(posting.reference))
        tries = self._tries_in(posting.place)
        try:
            if tries and await _opened_in_time(starter, escalation):
                self._none_until.pop(posting.place, None)
                return True
        except discord.HTTPException as error:
            if error.code == problems.THREAD_EXISTS:
                journal.found()
                # Unless it was deleted since.
                return await is_there(client, int(posting.reference))
            if error.code == problems.UNKNOWN_MESSAGE or problems.waiting_helps(error):
                raise
            log.warning("thread_refused", escalation_id=escalation.id, mend=problems.mend_of(error))
            return False
        # discord.py sleeps before it tells of what Discord did last before it takes no more.
        if await is_there(client, int(posting.reference)):
            return True
        if tries:
            self._none_until[posting.place] = self._seconds() + AGAIN_SECONDS
        raise ChannelUnavailableError("Discord opens no thread for now")

    def _tries_in(self, place: str) -> bool:
        """Tell whether to wait for a thread there: not just after another did so in vain."""
        now = self._seconds()
        if (until := self._none_until.get(place)) is None:
            return True
        if now < until:
            return False
        # This one tries; the others see first what comes of it.
        self._none_until[place] = now + THREAD_SECONDS
        return True


async def _opened_in_time(starter: discord.PartialMessage, escalation: Escalation) -> bool:
    try:
        async with asyncio.timeout(THREAD_SECONDS):
            await starter.create_thread(
                name=rendering.thread_name(escalation), auto_archive_duration=ARCHIVE_MINUTES
            )
    except TimeoutError:
        return False
    return True

"""What people wrote while no worker listened: Discord never sends it again, so it is looked for.

One request lists the guild's active threads with the newest message of each, and one the threads
that were archived since somebody last listened; only those that moved are read, each from its own
cursor, oldest message first. Replies to a question's message stand in the channel itself, which is
read from the moment until which all was heard. Hearing a message twice does no harm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

import discord
from discord.utils import snowflake_time

from escalation_worker.discord_channel import problems
from escalation_worker.discord_channel.hearing.kinds import replied_to
from escalation_worker.discord_channel.hearing.members import give_roles
from escalation_worker.discord_channel.places import GONE, can_be_read
from shared.crash_points import CrashPoint, crash_point
from shared.escalation import ChannelKind, Posting
from shared.ports.clock import Clock, utc_now
from shared.ports.hold import Hold
from shared.telemetry import get_logger

log = get_logger(__name__)

MARGIN: Final = timedelta(minutes=2)
"""How much further back is read than all was said to be heard. discord.py takes up to a minute to
notice a connection that died without a word; by another one Discord's clock and ours may differ."""
LATE_ANSWERS: Final = timedelta(days=1)
"""How far back late answers to questions that have ended are looked for, beside open questions."""
PAGE: Final = 100
"""Threads in one page of archived ones."""


class Hear(Protocol):
    """Takes in one message; see `Listener.heard`."""

    async def __call__(self, message: discord.Message, hold: Hold, *, in_order: bool) -> None:
        """Take it in."""
        ...


class LookForEdits(Protocol):
    """Hears of edits that were missed; see `MissedEdits`."""

    async def look(self, client: discord.Client, hold: Hold) -> None:
        """Hear of them."""
        ...


class Heard(Protocol):
    """Tells what is asked and how far it was heard."""

    async def cursors(self, bot: str, references: Sequence[str]) -> dict[str, str]:
        """For each of these threads in which the bot shows a question: the newest heard there."""
        ...

    async def heard_until(self, bot: str) -> datetime | None:
        """Until when everything that people wrote to this bot was taken in."""
        ...

    async def open_postings(self) -> dict[str, Posting]:
        """Where each open question is shown."""
        ...

    async def unread(self) -> dict[str, Posting | None]:
        """Which questions are to be read from their beginning, and where they are shown."""
        ...

    async def note_read(self, escalation_id: str, hold: Hold) -> None:
        """Note that a question was read from its beginning."""
        ...


@dataclass(frozen=True, slots=True)
class _Asked:
    """The open questions that a bot shows, by id."""

    postings: Mapping[str, Posting]

    def places(self) -> set[int]:
        return {int(each.place) for each in self.postings.values()}

    def threads_in(self, place: discord.TextChannel) -> set[int]:
        return {
            int(each.reference)
            for each in self.postings.values()
            if each.threaded and int(each.place) == place.id
        }

    def since(self, heard_until: datetime | None, now: datetime) -> datetime:
        """Tell from when on something may have been missed that still counts."""
        asked = (snowflake_time(int(each.reference)) for each in self.postings.values())
        oldest = min((*asked, now - LATE_ANSWERS))
        return oldest if heard_until is None else max(oldest, heard_until - MARGIN)


class CatchingUp:
    """Finds what was missed, each time a bot's listener becomes ready."""

    def __init__(
        self,
        heard: Heard,
        hear: Hear,
        *,
        bot: str,
        edits: LookForEdits | None = None,
        clock: Clock = utc_now,
    ) -> None:
        self._heard = heard
        self._hear = hear
        self._bot = bot
        self._edits = edits
        self._clock = clock

    async def run(
        self, client: discord.Client, posted_in: Sequence[discord.TextChannel], hold: Hold
    ) -> dict[str, Posting]:
        """Hear what was missed; return the bot's open questions of which no thread was seen.

        Raises:
            ChannelUnavailableError: Discord failed in between; what was heard so far counts.
            ChannelRejectedError: The bot may not read what it must.
            StoreUnavailableError: As with Discord.
        """
        asked = _Asked(
            {
                escalation_id: posting
                for escalation_id, posting in (await self._heard.open_postings()).items()
                if posting.is_of(self._bot)
            }
        )
        since = asked.since(await self._heard.heard_until(self._bot), self._clock())
        # Where a setting or the routes were changed, questions are open in the channels before.
        before = asked.places() - {place.id for place in posted_in}
        known = (client.get_channel(place_id) for place_id in before)
        places = [*posted_in, *(each for each in known if can_be_read(each))]
        with problems.translated_errors():
            threads = await _threads(places, asked, since)
            moved = await self._moved(threads)
            crash_point(CrashPoint.CATCHING_UP_LISTED)
            heard, authors = 0, dict[int, discord.Member | discord.User]()
            for thread, cursor in moved:
                after = discord.Object(cursor)
                async for message in thread.history(limit=None, after=after, oldest_first=True):
                    await give_roles(message, authors)
                    await self._hear(message, hold, in_order=True)
                    heard += 1
            for each in places:
                async for message in each.history(limit=None, after=since, oldest_first=True):
                    if replied_to(message) is not None:
                        await give_roles(message, authors)
                        await self._hear(message, hold, in_order=False)
                        heard += 1
        if self._edits is not None:
            await self._edits.look(client, hold)
        log.info("caught_up", threads=len(threads), moved=len(moved), messages=heard)
        seen = {thread.id for thread in threads}
        return {
            escalation_id: posting
            for escalation_id, posting in asked.postings.items()
            if not posting.threaded or int(posting.reference) not in seen
        }

    async def read_unread(self, client: discord.Client, hold: Hold) -> None:
        """Hear what was written under a question before it was known where it is shown.

        A worker died before it could say so, or its word was lost in a failover. Whoever heard
        such a message could not know that it was an answer.

        Raises:
            ChannelUnavailableError: Discord failed in between; the rest is read the next time.
            ChannelRejectedError: The bot may not read what it must.
            StoreUnavailableError: As with Discord.
        """
        for escalation_id, posting in (await self._heard.unread()).items():
            if posting is not None and posting.channel is ChannelKind.DISCORD:
                if posting.bot != self._bot:
                    continue  # its own listener reads it
                with problems.translated_errors():
                    await self._read(client, posting, hold)
            await self._heard.note_read(escalation_id, hold)
            log.info("read_from_the_beginning", escalation_id=escalation_id)

    async def _read(self, client: discord.Client, posting: Posting, hold: Hold) -> None:
        """Hear all that was written in one question's thread, and in reply to its message."""
        reference, authors = int(posting.reference), dict[int, discord.Member | discord.User]()
        for channel_id in (reference, int(posting.place)):
            try:
                where = await client.fetch_channel(channel_id)
            except GONE:
                continue  # nobody can have written there, or nobody can read it
            if not isinstance(where, discord.Thread | discord.TextChannel):
                continue
            after = discord.Object(reference)
            async for message in where.history(limit=None, after=after, oldest_first=True):
                if reference in {channel_id, replied_to(message)}:
                    await give_roles(message, authors)
                    await self._hear(message, hold, in_order=False)

    async def _moved(self, threads: Sequence[discord.Thread]) -> list[tuple[discord.Thread, int]]:
        """Pick the threads in which something was written behind their cursor."""
        cursors = await self._heard.cursors(self._bot, [str(thread.id) for thread in threads])
        return [
            (thread, int(cursor))
            for thread in threads
            if (cursor := cursors.get(str(thread.id))) is not None
            and (thread.last_message_id or 0) > int(cursor)
        ]


async def _threads(
    places: Sequence[discord.TextChannel], asked: _Asked, since: datetime
) -> list[discord.Thread]:
    """List each thread in which something may have been missed."""
    threads: list[discord.Thread] = []
    for guild in {place.guild for place in places}:
        threads += await guild.active_threads()
    active = {thread.id for thread in threads}
    for place in places:
        threads += await _archived(place, since, asked.threads_in(place) - active)
    return threads


async def _archived(
    place: discord.TextChannel, since: datetime, wanted: set[int]
) -> list[discord.Thread]:
    """List the threads that were archived since then; a message un-archives its thread.

    Older pages are read for as long as threads of open questions are wanted (`wanted`), but no more
    of them than there are such threads: from there on it costs less to ask for each alone.
    """
    found: list[discord.Thread] = []
    wanted = set(wanted)
    async for thread in place.archived_threads(limit=None):
        found.append(thread)
        wanted.discard(thread.id)
        if len(found) % PAGE:
            continue
        pages, oldest = len(found) // PAGE, thread.archive_timestamp
        worthwhile = pages < len(wanted) and oldest > snowflake_time(min(wanted))
        if oldest < since and not worthwhile:
            break
    return found

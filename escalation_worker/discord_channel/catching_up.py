"""What people wrote while no worker listened: Discord never sends it again, so it is looked for.

One request lists the guild's active threads with the newest message of each. Only those that moved
since we last heard them are read, each from its own cursor, oldest message first. Hearing a message
twice does no harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import discord

from escalation_worker.discord_channel import problems
from shared.crash_points import CrashPoint, crash_point
from shared.escalation import ChannelKind
from shared.ports import EscalationStore
from shared.telemetry import get_logger

log = get_logger(__name__)

HISTORY_LIMIT: Final = 1_000
"""Messages read in one thread; a page of history has 100."""


class Hear(Protocol):
    """Takes in one message; see `Listener.heard`."""

    async def __call__(self, message: discord.Message, *, in_order: bool) -> None:
        """Take it in."""
        ...


class Cursors(Protocol):
    """Tells how far each thread was heard."""

    async def cursors(self, references: Sequence[str]) -> dict[str, str]:
        """For each of these threads that shows a question: the newest message heard there."""
        ...


class CatchingUp:
    """Finds what was missed, each time a listener becomes ready."""

    def __init__(self, store: EscalationStore, cursors: Cursors, hear: Hear) -> None:
        self._store = store
        self._cursors = cursors
        self._hear = hear

    async def run(self, client: discord.Client, place: discord.TextChannel) -> None:
        """Hear what was missed.

        Raises:
            ChannelUnavailableError: Discord failed in between; what was heard so far counts.
            StoreUnavailableError: Likewise for Redis.
        """
        with problems.translated_errors():
            threads = await place.guild.active_threads()
            threads += await self._closed_over_open_questions(client, threads)
            cursors = await self._cursors.cursors([str(thread.id) for thread in threads])
            moved = [
                (thread, int(cursors[str(thread.id)]))
                for thread in threads
                if str(thread.id) in cursors
                and (thread.last_message_id or 0) > int(cursors[str(thread.id)])
            ]
            crash_point(CrashPoint.CATCHING_UP_LISTED)
            heard, authors = 0, dict[int, discord.Member | discord.User]()
            for thread, cursor in moved:
                async for message in thread.history(
                    limit=HISTORY_LIMIT, after=discord.Object(cursor), oldest_first=True
                ):
                    await _give_roles(message, place.guild, authors)
                    await self._hear(message, in_order=True)
                    heard += 1
        log.info("caught_up", threads=len(threads), moved=len(moved), messages=heard)

    async def _closed_over_open_questions(
        self, client: discord.Client, active: Sequence[discord.Thread]
    ) -> list[discord.Thread]:
        """Find the threads of open questions that are not listed: somebody archived them."""
        listed = {thread.id for thread in active}
        closed: list[discord.Thread] = []
        for escalation in await self._store.list_open():
            posting = escalation.posting
            if posting is None or posting.channel is not ChannelKind.DISCORD:
                continue
            if (thread_id := int(posting.reference)) in listed:
                continue
            try:
                thread = await client.fetch_channel(thread_id)
            except (discord.NotFound, discord.Forbidden):
                continue  # there is no thread, or none that we may see
            if isinstance(thread, discord.Thread):
                closed.append(thread)
        return closed


async def _give_roles(
    message: discord.Message,
    guild: discord.Guild,
    known: dict[int, discord.Member | discord.User],
) -> None:
    """Look up what roles the author has: Discord sends them with an event, not with a history.

    Without this a person who may answer by a role would be refused.
    """
    author = message.author
    if author.bot or message.webhook_id is not None:
        return
    if author.id not in known:
        try:
            known[author.id] = await guild.fetch_member(author.id)
        except discord.NotFound:
            known[author.id] = author  # gone from the server, and their roles with them
    message.author = known[author.id]

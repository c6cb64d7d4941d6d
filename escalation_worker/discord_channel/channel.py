"""`HumanChannel` on Discord: posts once, shows the outcome, closes the thread.

Everything is safe to repeat. The starter message carries a nonce made of the question's id, so
Discord itself drops a repeat within minutes; after that the message is looked for by its marker
before another is sent. The thread is made from that message and can exist only once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import discord

from escalation_worker.discord_channel import problems, rendering
from shared.errors import ChannelRejectedError, ChannelUnavailableError
from shared.escalation import ChannelKind, Escalation, Posting, State
from shared.ports import PostingJournal
from shared.telemetry import get_logger

log = get_logger(__name__)

SEARCH_LIMIT: Final = 1_000
"""Messages looked through for a marker."""
SEARCH_MARGIN: Final = timedelta(minutes=1)
"""Discord's clock and ours may differ so much."""
ARCHIVE_MINUTES: Final = 1440


@dataclass(frozen=True, slots=True)
class Mentioned:
    """Who is called when a question is posted: exactly these."""

    user_id: int | None
    role_ids: frozenset[int]

    @property
    def text(self) -> str:
        """The operator if there is one, else the roles."""
        if self.user_id is not None:
            return f"<@{self.user_id}>"
        return " ".join(f"<@&{role_id}>" for role_id in sorted(self.role_ids))

    @property
    def allowed(self) -> discord.AllowedMentions:
        """Whatever a question says, nobody else is called."""
        users = [] if self.user_id is None else [discord.Object(self.user_id)]
        roles = [] if users else [discord.Object(role_id) for role_id in self.role_ids]
        return discord.AllowedMentions(everyone=False, replied_user=False, users=users, roles=roles)


class DiscordChannel:
    """Sends through whichever client is logged in now; `connection` attaches it."""

    def __init__(self, mentioned: Mentioned) -> None:
        self._mentioned = mentioned
        self._client: discord.Client | None = None
        self._place: discord.TextChannel | None = None

    def attach(self, client: discord.Client, place: discord.TextChannel) -> None:
        """Begin to send."""
        self._client, self._place = client, place

    def detach(self) -> None:
        """Stop sending: the client is gone."""
        self._client = self._place = None

    async def post(self, escalation: Escalation, journal: PostingJournal) -> Posting:
        """See `HumanChannel.post`."""
        _, place = self._attached()
        with problems.translated_errors():
            posting = escalation.posting
            if posting is None:
                posting = await self._starter(place, escalation, journal)
            await self._thread(place, escalation, int(posting.reference))
        return posting

    async def show_outcome(self, escalation: Escalation) -> None:
        """See `HumanChannel.show_outcome`."""
        client, place = self._attached()
        if escalation.posting is None or escalation.posting.channel is not ChannelKind.DISCORD:
            return
        starter_id = int(escalation.posting.reference)
        try:
            with problems.translated_errors():
                await self._confirm(client, escalation, starter_id)
                await place.get_partial_message(starter_id).edit(
                    content=self._mentioned.text,
                    embed=rendering.embed(escalation),
                    allowed_mentions=discord.AllowedMentions.none(),
                )
                await self._close(client, escalation, starter_id)
        except ChannelRejectedError as error:
            # The place is gone or closed to us: there is nobody left to show it to.
            log.warning("outcome_not_shown", escalation_id=escalation.id, mend=str(error))

    async def _starter(
        self, place: discord.TextChannel, escalation: Escalation, journal: PostingJournal
    ) -> Posting:
        """Send the starter message, or find the one that an earlier try sent."""
        message = None
        if journal.attempt > 1:
            message = await _find_marked(place, escalation)
        if message is None:
            message = await place.send(
                self._mentioned.text,
                embed=rendering.embed(escalation),
                allowed_mentions=self._mentioned.allowed,
                nonce=rendering.nonce(escalation),
            )
        posting = Posting(
            channel=ChannelKind.DISCORD,
            place=str(place.id),
            reference=str(message.id),
            url=message.jump_url,
        )
        await journal.started(posting)
        return posting

    async def _thread(
        self, place: discord.TextChannel, escalation: Escalation, starter_id: int
    ) -> None:
        """Open the thread from the starter message, unless there is one."""
        try:
            await place.get_partial_message(starter_id).create_thread(
                name=rendering.thread_name(escalation), auto_archive_duration=ARCHIVE_MINUTES
            )
        except discord.HTTPException as error:
            if error.code == problems.THREADS_FULL:
                # The question stays answerable: a reply to the message counts as well.
                log.warning("threads_full", escalation_id=escalation.id)
                return
            if error.code != problems.THREAD_EXISTS:
                raise
        await self._send_all(starter_id, rendering.overflow(escalation), escalation)

    async def _send_all(self, thread_id: int, texts: Iterable[str], escalation: Escalation) -> None:
        client, _ = self._attached()
        thread = client.get_partial_messageable(thread_id)
        for part, text in enumerate(texts, start=1):
            await thread.send(
                text,
                allowed_mentions=discord.AllowedMentions.none(),
                nonce=rendering.nonce(escalation, part),
            )

    async def _confirm(
        self, client: discord.Client, escalation: Escalation, starter_id: int
    ) -> None:
        """Mark the message that answered, or say in the thread how it ended otherwise."""
        outcome = escalation.outcome
        if outcome is None:
            return
        thread = client.get_partial_messageable(starter_id)
        if outcome.state is State.ANSWERED and outcome.channel is ChannelKind.DISCORD:
            if outcome.source and outcome.source.isdigit():
                await _react(thread, int(outcome.source))
            return
        with contextlib.suppress(discord.NotFound):
            await thread.send(
                rendering.outcome_line(escalation),
                allowed_mentions=discord.AllowedMentions.none(),
                # Not the posting's nonce: this is another message.
                nonce=rendering.nonce(escalation, 90 if escalation.late_answer is None else 91),
            )

    async def _close(self, client: discord.Client, escalation: Escalation, starter_id: int) -> None:
        """Archive the thread. It is not locked: a late word should still be heard."""
        try:
            thread = await client.fetch_channel(starter_id)
        except discord.NotFound:
            return  # there never was a thread, or somebody deleted it
        if isinstance(thread, discord.Thread) and not thread.archived:
            await thread.edit(archived=True, reason=f"{rendering.marker(escalation)} has ended")

    def _attached(self) -> tuple[discord.Client, discord.TextChannel]:
        if self._client is None or self._place is None:
            raise ChannelUnavailableError("not connected to Discord yet")
        return self._client, self._place


async def _find_marked(
    place: discord.TextChannel, escalation: Escalation
) -> discord.Message | None:
    """Look for the question's own message among those written since it was asked."""
    marker = rendering.marker(escalation)
    since = escalation.created_at - SEARCH_MARGIN
    async for message in place.history(limit=SEARCH_LIMIT, after=since, oldest_first=True):
        if any(embed.footer.text == marker for embed in message.embeds):
            return message
    return None


async def _react(thread: discord.PartialMessageable, message_id: int) -> None:
    """Confirm a reply. It may have been written beside the thread, or be gone."""
    try:
        await thread.get_partial_message(message_id).add_reaction("✅")
    except discord.NotFound:
        log.debug("reply_gone", message_id=message_id)
    except discord.HTTPException as error:
        if error.code != problems.ARCHIVED:  # an earlier try got as far as closing the thread
            raise

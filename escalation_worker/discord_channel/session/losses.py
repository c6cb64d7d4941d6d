"""Open questions that nobody can answer any more, because what showed them in Discord is gone.

A question can be answered while its thread or its message is there and the bot can see it. Where
only the thread was deleted, people are asked to reply to the message instead: whoever deleted the
thread did not want it, but somebody still waits. What an event says is looked up before anything is
decided.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import discord

from escalation_worker.discord_channel import problems
from escalation_worker.discord_channel.places import GONE, NOBODY, is_there, starter_of
from escalation_worker.discord_channel.showing import rendering
from escalation_worker.unreadable import passing_over_unreadable
from shared.escalation import Escalation, Posting, State
from shared.ports.escalations import EscalationStore
from shared.ports.postings import PostingLog
from shared.telemetry import get_logger

log = get_logger(__name__)

MESSAGE_GONE: Final = "its message and its thread in Discord were deleted"

OpenPostings = Callable[[], Awaitable[dict[str, Posting]]]
GiveUp = Callable[[str, str], Awaitable[None]]


class Losses:
    """Ends such questions at once. Only those of its own bot: what others show it may not see."""

    def __init__(
        self,
        store: EscalationStore,
        postings: PostingLog,
        open_postings: OpenPostings,
        give_up: GiveUp,
        *,
        bot: str,
    ) -> None:
        self._store = store
        self._postings = postings
        self._open_postings = open_postings
        self._give_up = give_up
        self._bot = bot
        self._one_at_a_time = asyncio.Lock()
        self._asked_for = False

    async def check_places(self, client: discord.Client) -> None:
        """Look whether the channels in which questions are open are still there.

        Raises:
            ChannelUnavailableError: It is not known now.
            StoreUnavailableError: Likewise.
        """
        if self._asked_for:
            return  # whoever waits below will see this change too
        self._asked_for = True
        async with self._one_at_a_time:
            self._asked_for = False
            postings = await self._open_postings()
            own = {
                escalation_id: posting
                for escalation_id, posting in postings.items()
                if posting.is_of(self._bot)
            }
            for place in {posting.place for posting in own.values()}:
                reason = await _why_lost(client, int(place))
                if reason is None:
                    continue
                for escalation_id, posting in own.items():
                    if posting.place == place:
                        with passing_over_unreadable(escalation_id):
                            await self._give_up(escalation_id, reason)

    async def check(self, client: discord.Client, suspects: Mapping[str, Posting]) -> None:
        """Look whether these questions can still be answered.

        Raises:
            ChannelUnavailableError: It is not known now.
            StoreUnavailableError: Likewise.
        """
        for escalation_id, posting in suspects.items():
            with passing_over_unreadable(escalation_id):
                await self._check(client, escalation_id, posting)

    async def deleted(self, client: discord.Client, reference: int) -> None:
        """Look at the question whose thread or message was deleted, if it was one's.

        Raises:
            ChannelUnavailableError: It is not known now.
            StoreUnavailableError: Likewise.
        """
        escalation_id = await self._postings.find(self._bot, str(reference))
        if escalation_id is None:
            return
        with passing_over_unreadable(escalation_id):
            escalation = await self._store.get(escalation_id)
            if escalation is not None and escalation.posting is not None:
                await self._check(client, escalation.id, escalation.posting)

    async def _check(self, client: discord.Client, escalation_id: str, posting: Posting) -> None:
        with problems.translated_errors():
            if posting.threaded and await is_there(client, int(posting.reference)):
                return
            escalation = await self._store.get(escalation_id)
            if escalation is None or not _is_shown(escalation):
                return  # it has ended, or whoever posts it finds out
            try:
                if posting.threaded:
                    await self._ask_for_replies(client, escalation, posting)
                else:
                    await starter_of(client, posting).fetch()
            except GONE as error:
                reason = problems.mend_of(error)
                if error.code == problems.UNKNOWN_MESSAGE:
                    reason = MESSAGE_GONE
                await self._give_up(escalation_id, reason)

    async def _ask_for_replies(
        self, client: discord.Client, escalation: Escalation, posting: Posting
    ) -> None:
        """Say in the message that it is where to answer."""
        # Its buttons stay, so its words do: those of a changed route come with a showing.
        embed = rendering.embed(escalation, threaded=False, manner=escalation.shown.manner)
        await starter_of(client, posting).edit(embed=embed, allowed_mentions=NOBODY)
        log.warning("thread_deleted", escalation_id=escalation.id)
        # Where it ended meanwhile, this has the outcome shown once more, over what was just said.
        beside = posting.model_copy(update={"threaded": False})
        await self._postings.note_posting(escalation.id, beside, complete=False)


def _is_shown(escalation: Escalation) -> bool:
    return escalation.state.is_open and escalation.state is not State.QUEUED


async def _why_lost(client: discord.Client, place_id: int) -> str | None:
    """Say why nobody's answer in this channel can reach us; None where it can."""
    with problems.translated_errors():
        try:
            await client.fetch_channel(place_id)
        except GONE as error:
            return problems.mend_of(error)
    return None

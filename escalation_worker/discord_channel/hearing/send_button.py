"""The button “Send”: acknowledged at once, and answered when what was written has been read."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Final

import aiohttp
import discord

from escalation_worker.discord_channel.hearing.files import Refusals, about_files, nothing_refused
from escalation_worker.discord_channel.hearing.reading import written_by_whoever_clicked
from escalation_worker.discord_channel.hearing.whispers import NOBODY, NOT_TOLD, not_told
from escalation_worker.sending import Sending, Written
from escalation_worker.verdicts import in_words
from shared.errors import StoreUnavailableError, UnreadableRecordError
from shared.ports.escalations import EscalationStore
from shared.ports.replies import InboundReply, ReplyVerdict
from shared.telemetry import get_logger

log = get_logger(__name__)

READ_SECONDS: Final = 45.0
"""How long reading may take. Shorter than `UNHEARD`: so long a question waits for a click that was
made in time."""
ACKNOWLEDGE_SECONDS: Final = 3.0
"""After that Discord has told whoever clicked that it failed."""
LOOK_SECONDS: Final = 0.5
"""How often it is looked whether another worker has taken a click in."""

TakingIn = Callable[[datetime], AbstractContextManager[None]]
"""Says that a click of this moment is not taken in yet, so that its question does not time out."""

IsItsOwn = Callable[[], Awaitable[bool]]
"""Tells whether what was clicked stands under the question that it names."""

_NOT_READ: Final = "Discord did not let me read what you wrote, so nothing was passed on. "
_TRY_AGAIN: Final = "Please press “Send” again in a moment."


class SendButton:
    """Takes in a click on it."""

    def __init__(
        self,
        store: EscalationStore,
        sending: Sending,
        taking_in: TakingIn,
        refusals: Refusals = nothing_refused,
    ) -> None:
        self._store = store
        self._sending = sending
        self._taking_in = taking_in
        self._refusals = refusals

    async def pressed(
        self, interaction: discord.Interaction, reply: InboundReply, is_its_own: IsItsOwn
    ) -> None:
        """Pass on what whoever clicked has written, and tell them what became of it.

        A click that can't be acknowledged is dropped: they are told by Discord that it failed. It
        is acknowledged before anything is looked up, even whether it is the question's own button.
        Where another worker was faster, or may have been, that one reads. Until it has, this one
        must not say either that all was heard: the word of one is enough for a time-out.
        """
        with self._taking_in(interaction.created_at):
            refused = await _acknowledge(interaction)
            if refused is not None:
                if not isinstance(refused, discord.NotFound):
                    await self._until_taken_in(reply.escalation_id)
                return
            words = await self._send(interaction, reply, is_its_own)
        try:
            await interaction.edit_original_response(content=words, allowed_mentions=NOBODY)
        except NOT_TOLD as error:
            not_told(error)

    async def _until_taken_in(self, escalation_id: str) -> None:
        """Wait for the end of the question, at most for as long as another worker may read."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(READ_SECONDS):
                while await self._is_open(escalation_id):
                    await asyncio.sleep(LOOK_SECONDS)

    async def _is_open(self, escalation_id: str) -> bool:
        try:
            escalation = await self._store.get(escalation_id)
        except (StoreUnavailableError, UnreadableRecordError):
            return True  # for all that is known
        return escalation is not None and escalation.state.is_open

    async def _send(
        self, interaction: discord.Interaction, reply: InboundReply, is_its_own: IsItsOwn
    ) -> str:
        async def read() -> Sequence[Written]:
            async with asyncio.timeout(READ_SECONDS):
                return await written_by_whoever_clicked(interaction)

        try:
            if not await is_its_own():
                return in_words(ReplyVerdict.UNKNOWN)
            # Where another worker listens by now, it was not it that acknowledged the click: here
            # somebody waits for words whatever the verdict is.
            verdict, sent = await self._sending.send(reply, read)
            words = await about_files(verdict, sent, self._refusals, in_words(verdict))
        except (StoreUnavailableError, UnreadableRecordError) as error:
            log.warning("click_not_taken_in", act="send", reason=str(error))
            return f"Nothing was passed on. {_TRY_AGAIN}"
        except (TimeoutError, discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.warning("click_not_taken_in", act="send", reason=type(error).__name__)
            return _NOT_READ + _TRY_AGAIN
        return words or in_words(verdict)


async def _acknowledge(interaction: discord.Interaction) -> Exception | None:
    """Acknowledge a click, or tell what kept us from it.

    Where it is not found any more, no other worker has acknowledged it in time either.
    """
    try:
        async with asyncio.timeout(ACKNOWLEDGE_SECONDS):
            await interaction.response.defer(ephemeral=True, thinking=True)
    except (TimeoutError, *NOT_TOLD) as error:
        not_told(error)
        return error
    return None

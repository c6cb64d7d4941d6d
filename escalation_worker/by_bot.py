"""`HumanChannel` over several bots: each question goes to its own.

That is the bot which posted it, whatever its route says by now, since no other can edit the
message. A question that was not posted yet goes to its route's.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from typing import Final, Protocol

from structlog.contextvars import bound_contextvars

from escalation_worker.escalating import Call
from shared.errors import ChannelUnavailableError, StoreUnavailableError
from shared.escalation import ChannelKind, Escalation, Posting
from shared.ports.channel import HumanChannel, PostingJournal
from shared.routes.route import Route
from shared.routes_in_force import InForce
from shared.telemetry import get_logger

log = get_logger(__name__)

LOOK_AGAIN_SECONDS: Final = 5.0


class BotChannel(HumanChannel, Protocol):
    """One bot's way to people."""

    async def call_people(self, escalation: Escalation, call: Call) -> None:
        """See `CallPeople`."""
        ...


class ByBot:
    """Passes on what is to be shown to the bot whose question it is."""

    def __init__(self, channels: Mapping[str, BotChannel], routes: InForce[Route]) -> None:
        self._channels = channels
        self._routes = routes

    async def post(self, escalation: Escalation, journal: PostingJournal) -> Posting:
        """See `HumanChannel.post`."""
        bot = self._bot_of(escalation)
        with _named(bot):
            return await self._channel_of(bot).post(escalation, journal)

    async def show_outcome(self, escalation: Escalation) -> None:
        """See `HumanChannel.show_outcome`."""
        bot = self._bot_of(escalation)
        with _named(bot):
            await self._channel_of(bot).show_outcome(escalation)

    async def call_people(self, escalation: Escalation, call: Call) -> None:
        """See `CallPeople`. In a channel of the tier's own, too, the question's bot calls."""
        bot = self._bot_of(escalation)
        with _named(bot):
            await self._channel_of(bot).call_people(escalation, call)

    def _bot_of(self, escalation: Escalation) -> str:
        posting = escalation.posting
        if posting is not None and posting.channel is ChannelKind.DISCORD:
            return posting.bot
        return self._routes.of(escalation.question.route).token_env

    def _channel_of(self, bot: str) -> BotChannel:
        """Find the bot's channel.

        Raises:
            ChannelUnavailableError: This worker does not run it. Another one may: while workers are
                restarted with another file, some still have the bot and some do not.
        """
        try:
            return self._channels[bot]
        except KeyError:
            raise ChannelUnavailableError(f"no route names the bot {bot} any more") from None


async def tell_of_others(
    open_postings: Callable[[], Awaitable[Mapping[str, Posting]]], bots: Mapping[str, object]
) -> None:
    """Say once, when Redis is there, which bots have open questions and are not run here."""
    while True:
        try:
            postings = await open_postings()
        except StoreUnavailableError:
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            continue
        shown_by = Counter(
            each.bot for each in postings.values() if each.channel is ChannelKind.DISCORD
        )
        for bot, questions in shown_by.items():
            if bot not in bots:
                log.warning(
                    "bot_not_run",
                    bot=bot,
                    questions=questions,
                    mend="name it in a route again until they have ended (docs/discord-bot.md)",
                )
        return


def _named(bot: str) -> AbstractContextManager[None]:
    """Write the bot's name beside what is logged meanwhile."""
    return bound_contextvars(bot=bot)

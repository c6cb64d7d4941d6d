"""The message by which a question begins: in the first of its route's channels that takes it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import discord

from escalation_worker.discord_channel import problems
from escalation_worker.discord_channel.places import find_marked, text_channel
from escalation_worker.discord_channel.showing import marks, rendering
from escalation_worker.discord_channel.showing.calling import allowed, mentions
from escalation_worker.discord_channel.showing.controls import controls
from escalation_worker.escalating import first_call
from escalation_worker.manners import NoteManner, manners_by_route
from shared.errors import ChannelRejectedError
from shared.escalation import ChannelKind, Escalation, Posting
from shared.ports.channel import PostingJournal
from shared.ports.clock import Clock, utc_now
from shared.routes.route import Route
from shared.routes_in_force import InForce
from shared.telemetry import get_logger

log = get_logger(__name__)

SEARCH_MARGIN: Final = timedelta(minutes=1)
"""Discord's clock and ours may differ so much."""


class Starting:
    """Sends that message once as one bot, and finds it again."""

    def __init__(
        self,
        routes: InForce[Route],
        note_manner: NoteManner,
        *,
        bot: str,
        clock: Clock = utc_now,
    ) -> None:
        self._routes = routes
        self._note_manner = note_manner
        self._bot = bot
        self._manner_of = manners_by_route(routes)
        self._clock = clock
        self.places: Mapping[int, discord.TextChannel] = {}
        """Those that were found when the client logged in."""

    async def start(
        self, client: discord.Client, escalation: Escalation, journal: PostingJournal
    ) -> Posting:
        """Send the message, or find the one that an earlier try sent.

        Raises:
            ChannelRejectedError: Every channel of the route refuses; it says why the first does.
        """
        posting = await self.find(client, escalation) if journal.attempt > 1 else None
        posting = posting or await self._send(client, escalation)
        await journal.started(posting)
        return posting

    async def find(self, client: discord.Client, escalation: Escalation) -> Posting | None:
        """Look for the message of a question whose worker died before it could note it."""
        since = escalation.created_at - SEARCH_MARGIN
        for channel_id in self._channels(escalation):
            try:
                with problems.translated_errors():
                    place = await self._place(client, channel_id)
                    marker = marks.marker(escalation)
                    message = await find_marked(client, place, marker, since)
            except ChannelRejectedError as error:
                log.warning("posting_not_looked_for", escalation_id=escalation.id, mend=str(error))
                continue
            if message is not None:
                return self._posting_of(message, escalation)
        return None

    async def _send(self, client: discord.Client, escalation: Escalation) -> Posting:
        refused: list[ChannelRejectedError] = []
        for channel_id in self._channels(escalation):
            try:
                with problems.translated_errors():
                    place = await self._place(client, channel_id)
                    message = await self._send_to(place, escalation)
            except ChannelRejectedError as error:
                refused.append(error)
                log.warning(
                    "channel_refused",
                    escalation_id=escalation.id,
                    channel_id=channel_id,
                    mend=str(error),
                )
            else:
                return self._posting_of(message, escalation)
        raise refused[0]

    async def _send_to(self, place: discord.TextChannel, escalation: Escalation) -> discord.Message:
        call = first_call(self._route(escalation), escalation, self._clock())
        users, roles = (call.users, call.roles) if call else ((), ())
        manner = self._manner_of(escalation.question)
        if manner != escalation.shown.manner:
            # First: a message that is found again says what was noted before it was sent.
            await self._note_manner(escalation.id, manner, None)
        return await place.send(
            mentions(users, roles) or None,
            embed=rendering.embed(escalation, manner=manner),
            view=controls(escalation, manner) or discord.utils.MISSING,
            allowed_mentions=allowed(users, roles),
            nonce=marks.nonce(escalation),
        )

    def _posting_of(self, message: discord.Message, escalation: Escalation) -> Posting:
        """Name where a question is shown, and whom its message calls."""
        call = first_call(self._route(escalation), escalation, self._clock())
        called = call is not None and mentions(call.users, call.roles) == message.content
        return Posting(
            channel=ChannelKind.DISCORD,
            place=str(message.channel.id),
            reference=str(message.id),
            url=message.jump_url,
            called=tuple(sorted(call.targets)) if call is not None and called else (),
            bot=self._bot,
        )

    def _route(self, escalation: Escalation) -> Route:
        return self._routes.of(escalation.question.route)

    def _channels(self, escalation: Escalation) -> list[int]:
        return [int(channel) for channel in self._route(escalation).channels]

    async def _place(self, client: discord.Client, channel_id: int) -> discord.TextChannel:
        return self.places.get(channel_id) or await text_channel(client, channel_id)

"""Logs in, checks what the bot may do, listens, and lets `channel` send.

A client can't be started twice, so each start makes a new one. What is wrong is found by REST
before the gateway is asked: Discord allows a bot 1,000 gateway logins a day and resets its token
after that. A wrong setting ends a start with one line that says what to do; the supervisor tries
again, since somebody may mend it meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route
from structlog.contextvars import bind_contextvars

from escalation_worker.discord_channel.hearing.interactions import Hears
from escalation_worker.discord_channel.hearing.listener import Listener
from escalation_worker.discord_channel.places import can_be_read
from escalation_worker.discord_channel.session.catching_up import CatchingUp
from escalation_worker.discord_channel.session.client import EscalationClient, TakeTurn, close, pace
from escalation_worker.discord_channel.session.losses import Losses
from escalation_worker.discord_channel.session.registering import keep_registered
from escalation_worker.discord_channel.session.sight import Places
from escalation_worker.discord_channel.session.turn import TURN_SECONDS, Turn
from escalation_worker.discord_channel.showing.channel import DiscordChannel
from escalation_worker.supervisor import Backoff, NeedsMendingError, supervise
from shared.errors import (
    ChannelError,
    ChannelRejectedError,
    ChannelUnavailableError,
    StoreUnavailableError,
)
from shared.escalation import Posting
from shared.expiry import ARRIVAL
from shared.ports.clock import Clock, utc_now
from shared.ports.hold import Hold
from shared.telemetry import get_logger

log = get_logger(__name__)

TELL_SECONDS: Final = 0.5
"""Less than `WORD`: when a question expires, its time to answer has mostly been heard."""


@dataclass(frozen=True, slots=True)
class DiscordAddress:
    """Where Discord is; empty means Discord itself."""

    api_base: str = ""
    gateway_url: str = ""

    def apply(self) -> None:
        """Point discord.py there, for the whole process: it has no setting for this."""
        if self.api_base:
            Route.BASE = self.api_base
        if self.gateway_url:
            DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(self.gateway_url)


class DiscordConnection:
    """Runs one bot's clients, one after the other. What they log carries the bot's name."""

    def __init__(
        self,
        *,
        bot: str,
        token: str,
        places: Places,
        channel: DiscordChannel,
        listener: Listener,
        interactions: Hears,
        catching_up: CatchingUp,
        losses: Losses,
        turn: Turn,
        tell_heard_until: Callable[[datetime, Hold], Awaitable[bool]],
        take_turn: TakeTurn,
        message_content: bool,
        clock: Clock = utc_now,
    ) -> None:
        self._bot = bot
        self._token = token
        self._places = places
        self._channel = channel
        self._listener = listener
        self._interactions = interactions
        self._catching_up = catching_up
        self._losses = losses
        self._turn = turn
        self._tell_heard_until = tell_heard_until
        self._take_turn = take_turn
        self._message_content = message_content
        self._clock = clock
        self._client: EscalationClient | None = None
        self._in_sight = frozenset[int]()

    async def run(self) -> None:
        """Log in, listen and send until the connection ends.

        Raises:
            NeedsMendingError: A setting is wrong; waiting may help if somebody mends it.
            ChannelUnavailableError: Discord can't be reached now.
        """
        bind_contextvars(bot=self._bot)
        client = self._client = EscalationClient(
            self._listener, self._interactions, self, message_content=self._message_content
        )
        pace(client, self._take_turn)
        try:
            await client.login(self._token)
            places = await self._places_to_post_in(client)
            self._channel.attach(client, places)
            log.info("discord_ready", channels=list(places), user=str(client.user))
            await self._turn.take()
            await self._listen(client)
        except discord.LoginFailure as error:
            raise NeedsMendingError(
                f"Discord refused {self._bot}: copy the bot's token again from the developer "
                "portal (docs/discord-bot.md)"
            ) from error
        except discord.PrivilegedIntentsRequired as error:
            # From now on without it: a reply that mentions the bot can be read all the same.
            self._message_content = False
            raise NeedsMendingError(
                "the bot may not read messages: switch on the Message Content intent in the "
                "developer portal and restart. Until then operators must mention the bot in "
                "their answers (docs/discord-bot.md)"
            ) from error
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            raise ChannelUnavailableError(
                f"the connection to Discord ended: {type(error).__name__}"
            ) from error
        except AttributeError as error:
            # discord.py 2.7 ends so when the very first connection to the gateway is refused.
            raise ChannelUnavailableError("Discord's gateway refused the connection") from error
        finally:
            self._client = None
            self._channel.detach()
            await close(client)

    async def _listen(self, client: EscalationClient) -> None:
        """Listen until the connection ends or the turn does.

        Raises:
            ChannelUnavailableError: There was no connection for too long; others may have one.
        """
        connecting = asyncio.ensure_future(client.connect())
        deaf = asyncio.ensure_future(client.until_deaf())
        registering = asyncio.ensure_future(
            supervise("commands", lambda: keep_registered(client, self._places))
        )
        tasks = (connecting, deaf, asyncio.ensure_future(self._turn.keep()), registering)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if connecting.done():
                connecting.result()
        finally:
            gave_up = deaf.done()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._turn.give_back()
        if gave_up:
            await asyncio.sleep(2 * TURN_SECONDS)  # the others look first
            raise ChannelUnavailableError("no connection to Discord's gateway from here")

    async def hand_over(self) -> None:
        """Let another worker listen from now on; what is being posted can still be finished."""
        await self._turn.end()

    async def tell(self) -> None:
        """Say for ever, every moment, until when all was heard, while this worker hears all."""
        bind_contextvars(bot=self._bot)
        while True:
            try:
                with contextlib.suppress(StoreUnavailableError):
                    await self._tell()
            except ChannelError as error:
                log.warning("not_read_from_the_beginning", reason=str(error))
            await asyncio.sleep(TELL_SECONDS)

    async def _tell(self) -> None:
        hold, client = self._turn.hold(), self._client
        if hold is None or client is None or not client.in_order:
            return
        arrived = self._clock() - ARRIVAL
        await self._catching_up.read_unread(client, hold)
        if client.in_order:  # still: it may have taken long
            await self._tell_heard_until(self._listener.heard_until(arrived), hold)

    def hold(self) -> Hold | None:
        """See `Watch.hold`."""
        return self._turn.hold()

    async def catch_up(self, client: EscalationClient) -> dict[str, Posting]:
        """See `Watch.catch_up`. Discord won't send again what was missed."""
        unseen: dict[str, Posting] = {}

        async def once() -> None:
            self._places.say_what_is_missing(client)
            hold = self._turn.hold()
            if hold is None:
                return
            try:
                places = await self._places.find(client)
                # Where some can be read, the others hold nobody up: what they lack was said above.
                readable = [place for place in places.values() if can_be_read(place)]
                posted_in = readable or list(places.values())
                unseen.update(await self._catching_up.run(client, posted_in, hold))
            except (ChannelRejectedError, NeedsMendingError):
                await self._losses.check_places(client)
                raise
            self._in_sight = self._places.in_sight(client)
            log.info("discord_listening", channels=list(places))

        await self._until_done(client, once, "not_caught_up")
        return unseen

    async def look_around(self, client: EscalationClient) -> None:
        """See `Watch.look_around`. While a channel is out of sight, its messages are missed."""
        were_in_sight, self._in_sight = self._in_sight, self._places.in_sight(client)
        self._places.say_what_is_missing(client)
        if not self._in_sight:
            client.out_of_sight()
        elif self._in_sight != were_in_sight:
            await client.catch_up()
        if self._places.are_disturbed(client):
            return  # an outage of Discord's: nothing is gone
        await self._until_done(
            client, lambda: self._losses.check_places(client), "losses_not_looked_for"
        )

    async def look_at(self, client: EscalationClient, suspects: Mapping[str, Posting]) -> None:
        """See `Watch.look_at`."""
        await self._until_done(
            client, lambda: self._losses.check(client, suspects), "losses_not_looked_for"
        )

    async def deleted(self, client: EscalationClient, reference: int) -> None:
        """See `Watch.deleted`."""
        await self._until_done(
            client, lambda: self._losses.deleted(client, reference), "losses_not_looked_for"
        )

    async def _until_done(
        self, client: EscalationClient, act: Callable[[], Awaitable[None]], undone: str
    ) -> None:
        """Try again until it is done, or this client is of no use any more."""
        backoff, tries = Backoff(), 0
        while not client.is_closed() and self._turn.hold() is not None:
            try:
                await act()
            except (ChannelError, StoreUnavailableError, NeedsMendingError) as error:
                log.error(undone, reason=str(error))  # noqa: TRY400 (one clear line)
                await asyncio.sleep(backoff.pause(tries))
                tries += 1
            else:
                return

    async def _places_to_post_in(self, client: discord.Client) -> Mapping[int, discord.TextChannel]:
        """Find the channels. Where none can be used, those who ask and have asked hear it at once.

        Raises:
            NeedsMendingError: The bot does not know them, may not see them, or they are no text
                channels.
            ChannelUnavailableError: Discord does not answer now.
        """
        try:
            return await self._places.find(client)
        except NeedsMendingError as error:
            self._channel.refuse(str(error))
            # A worker that listens has a better view: perhaps only this one has wrong settings.
            if await self._turn.take_if_free():
                with contextlib.suppress(StoreUnavailableError):
                    await self._losses.check_places(client)
                await self._turn.give_back()
            raise

"""Logs in, checks what the bot may do, listens, and lets `channel` send.

A client can't be started twice, so each start makes a new one. What is wrong is found by REST
before the gateway is asked: Discord allows a bot 1,000 gateway logins a day and resets its token
after that. A wrong setting ends a start with one line that says what to do; the supervisor tries
again, since somebody may mend it meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol, cast

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from escalation_worker.discord_channel.catching_up import CatchingUp
from escalation_worker.discord_channel.channel import DiscordChannel
from escalation_worker.discord_channel.client import EscalationClient, TakeTurn, close, pace
from escalation_worker.discord_channel.listener import Listener
from escalation_worker.supervisor import Backoff, NeedsMendingError
from shared.errors import ChannelError, ChannelUnavailableError, StoreUnavailableError
from shared.telemetry import get_logger

log = get_logger(__name__)

REQUIRED: Final = (
    "view_channel",
    "send_messages",
    "embed_links",
    "create_public_threads",
    "send_messages_in_threads",
    "read_message_history",
    "add_reactions",
    "manage_threads",
)
"""The permissions that the bot needs in the channel, by discord.py's names."""

TELL_SECONDS: Final = 2.0
TURN_SECONDS: Final = 0.3
"""How often a worker that does not listen looks whether it may."""
KEEP_SECONDS: Final = 1.0


class Slots(Protocol):
    """A hold on one of the few places from which workers listen."""

    async def hold(self) -> int | None:
        """Keep or take a slot; its fencing number, or None where all are taken."""
        ...

    async def release(self) -> None:
        """Give it back."""
        ...


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
    """Runs clients, one after the other."""

    def __init__(
        self,
        *,
        token: str,
        channel_id: int,
        channel: DiscordChannel,
        listener: Listener,
        catching_up: CatchingUp,
        slots: Slots,
        tell_listening: Callable[[], Awaitable[None]],
        take_turn: TakeTurn,
        message_content: bool,
    ) -> None:
        self._token = token
        self._channel_id = channel_id
        self._channel = channel
        self._listener = listener
        self._catching_up = catching_up
        self._slots = slots
        self._tell_listening = tell_listening
        self._take_turn = take_turn
        self._message_content = message_content
        self._client: EscalationClient | None = None
        self._handed_over = False

    async def run(self) -> None:
        """Log in, listen and send until the connection ends.

        Raises:
            NeedsMendingError: A setting is wrong; waiting may help if somebody mends it.
            ChannelUnavailableError: Discord can't be reached now.
        """
        client = self._client = EscalationClient(
            self._listener,
            on_guild=self._say_what_is_missing,
            catch_up=self._catch_up,
            message_content=self._message_content,
        )
        pace(client, self._take_turn)
        try:
            await client.login(self._token)
            self._channel.attach(client, await self._find_place(client))
            log.info("discord_ready", channel_id=self._channel_id, bot=str(client.user))
            fence = await self._turn_to_listen()
            await self._listen(client, fence)
        except discord.LoginFailure as error:
            raise NeedsMendingError(
                "Discord refused DISCORD_TOKEN: copy the bot's token again from the developer "
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

    async def _turn_to_listen(self) -> int:
        """Wait until a listener's slot is free, and take it; return the fencing number."""
        told = False
        while True:
            try:
                fence = await self._slots.hold()
            except StoreUnavailableError as error:
                log.debug("slot_unknown", reason=str(error))
                fence = None
            if fence is not None:
                log.info("slot_taken", fence=fence)
                return fence
            if not told:
                log.info("discord_standby")
                told = True
            await asyncio.sleep(TURN_SECONDS)

    async def _listen(self, client: EscalationClient, fence: int) -> None:
        """Listen until the connection ends or the slot is lost."""
        connecting = asyncio.ensure_future(client.connect())
        keeping = asyncio.ensure_future(self._keep_slot(fence))
        try:
            await asyncio.wait({connecting, keeping}, return_when=asyncio.FIRST_COMPLETED)
            if connecting.done():
                connecting.result()
            else:
                log.warning("slot_lost", fence=fence)
        finally:
            client.stop_listening()
            connecting.cancel()
            keeping.cancel()
            await asyncio.gather(connecting, keeping, return_exceptions=True)
            await self._give_slot_back()

    async def _keep_slot(self, fence: int) -> None:
        """Keep the slot; return when another worker holds it, or has held it meanwhile.

        While Redis is away nobody can take it: this worker goes on listening, since what people
        write meanwhile waits in it.
        """
        while True:
            await asyncio.sleep(KEEP_SECONDS)
            if self._handed_over:
                continue
            try:
                held = await self._slots.hold()
            except StoreUnavailableError as error:
                log.debug("slot_unknown", reason=str(error))
                continue
            if held is None:
                return
            if held != fence:
                # It ran out and was free again: somebody may have listened in between.
                log.info("slot_taken_again", fence=held)
                fence = held

    async def _give_slot_back(self) -> None:
        try:
            await self._slots.release()
        except StoreUnavailableError as error:
            log.debug("slot_not_given_back", reason=str(error))

    async def hand_over(self) -> None:
        """Let another worker listen from now on; what is being posted can still be finished."""
        self._handed_over = True
        if self._client is not None:
            self._client.stop_listening()
        await self._give_slot_back()

    async def tell(self) -> None:
        """Say for ever, every few seconds, that somebody listens, while that is so."""
        while True:
            if self._client is not None and self._client.in_order:
                try:
                    await self._tell_listening()
                except StoreUnavailableError as error:
                    log.debug("listening_untold", reason=str(error))
            await asyncio.sleep(TELL_SECONDS)

    async def _catch_up(self, client: EscalationClient) -> None:
        """Hear what was missed, and try again until it is done: Discord won't send it again."""
        backoff, tries = Backoff(), 0
        while not client.is_closed():
            try:
                place = await self._find_place(client)
                await self._catching_up.run(client, place)
                await self._tell_listening()
                log.info("discord_listening", channel_id=self._channel_id)
            except (ChannelError, StoreUnavailableError, NeedsMendingError) as error:
                log.error("not_caught_up", reason=str(error))  # noqa: TRY400 (one clear line)
                await asyncio.sleep(backoff.pause(tries))
                tries += 1
            else:
                return

    def _say_what_is_missing(self, client: EscalationClient) -> None:
        """Name the permissions that the bot lacks, once its guild is known."""
        place = client.get_channel(self._channel_id)
        if not isinstance(place, discord.TextChannel):
            return
        # discord.py gives no member where Discord sent none, whatever its annotation says.
        me = cast("discord.Member | None", place.guild.me)
        if me is None:
            return
        granted = place.permissions_for(me)
        missing = [name.replace("_", " ") for name in REQUIRED if not getattr(granted, name)]
        if missing:
            log.error(
                "needs_mending",
                part="discord",
                mend=f"give the bot in #{place.name}: {', '.join(missing)} (docs/discord-bot.md)",
            )

    async def _find_place(self, client: discord.Client) -> discord.TextChannel:
        """Find the channel to post in.

        Raises:
            NeedsMendingError: The bot does not know it, may not see it, or it is no text channel.
            ChannelUnavailableError: Discord does not answer now.
        """
        try:
            place = client.get_channel(self._channel_id)
            place = place or await client.fetch_channel(self._channel_id)
        except discord.Forbidden as error:
            raise NeedsMendingError(
                f'the bot can\'t see the channel {self._channel_id}: give it "View Channel" there '
                "(docs/discord-bot.md)"
            ) from error
        except (discord.NotFound, discord.InvalidData) as error:
            raise NeedsMendingError(
                f"the channel DISCORD_CHANNEL_ID={self._channel_id} is not known to the bot: "
                "check the id, and invite the bot to that server (docs/discord-bot.md)"
            ) from error
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            raise ChannelUnavailableError(
                f"Discord does not answer: {type(error).__name__}"
            ) from error
        if not isinstance(place, discord.TextChannel):
            raise NeedsMendingError(
                f"DISCORD_CHANNEL_ID={self._channel_id} is not a text channel: use one"
            )
        return place

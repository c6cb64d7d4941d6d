"""One discord.py client: logs in, checks what it may do, hears, and lets `channel` send.

A client can't be started twice, so each start makes a new one. Wrong settings end a start with
one line that says what to do; the supervisor tries again, since somebody may mend them meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from escalation_worker.discord_channel.catching_up import CatchingUp
from escalation_worker.discord_channel.channel import DiscordChannel
from escalation_worker.discord_channel.listener import Listener
from escalation_worker.supervisor import NeedsMendingError
from shared.errors import ChannelError, ChannelUnavailableError, StoreUnavailableError
from shared.telemetry import get_logger

log = get_logger(__name__)

READY_SECONDS: Final = 0.5
"""How long discord.py waits for guilds after READY: we need one channel, not all members."""

CLOSE_SECONDS: Final = 2.0

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

_UNPACED: Final = ("/interactions/", "/webhooks/")

TakeTurn = Callable[[], Awaitable[None]]


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
        take_turn: TakeTurn,
        message_content: bool,
    ) -> None:
        self._catching_up = catching_up
        self._token = token
        self._channel_id = channel_id
        self._channel = channel
        self._listener = listener
        self._take_turn = take_turn
        self._message_content = message_content

    async def run(self) -> None:
        """Log in, listen and send until the connection ends.

        Raises:
            NeedsMendingError: A setting is wrong; waiting may help if somebody mends it.
            ChannelUnavailableError: Discord can't be reached now.
        """
        client = _Client(self._listener, self._attach, message_content=self._message_content)
        _pace(client, self._take_turn)
        try:
            await client.start(self._token)
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
            self._channel.detach()
            await _close(client)

    async def _attach(self, client: discord.Client) -> None:
        """Find the channel and begin to send; say what is missing."""
        place = await self._find_place(client)
        if place is None:
            return
        missing = [
            name.replace("_", " ")
            for name in REQUIRED
            if not getattr(place.permissions_for(place.guild.me), name)
        ]
        if missing:
            log.error(
                "needs_mending",
                part="discord",
                mend=f"give the bot in #{place.name}: {', '.join(missing)} (docs/discord-bot.md)",
            )
        self._channel.attach(client, place)
        log.info("discord_ready", channel_id=place.id, bot=str(client.user))
        await self._catch_up(client, place)

    async def _catch_up(self, client: discord.Client, place: discord.TextChannel) -> None:
        """Hear what was missed; a client that can't is ended, so that the next one tries again."""
        try:
            await self._catching_up.run(client, place)
        except (ChannelError, StoreUnavailableError) as error:
            log.error("not_caught_up", reason=str(error))  # noqa: TRY400 (one clear line)
            await client.close()

    async def _find_place(self, client: discord.Client) -> discord.TextChannel | None:
        mend = (
            f"the channel DISCORD_CHANNEL_ID={self._channel_id} is not known to the bot: check "
            "the id, and invite the bot to that server (docs/discord-bot.md)"
        )
        try:
            place = client.get_channel(self._channel_id)
            place = place or await client.fetch_channel(self._channel_id)
        except discord.Forbidden:
            mend = (
                f'the bot can\'t see the channel {self._channel_id}: give it "View Channel" there '
                "(docs/discord-bot.md)"
            )
        except discord.HTTPException as error:
            log.debug("channel_not_found", code=error.code)
        else:
            if isinstance(place, discord.TextChannel):
                return place
            mend = f"DISCORD_CHANNEL_ID={self._channel_id} is not a text channel: use one"
        log.error("needs_mending", part="discord", mend=mend)
        # Ending the client lets the supervisor try again later, when somebody may have mended it.
        await client.close()
        return None


class _Client(discord.Client):
    """Receives events and hands them on; decides nothing."""

    def __init__(
        self,
        listener: Listener,
        on_ready: Callable[[discord.Client], Awaitable[None]],
        *,
        message_content: bool,
    ) -> None:
        intents = discord.Intents.none()
        intents.guilds = True
        intents.guild_messages = True
        intents.message_content = message_content
        super().__init__(
            intents=intents,
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            guild_ready_timeout=READY_SECONDS,
            enable_debug_events=False,
        )
        self._listener = listener
        self._on_ready = on_ready
        self._in_order = False
        self._was_in_order = False

    async def on_ready(self) -> None:
        """Discord is ready to send us events, after a start or a lost connection."""
        self._was_in_order = False
        await self._on_ready(self)
        self._in_order = True

    async def on_disconnect(self) -> None:
        """From here on events may be missed, until Discord has sent them again or we looked."""
        self._was_in_order = self._was_in_order or self._in_order
        self._in_order = False

    async def on_resumed(self) -> None:
        """Discord has sent again what was missed."""
        self._in_order = self._was_in_order

    async def on_message(self, message: discord.Message) -> None:
        """Hear a message."""
        try:
            await self._listener.heard(message, in_order=self._in_order)
        except StoreUnavailableError as error:
            log.error(  # noqa: TRY400 (one clear line)
                "reply_not_taken", message_id=message.id, reason=str(error)
            )

    async def on_error(self, event_method: str, /, *args: object, **kwargs: object) -> None:
        """Log what an event handler raised, without the event: it holds people's words."""
        del args, kwargs
        log.error("discord_event_failed", event_name=event_method, exc_info=sys.exc_info())


async def _close(client: discord.Client) -> None:
    """Close a client, but don't wait the 30 s that discord.py gives a peer to say good-bye."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await client.close()


def _pace(client: discord.Client, take_turn: TakeTurn) -> None:
    """Let every REST call wait for its turn among all workers' calls.

    discord.py knows the limits of single routes but has no pace of its own for the bot's 50
    requests a second, which all processes share. Its one door for requests is wrapped, since
    there is no hook for it.
    """
    http: Any = client.http
    request = http.request

    async def paced(route: Route, **kwargs: Any) -> Any:
        if not route.path.startswith(_UNPACED):
            await take_turn()
        return await request(route, **kwargs)

    http.request = paced

"""One discord.py client: which events it asks for, and in what state it hears them."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Final

import discord
from discord.http import Route

from escalation_worker.discord_channel.listener import Listener
from shared.telemetry import get_logger

log = get_logger(__name__)

READY_SECONDS: Final = 0.5
"""How long discord.py waits for guilds after READY: we need one channel, not all members."""
CLOSE_SECONDS: Final = 2.0

_UNPACED: Final = ("/interactions/", "/webhooks/")

TakeTurn = Callable[[], Awaitable[None]]


class EscalationClient(discord.Client):
    """Receives events and hands them on; decides nothing.

    `in_order` says that nothing written in Discord has been missed: it was looked for after the
    last start, and the connection has not broken since without Discord repeating what came
    meanwhile.
    """

    def __init__(
        self,
        listener: Listener,
        *,
        on_guild: Callable[[EscalationClient], None],
        catch_up: Callable[[EscalationClient], Awaitable[None]],
        message_content: bool,
    ) -> None:
        intents = discord.Intents.none()
        intents.guilds = True
        intents.guild_messages = True
        intents.message_content = message_content
        # Otherwise it warns at each start that its libraries for voice are not there.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
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
        self._on_guild = on_guild
        self._catch_up = catch_up
        self._was_in_order = False
        self.in_order = False
        self.listens = True

    def stop_listening(self) -> None:
        """Act on nothing any more: another worker listens now."""
        self.listens = self.in_order = self._was_in_order = False

    async def on_ready(self) -> None:
        """Look for what was missed: Discord begins afresh, after a start or a long break."""
        self._was_in_order = self.in_order = False
        self._on_guild(self)
        await self._catch_up(self)
        self.in_order = self.listens

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """See to a guild that was not there at READY."""
        del guild
        self._on_guild(self)

    async def on_disconnect(self) -> None:
        """From here on events may be missed, until Discord has sent them again or we looked."""
        self._was_in_order = self._was_in_order or self.in_order
        self.in_order = False

    async def on_resumed(self) -> None:
        """Discord has sent again what was missed."""
        self.in_order = self._was_in_order

    async def on_message(self, message: discord.Message) -> None:
        """Hear a message."""
        if self.listens:
            await self._listener.heard(message, in_order=self.in_order)

    async def on_error(self, event_method: str, /, *args: object, **kwargs: object) -> None:
        """Log what an event handler raised, without the event: it holds people's words."""
        del args, kwargs
        log.error("discord_event_failed", event_name=event_method, exc_info=sys.exc_info())


async def close(client: discord.Client) -> None:
    """Close a client, but don't wait the 30 s that discord.py gives a peer to say good-bye."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await client.close()


def pace(client: discord.Client, take_turn: TakeTurn) -> None:
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

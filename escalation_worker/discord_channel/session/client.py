"""One discord.py client: which events it asks for, and in what state it hears them."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Protocol

import discord
from discord.http import Route

from escalation_worker.discord_channel.hearing.interactions import Hears
from escalation_worker.discord_channel.hearing.listener import Listener
from escalation_worker.discord_channel.session.breaking_off import breakable
from shared.escalation import Posting
from shared.ports.hold import Hold
from shared.telemetry import get_logger

log = get_logger(__name__)

READY_SECONDS: Final = 0.5
"""How long discord.py waits for guilds after READY: we need one channel, not all members."""
MISSED_FIRST_SECONDS: Final = 15.0
"""How long a message waits for those that were missed before it. Then it is heard out of order."""
CLOSE_SECONDS: Final = 2.0
DEAF_SECONDS: Final = 20.0
"""A worker that listens to nothing for so long lets another one try: its host may be cut off."""
_LOOK_SECONDS: Final = 0.5

_UNPACED: Final = ("/interactions/", "/webhooks/")

TakeTurn = Callable[[], Awaitable[None]]


class Watch(Protocol):
    """What a client asks for and hands on; see `DiscordConnection`."""

    def hold(self) -> Hold | None:
        """Tell under which hold events may be acted on now."""
        ...

    async def catch_up(self, client: EscalationClient) -> dict[str, Posting]:
        """Look for what was missed, until it is done; return what could not be seen."""
        ...

    async def look_around(self, client: EscalationClient) -> None:
        """See what a change of the server means."""
        ...

    async def look_at(self, client: EscalationClient, suspects: Mapping[str, Posting]) -> None:
        """See whether these questions can still be answered."""
        ...

    async def deleted(self, client: EscalationClient, reference: int) -> None:
        """See whether a deleted thread or message was a question's."""
        ...


class EscalationClient(discord.Client):
    """Receives events and hands them on; decides nothing.

    `in_order` says that nothing written in Discord has been missed: it was looked for after the
    last start, and the connection has not broken since without Discord repeating what came
    meanwhile.
    """

    def __init__(
        self, listener: Listener, interactions: Hears, watch: Watch, *, message_content: bool
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
        self._interactions = interactions
        self._watch = watch
        self._connected = False
        self._caught_up = asyncio.Event()
        self._rounds = 0

    @property
    def in_order(self) -> bool:
        """Whether nothing has been missed."""
        return self._connected and self._caught_up.is_set() and self._watch.hold() is not None

    async def until_deaf(self) -> None:
        """Return once there was no connection for so long that it is another worker's turn."""
        connected = time.monotonic()
        while time.monotonic() < connected + DEAF_SECONDS:
            await asyncio.sleep(_LOOK_SECONDS)
            if self._connected:
                connected = time.monotonic()

    async def on_ready(self) -> None:
        """Look for what was missed: Discord begins afresh, after a start or a long break."""
        self._connected = True
        await self.catch_up()

    async def catch_up(self) -> None:
        """Look for what was missed. While another round begins, this one proves nothing."""
        self._caught_up.clear()
        self._rounds += 1
        this_round = self._rounds
        unseen = await self._watch.catch_up(self)
        if this_round == self._rounds:
            self._caught_up.set()
        await self._watch.look_at(self, unseen)

    def out_of_sight(self) -> None:
        """From here on messages are missed, although the connection stands."""
        self._caught_up.clear()
        self._rounds += 1

    async def _look_around(self) -> None:
        # Before it is ready, discord.py tells of each server that it gets to know.
        if self._connected:
            await self._watch.look_around(self)

    async def on_disconnect(self) -> None:
        """From here on events may be missed, until Discord has sent them again or we looked."""
        self._connected = False

    async def on_resumed(self) -> None:
        """Discord has sent again what was missed."""
        self._connected = True

    async def on_message(self, message: discord.Message) -> None:
        """Hear a message, after those that were missed: the first one that may answer, answers."""
        with self._listener.taking_in(message.created_at):
            await self._until_caught_up()
            hold = self._watch.hold()
            if hold is not None:
                await self._listener.heard(message, hold, in_order=self.in_order)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Hear that a message was edited. Discord tells of its own changes so too."""
        message = payload.message
        if message.edited_at is None:
            return
        with self._listener.taking_in(message.edited_at):
            await self._until_caught_up()
            hold = self._watch.hold()
            if hold is not None:
                await self._listener.edited(message, hold)

    async def _until_caught_up(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(MISSED_FIRST_SECONDS):
                await self._caught_up.wait()

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Hear a click, a choice, a form or a command."""
        hold = self._watch.hold()
        if hold is not None:
            await self._interactions.heard(interaction, hold)

    async def on_raw_thread_delete(self, payload: discord.RawThreadDeleteEvent) -> None:
        """See to the question whose thread it was."""
        await self._watch.deleted(self, payload.thread_id)

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """See to the question whose message it was."""
        await self._watch.deleted(self, payload.message_id)

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """See to the questions whose messages they were."""
        for message_id in payload.message_ids:
            await self._watch.deleted(self, message_id)

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """See to the questions in a channel that is gone."""
        del channel
        await self._look_around()

    async def on_guild_channel_update(
        self, before: discord.abc.GuildChannel, after: discord.abc.GuildChannel
    ) -> None:
        """See whether the channel came into sight or went out of it."""
        del before, after
        await self._look_around()

    async def on_guild_role_update(self, before: discord.Role, after: discord.Role) -> None:
        """See whether the channel came into sight or went out of it."""
        del before, after
        await self._look_around()

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """See to the questions in a server that the bot was thrown out of."""
        del guild
        await self._look_around()

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """See whether the channel came into sight."""
        del guild
        await self._look_around()

    async def on_guild_unavailable(self, guild: discord.Guild) -> None:
        """See whether the channel went out of sight."""
        del guild
        await self._look_around()

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """See to a server that was not there at READY."""
        del guild
        await self._look_around()

    async def on_error(self, event_method: str, /, *args: object, **kwargs: object) -> None:
        """Log what an event handler raised, without the event: it holds people's words."""
        del args, kwargs
        if self.is_closed():
            return  # it was broken off
        log.error("discord_event_failed", event_name=event_method, exc_info=sys.exc_info())


async def close(client: discord.Client) -> None:
    """Close a client, but don't wait the 30 s that discord.py gives a peer to say good-bye.

    A worker that is told to stop meanwhile does not break it off: its connections would stay open.
    """
    closing = asyncio.ensure_future(client.close())
    done, _ = await asyncio.wait({closing}, timeout=CLOSE_SECONDS)
    for task in done:
        task.result()


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
        return await breakable(http, request(route, **kwargs))

    http.request = paced

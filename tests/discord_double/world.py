"""The state of one double, and the only way by which events leave it.

`World` looks things up, works out permissions, and hands each event to its listeners in
the order of the changes. It is used from one event loop and never awaits, so each request
sees and makes whole changes.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from . import errors, permissions
from .events import Viewer
from .model import Channel, ChannelType, Member, Thread
from .permissions import NOTHING, Permission
from .snowflakes import Snowflakes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .acts.interactions import Interaction
    from .events import Event
    from .model import Application, Guild, Message, User
    from .settings import Settings

T = TypeVar("T")

HISTORY_LIMIT = 200_000  # events kept for checkers; older ones are forgotten


@dataclass(frozen=True, slots=True)
class Happening:
    """One event as it was told, numbered from 1, with the content that the author wrote."""

    number: int
    at: float
    name: str
    data: dict[str, Any]


class World:
    """Everything that exists, by id."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.ids = Snowflakes()
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.users: dict[int, User] = {}
        self.applications: dict[str, Application] = {}
        # (author, channel, nonce) to the message and the monotonic time it was posted at.
        self.nonces: dict[tuple[int, int, str], tuple[int, float]] = {}
        # Every interaction ever opened, by its token.
        self.interactions: dict[str, Interaction] = {}
        # Where the double listens, e.g. "http://127.0.0.1:8902"; set when it starts.
        self.base_url = ""
        # With which links to files are signed.
        self.signing_key = secrets.token_bytes(16)
        self.history: deque[Happening] = deque(maxlen=HISTORY_LIMIT)
        self.revision = 0
        self._listeners: list[Callable[[Event], None]] = []
        self._waiters: set[asyncio.Future[None]] = set()

    # -- events ---------------------------------------------------------------

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Call `listener` with every event from now on, at once and in order."""
        self._listeners.append(listener)

    def ignore(self, listener: Callable[[Event], None]) -> None:
        """Call `listener` no more."""
        self._listeners.remove(listener)

    def publish(self, event: Event) -> None:
        """Record an event and hand it to all listeners."""
        author = self._narrator(event)
        self.revision += 1
        data = event.render(Viewer(author)) if author else {}
        self.history.append(Happening(self.revision, time.time(), event.name, data))
        for listener in tuple(self._listeners):
            listener(event)
        self.stir()

    def stir(self) -> None:
        """Let everyone who waits in `until` look again."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()

    async def until(self, probe: Callable[[], T | None]) -> T:
        """Return the first true value of `probe`, which is asked again after each change."""
        while True:
            if value := probe():
                return value
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.add(waiter)
            try:
                await waiter
            finally:
                self._waiters.discard(waiter)

    def _narrator(self, event: Event) -> Application | None:
        """Return the bot from whose side an event is recorded."""
        applications = iter(self.applications.values())
        if event.only_to is not None:
            return next((a for a in applications if a.id == event.only_to), None)
        return next(applications, None)

    # -- lookup ---------------------------------------------------------------

    def application_by_id(self, application_id: int) -> Application:
        for application in self.applications.values():
            if application.id == application_id:
                return application
        raise errors.unknown_application()

    def bot_of(self, user: User) -> Application | None:
        """Return the application whose bot user this is."""
        return next((a for a in self.applications.values() if a.user.id == user.id), None)

    def guild(self, guild_id: int) -> Guild:
        try:
            return self.guilds[guild_id]
        except KeyError:
            raise errors.unknown_guild() from None

    def guild_of(self, channel: Channel) -> Guild | None:
        return None if channel.guild_id is None else self.guilds.get(channel.guild_id)

    def channel(self, channel_id: int) -> Channel:
        try:
            return self.channels[channel_id]
        except KeyError:
            raise errors.unknown_channel() from None

    def thread(self, thread_id: int) -> Thread:
        channel = self.channel(thread_id)
        if not isinstance(channel, Thread):
            raise errors.not_on_this_channel_type()
        return channel

    def message(self, channel: Channel, message_id: int) -> Message:
        message = channel.messages.get(message_id)
        if message is None:
            raise errors.unknown_message()
        return message

    def find_message(self, message_id: int) -> Message | None:
        """Return a message by id alone, wherever it stands."""
        for channel in self.channels.values():
            if message := channel.messages.get(message_id):
                return message
        return None

    def member(self, channel: Channel, user: User) -> Member | None:
        guild = self.guild_of(channel)
        return guild.members.get(user.id) if guild else None

    def threads(self, guild_id: int) -> Iterator[Thread]:
        """Iterate over a guild's threads, active and archived, oldest first."""
        for channel in self.channels.values():
            if isinstance(channel, Thread) and channel.guild_id == guild_id:
                yield channel

    def active_threads(self, guild_id: int) -> list[Thread]:
        return [thread for thread in self.threads(guild_id) if not thread.archived]

    def direct_channel(self, bot: User, user: User) -> Channel:
        """Return the direct-message channel of two users, opening it on first use."""
        pair = {bot.id, user.id}
        for channel in self.channels.values():
            if channel.type is ChannelType.DM and {u.id for u in channel.recipients} == pair:
                return channel
        channel = Channel(self.ids.next(), ChannelType.DM, "", None, recipients=(bot, user))
        self.channels[channel.id] = channel
        return channel

    def public_url(self) -> str:
        """Return the address under which clients reach the double, without a slash."""
        return (self.settings.public_url or self.base_url).rstrip("/")

    def gateway_url(self, host: str | None = None) -> str:
        """Return the gateway's address, for a client that asked for `host` if it is known."""
        asked_for = self.settings.public_url or (f"http://{host}" if host else self.base_url)
        return "ws" + asked_for.removeprefix("http").rstrip("/") + "/"

    # -- permissions ----------------------------------------------------------

    def permissions(self, user: User, channel: Channel) -> Permission:
        """Return what a user may do in a channel or thread; nothing if it is out of sight."""
        if channel.type is ChannelType.DM:
            is_party = any(u.id == user.id for u in channel.recipients)
            return permissions.DIRECT_MESSAGE if is_party else NOTHING
        guild, member = self.guild_of(channel), self.member(channel, user)
        if guild is None or member is None:
            return NOTHING
        if not isinstance(channel, Thread):
            return permissions.in_channel(guild, member, channel)
        parent = self.channels.get(channel.parent_id or 0)
        granted = permissions.in_channel(guild, member, parent or channel)
        is_outsider = channel.is_private and user.id not in channel.members
        if is_outsider and Permission.MANAGE_THREADS not in granted:
            return NOTHING
        return granted

    def require(self, user: User, channel: Channel, *needed: Permission) -> Permission:
        """Return the user's permissions in a channel.

        Raises:
            Refusal: 50001 if the channel is out of sight, 50013 if one of `needed` lacks.
        """
        granted = self.permissions(user, channel)
        if Permission.VIEW_CHANNEL not in granted:
            raise errors.missing_access()
        for permission in needed:
            if permission not in granted:
                raise errors.missing_permissions(permission)
        return granted

    def can_see(self, application: Application, event: Event) -> bool:
        """Tell whether an event concerns a bot at all, whatever its intents."""
        if event.only_to is not None:
            return event.only_to == application.id
        if event.guild_id is not None and event.guild_id not in application.guild_ids:
            return False
        if event.channel_id is None:
            return True
        channel = self.channels.get(event.channel_id)
        if channel is None:
            return True
        return Permission.VIEW_CHANNEL in self.permissions(application.user, channel)

    def forget_old_nonces(self, now: float) -> None:
        """Drop nonces that are past their window, oldest first."""
        horizon = now - self.settings.nonce_window
        with suppress(StopIteration):
            while True:
                key = next(iter(self.nonces))
                if self.nonces[key][1] >= horizon:
                    break
                del self.nonces[key]

"""The double as a whole: state, REST API, gateway, faults and people behind one port."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self, TypeVar

from aiohttp import web

from . import defaults
from .acts import guilds, messages, threads
from .faults import Faults
from .gateway import Gateway
from .model import (
    Application,
    Channel,
    ChannelType,
    Guild,
    Member,
    Message,
    Role,
    Thread,
    User,
)
from .people import Person, role_ids
from .permissions import BOT_DEFAULT, EVERYONE_DEFAULT, Permission
from .rest.dispatch import Api
from .settings import Settings
from .world import World

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from .rest.dispatch import RequestRecord

T = TypeVar("T")
IDLE_SWEEP_SECONDS = 30.0
UPLOAD_MAX = 30 * 1024 * 1024


class DiscordDouble:
    """A Discord of one guild on a loopback port.

    Used as an async context manager. It starts with the cast of `defaults`: one guild, two
    channels, a bot, two operators and a stranger.
    """

    def __init__(
        self,
        *,
        host: str = defaults.HOST,
        port: int = 0,
        settings: Settings | None = None,
    ) -> None:
        self.settings = settings or Settings(host=host, port=port)
        self.world = World(self.settings)
        self.faults = Faults()
        self.gateway = Gateway(self.world)
        self.api = Api(self.world, self.faults)
        self.guild = _furnish(self.world)
        self.bot = self.add_bot(
            defaults.BOT_NAME,
            defaults.BOT_TOKEN,
            user_id=defaults.BOT_USER_ID,
            role_id=defaults.BOT_ROLE_ID,
        )
        self._runner: web.AppRunner | None = None
        self._sweeper: asyncio.Task[None] | None = None

    # -- running --------------------------------------------------------------

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; afterwards the addresses are known."""
        app = web.Application(client_max_size=UPLOAD_MAX)
        app.router.add_get("/", self._front_door)
        app.router.add_route("*", "/api/{version:v\\d+}/{tail:.*}", self.api.handle)
        app.router.add_get("/attachments/{channel}/{attachment}/{name}", self._attachment)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.settings.host, self.settings.port)
        await site.start()
        port: int = self._runner.addresses[0][1]
        self.settings.port = port
        self.world.base_url = f"http://{self.settings.host}:{port}"
        self._sweeper = asyncio.create_task(self._archive_idle_threads())

    async def stop(self) -> None:
        """Cut all connections and stop listening."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        self.gateway.cut()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def api_base(self) -> str:
        """What `discord.http.Route.BASE` must be."""
        return f"{self.world.base_url}/api/v10"

    @property
    def gateway_url(self) -> str:
        """What `DiscordWebSocket.DEFAULT_GATEWAY` must be."""
        return "ws" + self.world.base_url.removeprefix("http") + "/"

    # -- what happened --------------------------------------------------------

    @property
    def requests(self) -> list[RequestRecord]:
        """Every REST request so far."""
        return self.api.requests

    @property
    def counts(self) -> Counter[str]:
        """How often each route ran, e.g. "POST /channels/{channel_id}/messages"."""
        return self.api.counts

    async def until(self, probe: Callable[[], T | None]) -> T:
        """Wait for a true value of `probe`, asked after each change; bound it with a timeout."""
        return await self.world.until(probe)

    async def until_message(
        self, place: Channel | int | None = None, containing: str = "", author: int | None = None
    ) -> Message:
        """Wait for a message whose content, embeds or buttons contain a text."""

        def probe() -> Message | None:
            for channel in self._places(place):
                for message in channel.messages:
                    if author in {None, message.author.id} and containing in text_of(message):
                        return message
            return None

        return await self.until(probe)

    async def until_thread(self, containing: str = "") -> Thread:
        """Wait for a thread whose name contains a text."""

        def probe() -> Thread | None:
            found = (t for t in self.threads if containing in t.name)
            return next(found, None)

        return await self.until(probe)

    # -- what exists ----------------------------------------------------------

    @property
    def channel(self) -> Channel:
        """The channel for escalations."""
        return self.world.channel(defaults.CHANNEL_ID)

    @property
    def threads(self) -> list[Thread]:
        """All threads of the guild, active and archived, oldest first."""
        return sorted(self.world.threads(self.guild.id), key=lambda thread: thread.id)

    def person(self, name: str, *, roles: Sequence[int | str] | None = None) -> Person:
        """Return the member of this name, who joins if there is none yet."""
        member = self.guild.member_named(name)
        if member is None:
            user = User(self.world.ids.next(), name.lower().replace(" ", "_"), name)
            member = guilds.add_member(self.world, self.guild, user)
        if roles is not None:
            guilds.set_roles(self.world, self.guild, member, role_ids(self.guild, roles))
        return Person(self.world, self.guild, member)

    def add_bot(
        self,
        name: str,
        token: str,
        *,
        user_id: int | None = None,
        role_id: int | None = None,
        permissions: Permission = BOT_DEFAULT,
    ) -> Application:
        """Register an application and invite its bot to the guild."""
        bot_id = user_id or self.world.ids.next()
        application = Application(bot_id, token, User(bot_id, name, bot=True))
        self.world.applications[token] = application
        role = Role(role_id or self.world.ids.next(), name, permissions, bot_id=bot_id)
        guilds.invite_bot(self.world, self.guild, application, role)
        return application

    # -- what befalls the guild ------------------------------------------------

    def add_channel(self, name: str, kind: ChannelType = ChannelType.TEXT) -> Channel:
        """Add a channel to the guild."""
        return guilds.create_channel(self.world, self.guild, name, kind)

    def delete_channel(self, channel: Channel | int) -> None:
        """Delete a channel or thread, whoever wanted it so."""
        found = channel if isinstance(channel, Channel) else self.world.channel(channel)
        if isinstance(found, Thread):
            threads.remove(self.world, found)
        else:
            guilds.delete_channel(self.world, found)

    def delete_message(self, message: Message) -> None:
        """Delete a message, whoever wanted it so."""
        channel = self.world.channel(message.channel_id)
        messages.drop(self.world, channel, message)
        messages.announce.message_deleted(self.world, message, channel)

    def add_role(self, name: str, *, mentionable: bool = False) -> Role:
        """Add a role to the guild."""
        return guilds.create_role(self.world, self.guild, name, mentionable=mentionable)

    def allow(self, channel: Channel | int, target_id: int, permissions: Permission) -> None:
        """Allow permissions in a channel to a role or member, and deny it nothing else."""
        self._overwrite(channel, target_id, allow=permissions)

    def deny(self, channel: Channel | int, target_id: int, permissions: Permission) -> None:
        """Deny permissions in a channel to a role or member (the guild's id is everyone)."""
        self._overwrite(channel, target_id, deny=permissions)

    def remove_bot(self, application: Application | None = None) -> None:
        """Kick a bot out of the guild."""
        bot = application or self.bot
        guilds.remove_member(self.world, self.guild, bot.user.id)

    def auto_archive(self, thread: Thread) -> None:
        """Archive a thread as Discord does when it was quiet for long."""
        threads.archive(self.world, thread)

    async def post_as_webhook(self, place: Channel | int, name: str, text: str) -> Message:
        """Post a message of a webhook, which is no member and no bot user of ours."""
        channel = place if isinstance(place, Channel) else self.world.channel(place)
        hook_id = self.world.ids.next()
        author = User(hook_id, name, bot=True)
        message = Message(
            self.world.ids.next(), channel.id, author, content=text, webhook_id=hook_id
        )
        messages.put(self.world, channel, message)
        return message

    # -- inner ----------------------------------------------------------------

    def _overwrite(
        self,
        channel: Channel | int,
        target_id: int,
        allow: Permission = Permission(0),  # noqa: B008 - an immutable flag
        deny: Permission = Permission(0),  # noqa: B008 - an immutable flag
    ) -> None:
        found = channel if isinstance(channel, Channel) else self.world.channel(channel)
        guilds.set_overwrite(self.world, found, target_id, allow=allow, deny=deny)

    def _places(self, place: Channel | int | None) -> list[Channel]:
        if place is None:
            return list(self.world.channels.values())
        if isinstance(place, Channel):
            return [place]
        found = self.world.channels.get(place)
        return [found] if found else []

    async def _front_door(self, request: web.Request) -> web.StreamResponse:
        """Serve the gateway to those who ask for a WebSocket."""
        return await self.gateway.handle(request)

    async def _attachment(self, request: web.Request) -> web.Response:
        channel = self.world.channels.get(int(request.match_info["channel"]))
        for message in channel.messages if channel else ():
            for attachment in message.attachments:
                if str(attachment.id) == request.match_info["attachment"]:
                    headers = {"Content-Type": attachment.content_type}
                    return web.Response(body=attachment.content, headers=headers)
        raise web.HTTPNotFound

    async def _archive_idle_threads(self) -> None:
        while True:
            await asyncio.sleep(IDLE_SWEEP_SECONDS)
            threads.archive_idle(self.world)


def text_of(message: Message) -> str:
    """Return everything a reader sees of a message, line by line."""
    parts = [message.content]
    for embed in message.embeds:
        parts += [embed.get("title") or "", embed.get("description") or ""]
        for field in embed.get("fields") or ():
            parts += [field["name"], field["value"]]
        parts.append((embed.get("footer") or {}).get("text") or "")
    parts += labels_of(message)
    return "\n".join(part for part in parts if part)


def labels_of(message: Message) -> list[str]:
    """Return the labels of a message's buttons."""
    return [
        item["label"]
        for row in message.components
        for item in row.get("components") or ()
        if item.get("label")
    ]


def _furnish(world: World) -> Guild:
    """Build the guild of `defaults`, before anybody looks."""
    guild = Guild(defaults.GUILD_ID, defaults.GUILD_NAME, defaults.OWNER_ID)
    world.guilds[guild.id] = guild
    guild.roles[guild.id] = Role(guild.id, "@everyone", EVERYONE_DEFAULT)
    operators = Role(
        defaults.OPERATOR_ROLE_ID, defaults.OPERATOR_ROLE_NAME, mentionable=True, position=1
    )
    guild.roles[operators.id] = operators
    cast = {
        defaults.OWNER_NAME: (defaults.OWNER_ID, []),
        **{name: (i, [operators.id]) for name, i in defaults.OPERATORS.items()},
        **{name: (i, []) for name, i in defaults.STRANGERS.items()},
    }
    for name, (user_id, roles) in cast.items():
        user = User(user_id, name.lower(), name)
        world.users[user_id] = user
        guild.members[user_id] = Member(user, datetime.now(UTC), roles)
    for position, (channel_id, name) in enumerate(
        (
            (defaults.CHANNEL_ID, defaults.CHANNEL_NAME),
            (defaults.SECOND_CHANNEL_ID, defaults.SECOND_CHANNEL_NAME),
        )
    ):
        world.channels[channel_id] = Channel(
            channel_id, ChannelType.TEXT, name, guild.id, position=position
        )
    return guild

"""The double as a whole: state, REST API, gateway, faults and people behind one port."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self, TypeVar

from aiohttp import web

from . import cdn, control, defaults, page
from .acts import announce, guilds, messages, threads
from .faults import Faults
from .furnishing import furnish
from .gateway import Gateway
from .model import Application, Channel, ChannelType, Message, Role, Thread, User
from .people import Person, role_ids
from .permissions import BOT_DEFAULT, NOTHING, Permission
from .reading import text_of
from .rest.dispatch import Api
from .scripted import ScriptedOperator, by_table
from .settings import Settings
from .world import World

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from .acts.interactions import Interaction
    from .rest.dispatch import RequestRecord
    from .scripted import Answer, Question

T = TypeVar("T")
IDLE_SWEEP_SECONDS = 30.0
UPLOAD_MAX = 210 * 1024 * 1024  # ten files as large as each may be
_ANYWHERE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - compared with, not bound to


class DiscordDouble:
    """A Discord of one guild on a loopback port.

    Used as an async context manager. It starts with the cast of `defaults`: one guild, two
    channels, a bot, two operators and a stranger. `host` and `port` are for callers who
    need no other `settings`.
    """

    def __init__(
        self,
        *,
        host: str = defaults.HOST,
        port: int = 0,
        settings: Settings | None = None,
        token: str = defaults.BOT_TOKEN,
    ) -> None:
        self.settings = settings or Settings(host=host, port=port)
        self.world = World(self.settings)
        self.faults = Faults()
        self.gateway = Gateway(self.world)
        self.api = Api(self.world, self.faults)
        self.cdn = cdn.Cdn(self.world, self.faults)
        self.guild = furnish(self.world)
        self.bot = self.add_bot(
            defaults.BOT_NAME,
            token,
            user_id=defaults.BOT_USER_ID,
            role_id=defaults.BOT_ROLE_ID,
        )
        # The scripted operator, while there is one.
        self.operator: ScriptedOperator | None = None
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
        app.add_routes(control.routes(self))
        app.add_routes(page.routes(self))
        app.router.add_route("*", "/api/{version:v\\d+}/{tail:.*}", self.api.handle)
        app.router.add_get(cdn.PATH, self.cdn.handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.settings.host, self.settings.port)
        await site.start()
        port: int = self._runner.addresses[0][1]
        self.settings.port = port
        # Who listens everywhere cannot be reached at "everywhere".
        host = self.settings.host if self.settings.host not in _ANYWHERE else defaults.HOST
        self.world.base_url = f"http://{host}:{port}"
        self._sweeper = asyncio.create_task(self._archive_idle_threads())

    async def stop(self) -> None:
        """Cut all connections and stop listening."""
        await self.dismiss_operator()
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

    def interaction(self, interaction_id: int) -> Interaction:
        """Return an interaction by its id."""
        for interaction in self.world.interactions.values():
            if interaction.id == interaction_id:
                return interaction
        raise LookupError(f"no interaction {interaction_id}")

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
        announce.message_deleted(self.world, message, channel)

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

    async def employ_operator(
        self,
        answer: Answer | Callable[[Question], Answer],
        *,
        delay: float | Callable[[Question], float] = 0.0,
        name: str = "Maya",
    ) -> ScriptedOperator:
        """Let a person answer every question that bots ask in threads from now on.

        `answer` is a text, a `Press`, or a rule; `delay` is in seconds.
        """
        await self.dismiss_operator()
        rule = answer if callable(answer) else by_table([("", answer)])
        self.operator = ScriptedOperator(self.world, self.person(name), rule, delay)
        self.operator.start()
        return self.operator

    async def dismiss_operator(self) -> None:
        """Let the scripted operator answer no more."""
        if self.operator is not None:
            await self.operator.stop()
            self.operator = None

    # -- inner ----------------------------------------------------------------

    def _overwrite(
        self,
        channel: Channel | int,
        target_id: int,
        allow: Permission = NOTHING,
        deny: Permission = NOTHING,
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
        """Serve the gateway to those who ask for a WebSocket, and a page to people."""
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self.gateway.handle(request)
        return page.show(self, request)

    async def _archive_idle_threads(self) -> None:
        while True:
            await asyncio.sleep(IDLE_SWEEP_SECONDS)
            threads.archive_idle(self.world)

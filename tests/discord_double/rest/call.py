"""A request on its way into a handler, and the handler's reply."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from discord_double import errors
from discord_double.events import Viewer
from discord_double.forms import Form
from discord_double.jsons import as_object, is_object

if TYPE_CHECKING:
    from discord_double.model import Application, Attachment, Channel, Message, User
    from discord_double.world import World


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to be sent as JSON; without a body it is 204."""

    body: Any = None
    status: int = 200


@dataclass(frozen=True, slots=True)
class Call:
    """One request, authenticated and parsed."""

    world: World
    params: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    body: Any = None
    files: tuple[Attachment, ...] = ()
    # None on the routes that need no token.
    bot: Application | None = None
    # The Host that the client asked for.
    host: str = ""

    @property
    def application(self) -> Application:
        """The calling bot."""
        if self.bot is None:
            raise errors.unauthorized()
        return self.bot

    @property
    def user(self) -> User:
        """The calling bot's user."""
        return self.application.user

    @property
    def viewer(self) -> Viewer:
        """The calling bot, with what the portal lets it read."""
        return Viewer(self.application, self.application.message_content)

    @property
    def fields(self) -> dict[str, Any]:
        """The body as an object; an absent body counts as an empty one."""
        if self.body is not None and not is_object(self.body):
            raise errors.invalid_json()
        return as_object(self.body)

    def id(self, name: str) -> int:
        """Return an id from the path."""
        return self._snowflake(name, self.params[name])

    def query_id(self, name: str) -> int | None:
        """Return an id from the query, if it is there."""
        return self._snowflake(name, self.query[name]) if name in self.query else None

    def query_number(self, name: str, default: int, *, least: int, most: int) -> int:
        """Return a number from the query."""
        form = Form({})
        number = form.number(name, self.query.get(name), least=least, most=most)
        form.close()
        return default if number is None else number

    def query_flag(self, name: str) -> bool:
        """Return a boolean from the query; Discord takes several spellings."""
        return self.query.get(name, "").lower() in {"1", "true"}

    def channel(self) -> Channel:
        """Return the channel of the path."""
        return self.world.channel(self.id("channel_id"))

    def message(self) -> tuple[Channel, Message]:
        """Return the message of the path and its channel, which the bot must see."""
        channel = self.channel()
        self.world.require(self.user, channel)
        return channel, self.world.message(channel, self.id("message_id"))

    @staticmethod
    def _snowflake(name: str, value: str) -> int:
        form = Form({})
        number = form.snowflake(name, value)
        form.close()
        return number or 0


Handler = Callable[[Call], Reply]


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one path template."""

    method: str
    template: str
    handler: Handler
    # Interaction callbacks and followups carry their own token in the path.
    authenticated: bool = True

    @property
    def name(self) -> str:
        return f"{self.method} {self.template}"

"""What exists in the double: guilds, members, channels, threads, messages, applications.

Plain state without behaviour beyond lookup; ids are integers here and become strings only
in payloads. Changes are made by the `acts` modules, which also tell the gateway.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING, Any

from .permissions import NOTHING, Permission
from .snowflakes import created_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

JsonObject = dict[str, Any]


class ChannelType(IntEnum):
    """The kinds of channel that the double knows."""

    TEXT = 0
    DM = 1
    ANNOUNCEMENT = 5
    ANNOUNCEMENT_THREAD = 10
    PUBLIC_THREAD = 11
    PRIVATE_THREAD = 12
    FORUM = 15


class MessageType(IntEnum):
    """Ordinary messages and the system messages that Discord adds by itself."""

    DEFAULT = 0
    RECIPIENT_ADD = 1
    CHANNEL_NAME_CHANGE = 4
    PINNED = 6
    THREAD_CREATED = 18
    REPLY = 19
    COMMAND = 20
    THREAD_STARTER = 21


SYSTEM_MESSAGES = frozenset(
    {
        MessageType.RECIPIENT_ADD,
        MessageType.CHANNEL_NAME_CHANGE,
        MessageType.PINNED,
        MessageType.THREAD_CREATED,
        MessageType.THREAD_STARTER,
    }
)


class MessageFlag(IntFlag):
    """The message flags that the double sets or honours."""

    SUPPRESS_EMBEDS = 1 << 2
    HAS_THREAD = 1 << 5
    EPHEMERAL = 1 << 6
    LOADING = 1 << 7
    SUPPRESS_NOTIFICATIONS = 1 << 12
    HAS_SNAPSHOT = 1 << 14
    COMPONENTS_V2 = 1 << 15


@dataclass(slots=True)
class User:
    id: int
    username: str
    global_name: str | None = None
    bot: bool = False
    accepts_direct_messages: bool = True


@dataclass(slots=True)
class Member:
    user: User
    joined_at: datetime
    roles: list[int] = field(default_factory=list[int])
    nick: str | None = None

    @property
    def name(self) -> str:
        """The name that a reader sees."""
        return self.nick or self.user.global_name or self.user.username


@dataclass(slots=True)
class Role:
    id: int
    name: str
    permissions: Permission = NOTHING
    mentionable: bool = False
    position: int = 0
    bot_id: int | None = None


@dataclass(slots=True)
class Overwrite:
    """What a channel allows or denies to one role or member."""

    id: int
    is_member: bool
    allow: Permission = NOTHING
    deny: Permission = NOTHING


@dataclass(slots=True)
class Attachment:
    id: int
    filename: str
    # None where Discord can't tell.
    content_type: str | None
    content: bytes
    description: str | None = None
    # The name without its ending, where the filename had to leave something out.
    title: str | None = None
    # What the API says, where that is not the truth.
    claimed_size: int | None = None


@dataclass(slots=True)
class Mentions:
    """Whom a message really pings, after `allowed_mentions` and permissions had their say."""

    users: list[int] = field(default_factory=list[int])
    roles: list[int] = field(default_factory=list[int])
    everyone: bool = False


@dataclass(slots=True, eq=False)
class Message:
    id: int
    channel_id: int
    author: User
    content: str = ""
    type: MessageType = MessageType.DEFAULT
    edited_at: datetime | None = None
    nonce: str | int | None = None
    embeds: list[JsonObject] = field(default_factory=list[JsonObject])
    components: list[JsonObject] = field(default_factory=list[JsonObject])
    attachments: list[Attachment] = field(default_factory=list[Attachment])
    mentions: Mentions = field(default_factory=Mentions)
    flags: MessageFlag = field(default_factory=lambda: MessageFlag(0))
    reference: JsonObject | None = None
    # Of a forward: what it forwards, as that stood then.
    forwarded: Message | None = None
    poll: JsonObject | None = None
    # The emoji's key in a URL ("👍" or "name:id") to those who reacted with it, in order.
    reactions: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    pinned_at: datetime | None = None
    webhook_id: int | None = None
    application_id: int | None = None
    interaction: JsonObject | None = None
    # Where a message stands in its thread; None outside threads.
    position: int | None = None
    # The one user who sees an ephemeral message.
    only_for: int | None = None

    @property
    def created_at(self) -> datetime:
        return created_at(self.id)

    @property
    def is_system(self) -> bool:
        return self.type in SYSTEM_MESSAGES


class MessageLog:
    """A channel's messages in the order of their ids."""

    __slots__ = ("_by_id", "_ids")

    def __init__(self) -> None:
        self._ids: list[int] = []
        self._by_id: dict[int, Message] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[Message]:
        return (self._by_id[i] for i in self._ids)

    def get(self, message_id: int) -> Message | None:
        return self._by_id.get(message_id)

    def add(self, message: Message) -> None:
        insort(self._ids, message.id)
        self._by_id[message.id] = message

    def remove(self, message_id: int) -> None:
        del self._by_id[message_id]
        del self._ids[bisect_left(self._ids, message_id)]

    def before(self, message_id: int, limit: int) -> list[Message]:
        """Return up to `limit` messages just before an id, newest first."""
        end = bisect_left(self._ids, message_id)
        return self._slice(max(0, end - limit), end)

    def after(self, message_id: int, limit: int) -> list[Message]:
        """Return up to `limit` messages just after an id, newest first."""
        start = bisect_right(self._ids, message_id)
        return self._slice(start, start + limit)

    def latest(self, limit: int) -> list[Message]:
        """Return the last `limit` messages, newest first."""
        return self._slice(max(0, len(self._ids) - limit), len(self._ids))

    def around(self, message_id: int, limit: int) -> list[Message]:
        """Return up to `limit` messages with the id in their middle, newest first."""
        middle = bisect_left(self._ids, message_id)
        start = max(0, middle - limit // 2)
        return self._slice(start, start + limit)

    def _slice(self, start: int, end: int) -> list[Message]:
        return [self._by_id[i] for i in reversed(self._ids[start:end])]


@dataclass(slots=True, eq=False)
class Channel:
    id: int
    type: ChannelType
    name: str
    guild_id: int | None
    parent_id: int | None = None
    topic: str | None = None
    position: int = 0
    overwrites: dict[int, Overwrite] = field(default_factory=dict[int, Overwrite])
    # The two ends of a direct-message channel.
    recipients: tuple[User, ...] = ()
    messages: MessageLog = field(default_factory=MessageLog)
    last_message_id: int | None = None

    @property
    def mention(self) -> str:
        return f"<#{self.id}>"


@dataclass(slots=True)
class ThreadMember:
    user_id: int
    joined_at: datetime


@dataclass(slots=True, eq=False)
class Thread(Channel):
    """A thread; its `parent_id` is the channel it hangs in."""

    owner_id: int = 0
    archived: bool = False
    locked: bool = False
    invitable: bool = True
    auto_archive_minutes: int = 1440
    archive_changed_at: datetime = field(default_factory=lambda: created_at(0))
    active_at: datetime = field(default_factory=lambda: created_at(0))
    members: dict[int, ThreadMember] = field(default_factory=dict[int, ThreadMember])
    # Both leave out system messages and the message that the thread was started from.
    message_count: int = 0
    total_message_sent: int = 0
    slowmode_seconds: int = 0
    next_position: int = 0

    @property
    def is_private(self) -> bool:
        return self.type is ChannelType.PRIVATE_THREAD


@dataclass(slots=True, eq=False)
class Guild:
    id: int
    name: str
    owner_id: int
    roles: dict[int, Role] = field(default_factory=dict[int, Role])
    members: dict[int, Member] = field(default_factory=dict[int, Member])

    def member_named(self, name: str) -> Member | None:
        """Return the member whom readers know by this name."""
        return next((m for m in self.members.values() if m.name == name), None)


@dataclass(slots=True, eq=False)
class Application:
    """A bot: its token, its user, and what the developer portal grants to it."""

    id: int
    token: str
    user: User
    guild_ids: set[int] = field(default_factory=set[int])
    message_content: bool = True
    server_members: bool = True
    presences: bool = True
    identifies_left: int = 1000
    # Whether it was invited with the scope applications.commands.
    commands_scope: bool = True
    # Guild id (None: global) to the commands that were registered for it, by command id.
    commands: dict[int | None, dict[int, JsonObject]] = field(
        default_factory=dict[int | None, dict[int, JsonObject]]
    )
    # How many were made today, by guild.
    commands_made: Counter[int | None] = field(default_factory=Counter[int | None])

"""Threads: starting, archiving, locking and joining them.

Rules that nobody documents are taken from the strictest reading: a thread that is both
archived and locked accepts no post, not even a moderator's, until it is unarchived.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from discord_double import errors
from discord_double.forms import ARCHIVE_MINUTES, NAME_MAX, SLOWMODE_MAX, Form
from discord_double.model import (
    Channel,
    ChannelType,
    Message,
    MessageFlag,
    MessageType,
    Thread,
    ThreadMember,
)
from discord_double.permissions import Permission

from . import announce

if TYPE_CHECKING:
    from collections.abc import Mapping

    from discord_double.model import User
    from discord_double.world import World

_PARENTS = frozenset({ChannelType.TEXT, ChannelType.ANNOUNCEMENT})


@dataclass(frozen=True, slots=True)
class ThreadPlan:
    """How a new thread is to be."""

    name: str
    auto_archive_minutes: int = 1440
    slowmode_seconds: int = 0
    type: ChannelType = ChannelType.PUBLIC_THREAD
    invitable: bool = True


def read_plan(body: Mapping[str, Any], *, with_type: bool = False) -> ThreadPlan:
    """Check the body of a thread to be started.

    Raises:
        InvalidForm: one of Discord's limits is broken.
    """
    form = Form(body)
    name = form.text("name", body.get("name"), longest=NAME_MAX, shortest=1, required=True)
    minutes = body.get("auto_archive_duration")
    form.choice("auto_archive_duration", minutes, ARCHIVE_MINUTES)
    pause = form.number(
        "rate_limit_per_user", body.get("rate_limit_per_user"), least=0, most=SLOWMODE_MAX
    )
    kind = body.get("type", ChannelType.PRIVATE_THREAD) if with_type else ChannelType.PUBLIC_THREAD
    form.choice("type", kind, (10, 11, 12))
    form.close()
    return ThreadPlan(
        name=name or "",
        auto_archive_minutes=minutes or 1440,
        slowmode_seconds=pause or 0,
        type=ChannelType(kind),
        invitable=body.get("invitable", True) is not False,
    )


def start_from_message(
    world: World, who: User, parent: Channel, message: Message, plan: ThreadPlan
) -> Thread:
    """Start the one thread that a message can have; it takes the message's id."""
    if parent.type not in _PARENTS:
        raise errors.not_on_this_channel_type()
    world.require(who, parent, Permission.CREATE_PUBLIC_THREADS, Permission.READ_MESSAGE_HISTORY)
    if message.id in world.channels or MessageFlag.HAS_THREAD in message.flags:
        raise errors.thread_exists()
    if message.is_system:
        raise errors.system_message()
    kind = ChannelType.PUBLIC_THREAD
    if parent.type is ChannelType.ANNOUNCEMENT:
        kind = ChannelType.ANNOUNCEMENT_THREAD
    thread = _start(world, who, parent, message.id, plan, kind)
    message.flags |= MessageFlag.HAS_THREAD
    announce.thread_created(world, thread)
    announce.message_updated(world, message, parent)
    reference = {
        "type": 0,
        "guild_id": str(parent.guild_id),
        "channel_id": str(parent.id),
        "message_id": str(message.id),
    }
    _note(world, thread, who, MessageType.THREAD_STARTER, reference=reference)
    return thread


def start_alone(world: World, who: User, parent: Channel, plan: ThreadPlan) -> Thread:
    """Start a thread without a message, public or private."""
    if parent.type not in _PARENTS:
        raise errors.not_on_this_channel_type()
    private = plan.type is ChannelType.PRIVATE_THREAD
    needed = Permission.CREATE_PRIVATE_THREADS if private else Permission.CREATE_PUBLIC_THREADS
    world.require(who, parent, needed)
    thread = _start(world, who, parent, world.ids.next(), plan, plan.type)
    announce.thread_created(world, thread)
    if not private:
        reference = {
            "type": 0,
            "guild_id": str(thread.guild_id),
            "channel_id": str(thread.id),
        }
        _note(
            world, parent, who, MessageType.THREAD_CREATED, reference=reference, content=plan.name
        )
    return thread


def start_post(world: World, who: User, forum: Channel, plan: ThreadPlan) -> Thread:
    """Start a forum's thread; the caller then posts its first message, under the same id."""
    world.require(who, forum, Permission.SEND_MESSAGES)
    thread = _start(world, who, forum, world.ids.next(), plan, ChannelType.PUBLIC_THREAD)
    forum.last_message_id = thread.id
    announce.thread_created(world, thread)
    return thread


def edit(world: World, who: User, thread: Thread, body: Mapping[str, Any]) -> Thread:
    """Rename, archive, unarchive, lock or otherwise change a thread."""
    form = Form(body)
    name = form.text("name", body.get("name"), longest=NAME_MAX, shortest=1)
    form.choice("auto_archive_duration", body.get("auto_archive_duration"), ARCHIVE_MINUTES)
    pause = form.number(
        "rate_limit_per_user", body.get("rate_limit_per_user"), least=0, most=SLOWMODE_MAX
    )
    for key in ("archived", "locked", "invitable"):
        form.flag(key, body.get(key))
    form.close()
    _require_to_edit(world, who, thread, body)
    if thread.archived and body.get("archived") is not False:
        raise errors.thread_archived()
    if body.get("archived") is False and thread.archived:
        _require_room(world, thread.guild_id or 0)
    unarchived = thread.archived and body.get("archived") is False
    renamed = name is not None and name != thread.name
    _write(thread, body)
    if name is not None:
        thread.name = name
    if pause is not None:
        thread.slowmode_seconds = pause
    announce.thread_updated(world, thread)
    if unarchived:
        announce.thread_membership_synced(world, thread)
    if renamed:
        _note(world, thread, who, MessageType.CHANNEL_NAME_CHANGE, content=thread.name)
    return thread


def delete(world: World, who: User, thread: Thread) -> None:
    """Delete a thread with all that is in it; the message it hung on stays."""
    world.require(who, thread, Permission.MANAGE_THREADS)
    remove(world, thread)


def remove(world: World, thread: Thread) -> None:
    """Take a thread out of the world, whoever asked for it."""
    announce.thread_deleted(world, thread)
    del world.channels[thread.id]
    parent = world.channels.get(thread.parent_id or 0)
    starter = parent.messages.get(thread.id) if parent else None
    if parent is not None and starter is not None:
        starter.flags &= ~MessageFlag.HAS_THREAD
        announce.message_updated(world, starter, parent)


def archive_idle(world: World, now: datetime | None = None) -> list[Thread]:
    """Archive every thread that was quiet for its auto-archive duration, and return them."""
    now = now or datetime.now(UTC)
    idle = [
        channel
        for channel in world.channels.values()
        if isinstance(channel, Thread)
        and not channel.archived
        and now - channel.active_at >= timedelta(minutes=channel.auto_archive_minutes)
    ]
    for thread in idle:
        archive(world, thread)
    return idle


def archive(world: World, thread: Thread) -> None:
    """Archive a thread as Discord itself does after a while."""
    thread.archived = True
    thread.archive_changed_at = datetime.now(UTC)
    announce.thread_updated(world, thread)


def wake(world: World, author: User, thread: Thread) -> None:
    """Make a thread ready for a post: unarchive it, or refuse because it is locked."""
    if thread.locked and Permission.MANAGE_THREADS not in world.permissions(author, thread):
        raise errors.thread_locked()
    if not thread.archived:
        return
    if thread.locked:
        raise errors.thread_archived()
    _require_room(world, thread.guild_id or 0)
    thread.archived = False
    thread.archive_changed_at = datetime.now(UTC)
    announce.thread_updated(world, thread)
    announce.thread_membership_synced(world, thread)


def require_active(world: World, who: User, thread: Thread) -> None:
    """Refuse to change anything inside an archived thread, or a locked one without the right."""
    if thread.archived:
        raise errors.thread_archived()
    if thread.locked and Permission.MANAGE_THREADS not in world.permissions(who, thread):
        raise errors.thread_locked()


def admit_writers(world: World, thread: Thread, message: Message) -> None:
    """Add to a thread who writes in it and whom they mention."""
    guild = world.guild(thread.guild_id or 0)
    candidates = [message.author.id, *message.mentions.users]
    added = tuple(
        i for i in dict.fromkeys(candidates) if i in guild.members and i not in thread.members
    )
    _admit(world, thread, added)


def add_member(world: World, who: User, thread: Thread, whom: User) -> None:
    """Join a thread, or add another to it."""
    needed = () if who.id == whom.id else (Permission.SEND_MESSAGES_IN_THREADS,)
    world.require(who, thread, *needed)
    if thread.archived:
        raise errors.thread_archived()
    if whom.id not in world.guild(thread.guild_id or 0).members:
        raise errors.unknown_user()
    if whom.id in thread.members:
        return
    _admit(world, thread, (whom.id,))
    if who.id != whom.id:
        _note(world, thread, who, MessageType.RECIPIENT_ADD, mentioned=whom.id)


def remove_member(world: World, who: User, thread: Thread, whom: User) -> None:
    """Leave a thread, or with MANAGE_THREADS remove another from it."""
    owns = thread.is_private and thread.owner_id == who.id
    needed = () if who.id == whom.id or owns else (Permission.MANAGE_THREADS,)
    world.require(who, thread, *needed)
    if thread.archived:
        raise errors.thread_archived()
    if whom.id not in thread.members:
        raise errors.unknown_member()
    del thread.members[whom.id]
    announce.thread_members_changed(world, thread, removed=(whom.id,))


def _start(
    world: World, who: User, parent: Channel, thread_id: int, plan: ThreadPlan, kind: ChannelType
) -> Thread:
    _require_room(world, parent.guild_id or 0)
    now = datetime.now(UTC)
    thread = Thread(
        id=thread_id,
        type=kind,
        name=plan.name,
        guild_id=parent.guild_id,
        parent_id=parent.id,
        owner_id=who.id,
        invitable=plan.invitable,
        auto_archive_minutes=plan.auto_archive_minutes,
        slowmode_seconds=plan.slowmode_seconds,
        archive_changed_at=now,
        active_at=now,
        members={who.id: ThreadMember(who.id, now)},
    )
    world.channels[thread.id] = thread
    return thread


def _require_room(world: World, guild_id: int) -> None:
    if len(world.active_threads(guild_id)) >= world.settings.max_active_threads:
        raise errors.too_many_threads()


def _require_to_edit(world: World, who: User, thread: Thread, body: Mapping[str, Any]) -> None:
    granted = world.require(who, thread)
    if Permission.MANAGE_THREADS in granted:
        return
    only_unarchives = set(body) == {"archived"} and body["archived"] is False
    if only_unarchives and not thread.locked:
        world.require(who, thread, Permission.SEND_MESSAGES_IN_THREADS)
        return
    for_moderators = {"locked", "rate_limit_per_user"} & set(body)
    unlocks = thread.locked and body.get("archived") is False
    if thread.owner_id != who.id or for_moderators or unlocks:
        raise errors.missing_permissions(Permission.MANAGE_THREADS)


def _write(thread: Thread, body: Mapping[str, Any]) -> None:
    now = datetime.now(UTC)
    archived, minutes = body.get("archived"), body.get("auto_archive_duration")
    if archived is not None and archived != thread.archived:
        thread.archived = archived
        thread.archive_changed_at = thread.active_at = now
    if minutes is not None and minutes != thread.auto_archive_minutes:
        thread.auto_archive_minutes = minutes
        thread.archive_changed_at = thread.active_at = now
    if body.get("locked") is not None:
        thread.locked = body["locked"]
    if body.get("invitable") is not None:
        thread.invitable = body["invitable"]


def _admit(world: World, thread: Thread, user_ids: tuple[int, ...]) -> None:
    if not user_ids:
        return
    now = datetime.now(UTC)
    for user_id in user_ids:
        thread.members[user_id] = ThreadMember(user_id, now)
    announce.thread_members_changed(world, thread, added=user_ids)


def _note(
    world: World,
    channel: Channel,
    author: User,
    kind: MessageType,
    *,
    content: str = "",
    reference: dict[str, Any] | None = None,
    mentioned: int | None = None,
) -> None:
    """Post a system message, as Discord does when something happens in a channel."""
    note = Message(
        id=world.ids.next(),
        channel_id=channel.id,
        author=author,
        type=kind,
        content=content,
        reference=reference,
    )
    if mentioned is not None:
        note.mentions.users.append(mentioned)
    if isinstance(channel, Thread):
        note.position = channel.next_position
    channel.messages.add(note)
    channel.last_message_id = note.id
    announce.message_created(world, note, channel)

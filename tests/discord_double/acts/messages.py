"""Posting, editing and deleting messages; reacting, typing and pinning."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from discord_double import errors, mentions, polls, uploads
from discord_double.forms import CONTENT_MAX, NONCE_MAX, Form
from discord_double.jsons import as_object, objects_in
from discord_double.model import (
    Channel,
    ChannelType,
    Message,
    MessageFlag,
    MessageType,
    Thread,
)
from discord_double.permissions import Permission
from discord_double.snowflakes import iso

from . import announce, references, threads

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from discord_double.mentions import AllowedMentions
    from discord_double.model import Attachment, JsonObject, User
    from discord_double.world import World

REACTIONS_MAX = 20
_EMPTY: dict[str, Any] = {"content": "", "embeds": [], "components": [], "attachments": []}
_SETTABLE = (
    MessageFlag.SUPPRESS_EMBEDS
    | MessageFlag.EPHEMERAL
    | MessageFlag.SUPPRESS_NOTIFICATIONS
    | MessageFlag.COMPONENTS_V2
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A message's parts as a request gives them; what was left out is None."""

    content: str | None = None
    embeds: list[JsonObject] | None = None
    components: list[JsonObject] | None = None
    attachments: Sequence[Attachment] = ()
    # Ids of earlier attachments that an edit keeps.
    kept_attachments: frozenset[int] | None = None
    allowed: AllowedMentions = field(default_factory=mentions.AllowedMentions)
    flags: MessageFlag | None = None
    nonce: str | int | None = None
    enforce_nonce: bool = False
    reply_to: int | None = None
    # Whether the message may still be posted when what it replies to is gone.
    reply_or_post: bool = False
    forwards: references.Place | None = None
    poll: JsonObject | None = None


def read_draft(body: Mapping[str, Any], attachments: Sequence[Attachment] = ()) -> Draft:
    """Check the body of a message.

    Raises:
        InvalidForm: one of Discord's limits is broken.
    """
    form = Form(body)
    # A part that is null is one to be emptied; a part that is absent stays as it is.
    body = {k: _EMPTY.get(k, v) if v is None else v for k, v in body.items()}
    flags = form.number("flags", body.get("flags"), least=0, most=(1 << 31) - 1)
    version_2 = bool((flags or 0) & MessageFlag.COMPONENTS_V2)
    content = form.text("content", body.get("content"), longest=CONTENT_MAX)
    if version_2 and (content or body.get("embeds")):
        why = "The 'content' and 'embeds' fields cannot be used with MessageFlags.IS_COMPONENTS_V2"
        form.refuse("flags", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", why)
    nonce: Any = body.get("nonce")
    if not isinstance(nonce, int):
        form.text("nonce", nonce, longest=NONCE_MAX)
    reference = as_object(body.get("message_reference"))
    is_forward = reference.get("type") == references.FORWARD
    referred_to = form.snowflake("message_reference.message_id", reference.get("message_id"))
    draft = Draft(
        content=None if content is None else content.strip(),
        embeds=form.embeds(body["embeds"]) if body.get("embeds") is not None else None,
        components=form.components(body["components"], version_2=version_2)
        if body.get("components") is not None
        else None,
        attachments=attachments,
        kept_attachments=_kept(body),
        allowed=mentions.parse_allowed(form),
        flags=None if flags is None else MessageFlag(flags) & _SETTABLE,
        nonce=nonce,
        enforce_nonce=bool(body.get("enforce_nonce")),
        reply_to=None if is_forward else referred_to,
        reply_or_post=reference.get("fail_if_not_exists") is False,
        forwards=references.forwarded_place(form, reference) if is_forward else None,
        poll=polls.read(form),
    )
    form.close()
    return draft


def _kept(body: Mapping[str, Any]) -> frozenset[int] | None:
    """Return the ids of earlier attachments that an edit lists, or None if it lists none."""
    if body.get("attachments") is None:
        return None
    ids = (str(item.get("id")) for item in objects_in(body["attachments"]))
    return frozenset(int(i) for i in ids if i.isdigit())


def with_reply(draft: Draft, reply_to: int | None, allowed: AllowedMentions) -> Draft:
    """Return a draft that replies to a message and pings only as allowed."""
    return replace(draft, reply_to=reply_to, allowed=allowed)


def post(
    world: World, author: User, channel: Channel, draft: Draft, message_id: int | None = None
) -> Message:
    """Post a message, or return the one that the same nonce has already posted.

    `message_id` is given for the first message of a forum's thread, which has the thread's.
    """
    _require_to_post(world, author, channel, draft)
    if draft.enforce_nonce and (earlier := _posted_with(world, author, channel, draft.nonce)):
        return earlier
    replied_to = references.replied_to(
        world, author, channel, draft.reply_to, or_post=draft.reply_or_post
    )
    forwarded = None
    if draft.forwards is not None:
        forwarded = references.forwarded(world, author, draft.forwards)
    uploads.require_fitting(world, draft.attachments)
    parts = (draft.content, draft.embeds, draft.components, draft.attachments, draft.poll)
    if forwarded is None and not any(parts):
        raise errors.empty_message()
    if isinstance(channel, Thread):
        threads.wake(world, author, channel)
    message = Message(
        id=message_id or world.ids.next(),
        channel_id=channel.id,
        author=author,
        content=draft.content or "",
        type=MessageType.REPLY if replied_to else MessageType.DEFAULT,
        nonce=draft.nonce,
        embeds=draft.embeds or [],
        components=draft.components or [],
        attachments=list(draft.attachments),
        mentions=mentions.resolve(
            world, author, channel, draft.content or "", draft.allowed, replied_to
        ),
        flags=(draft.flags or MessageFlag(0)) & ~MessageFlag.EPHEMERAL,
        reference=references.to(channel, replied_to.id) if replied_to else None,
        poll=draft.poll and polls.opened(draft.poll),
    )
    if forwarded is not None:
        references.attach(world, message, forwarded)
    if message.components and (application := world.bot_of(author)):
        message.application_id = application.id
    if draft.nonce is not None:
        now = time.monotonic()
        world.forget_old_nonces(now)
        world.nonces[author.id, channel.id, str(draft.nonce)] = message.id, now
    put(world, channel, message)
    return message


def put(world: World, channel: Channel, message: Message) -> None:
    """Store a message that may be posted, with its place in the channel, and tell of it."""
    channel.messages.add(message)
    channel.last_message_id = message.id
    if isinstance(channel, Thread):
        message.position = channel.next_position
        if not message.is_system:
            channel.next_position += 1
            channel.message_count += 1
            channel.total_message_sent += 1
        channel.active_at = datetime.now(UTC)
        threads.admit_writers(world, channel, message)
    announce.message_created(world, message, channel)


def edit(world: World, editor: User, channel: Channel, message: Message, draft: Draft) -> Message:
    """Change the given parts of one's own message."""
    world.require(editor, channel)
    if message.author.id != editor.id:
        raise errors.not_the_author()
    if message.is_system:
        raise errors.system_message()
    if message.poll is not None:
        raise errors.poll_message()
    if draft.embeds:
        world.require(editor, channel, Permission.EMBED_LINKS)
    if isinstance(channel, Thread):
        threads.require_active(world, editor, channel)
    apply(world, channel, message, draft)
    return message


def apply(world: World, channel: Channel, message: Message, draft: Draft) -> None:
    """Write a draft's given parts into a message, and tell of it unless it is ephemeral."""
    kept = message.attachments
    if draft.kept_attachments is not None:
        kept = [a for a in kept if a.id in draft.kept_attachments]
    rest = (
        message.content if draft.content is None else draft.content,
        message.embeds if draft.embeds is None else draft.embeds,
        message.components if draft.components is None else draft.components,
        [*kept, *draft.attachments],
    )
    if not any(rest):
        raise errors.empty_message()
    uploads.require_fitting(world, [*kept, *draft.attachments])
    if draft.content is not None:
        message.content = draft.content
        message.mentions = mentions.resolve(
            world, message.author, channel, draft.content, draft.allowed
        )
    if draft.embeds is not None:
        message.embeds = draft.embeds
    if draft.components is not None:
        message.components = draft.components
        if message.components and (application := world.bot_of(message.author)):
            message.application_id = application.id
    message.attachments = [*kept, *draft.attachments]
    if draft.flags is not None:
        settable = MessageFlag.SUPPRESS_EMBEDS | MessageFlag.COMPONENTS_V2
        message.flags = (message.flags & ~MessageFlag.SUPPRESS_EMBEDS) | (draft.flags & settable)
    message.flags &= ~MessageFlag.LOADING
    message.edited_at = datetime.now(UTC)
    if message.only_for is None:
        announce.message_updated(world, message, channel)
    else:
        world.stir()


def unfold(world: World, channel: Channel, message: Message, preview: JsonObject) -> None:
    """Show the preview of an address in a message, as Discord does by itself a moment later.

    It tells of it as of an edit, but nobody edited anything: `edited_timestamp` stays as it was.
    """
    message.embeds = [*message.embeds, preview]
    announce.message_updated(world, message, channel)


def delete(world: World, who: User, channel: Channel, message: Message) -> None:
    """Delete one's own message, or with MANAGE_MESSAGES anyone's."""
    if message.author.id == who.id:
        world.require(who, channel)
    else:
        world.require(who, channel, Permission.MANAGE_MESSAGES)
    if isinstance(channel, Thread) and channel.locked and channel.archived:
        raise errors.thread_archived()
    drop(world, channel, message)
    announce.message_deleted(world, message, channel)


def delete_many(world: World, who: User, channel: Channel, ids: list[int]) -> None:
    """Delete up to a hundred messages at once."""
    world.require(who, channel, Permission.MANAGE_MESSAGES)
    found = [m for i in dict.fromkeys(ids) if (m := channel.messages.get(i))]
    for message in found:
        drop(world, channel, message)
    announce.messages_deleted(world, [m.id for m in found], channel)


def drop(world: World, channel: Channel, message: Message) -> None:
    """Take a message out of its channel without a word."""
    channel.messages.remove(message.id)
    if isinstance(channel, Thread) and not message.is_system:
        channel.message_count -= 1
    if message.nonce is not None:
        world.nonces.pop((message.author.id, channel.id, str(message.nonce)), None)


def react(world: World, who: User, channel: Channel, message: Message, key: str) -> None:
    """Add a reaction; only the first of an emoji needs ADD_REACTIONS."""
    needed = [Permission.READ_MESSAGE_HISTORY]
    if key not in message.reactions:
        needed.append(Permission.ADD_REACTIONS)
    world.require(who, channel, *needed)
    _require_emoji(key)
    _require_open_for_reactions(channel)
    if key not in message.reactions and len(message.reactions) >= REACTIONS_MAX:
        raise errors.too_many_reactions()
    users = message.reactions.setdefault(key, [])
    if who.id in users:
        return
    users.append(who.id)
    announce.reaction_changed(world, message, channel, who, key, added=True)


def unreact(
    world: World, who: User, channel: Channel, message: Message, key: str, whose: User
) -> None:
    """Take back a reaction: one's own, or with MANAGE_MESSAGES another's."""
    if who.id == whose.id:
        world.require(who, channel)
    else:
        world.require(who, channel, Permission.MANAGE_MESSAGES)
    _require_emoji(key)
    _require_open_for_reactions(channel)
    users = message.reactions.get(key, [])
    if whose.id not in users:
        raise errors.unknown_emoji()
    users.remove(whose.id)
    if not users:
        del message.reactions[key]
    announce.reaction_changed(world, message, channel, whose, key, added=False)


def clear_reactions(
    world: World, who: User, channel: Channel, message: Message, key: str | None = None
) -> None:
    """Take off all reactions, or all with one emoji."""
    world.require(who, channel, Permission.MANAGE_MESSAGES)
    if key is None:
        message.reactions.clear()
    else:
        message.reactions.pop(key, None)
    announce.reactions_cleared(world, message, channel, key)


def start_typing(world: World, who: User, channel: Channel) -> None:
    """Show for ten seconds that someone is writing."""
    world.require(who, channel, speech_permission(channel))
    announce.typing_started(world, who, channel)


def pin(world: World, who: User, channel: Channel, message: Message, *, pinned: bool) -> None:
    """Pin a message to its channel, or unpin it."""
    world.require(who, channel, Permission.PIN_MESSAGES)
    message.pinned_at = datetime.now(UTC) if pinned else None
    pins = [m.pinned_at for m in channel.messages if m.pinned_at]
    announce.pins_changed(world, channel, iso(max(pins)) if pins else None)
    announce.message_updated(world, message, channel)
    if pinned:
        reference = references.to(channel, message.id)
        note = Message(
            world.ids.next(), channel.id, who, type=MessageType.PINNED, reference=reference
        )
        put(world, channel, note)


def speech_permission(channel: Channel) -> Permission:
    """Return the permission that lets one speak in a channel; threads have their own."""
    if isinstance(channel, Thread):
        return Permission.SEND_MESSAGES_IN_THREADS
    return Permission.SEND_MESSAGES


def _require_to_post(world: World, author: User, channel: Channel, draft: Draft) -> None:
    if channel.type is ChannelType.FORUM:
        raise errors.forum_needs_a_thread()
    needed = [speech_permission(channel)]
    if draft.embeds:
        needed.append(Permission.EMBED_LINKS)
    if draft.attachments:
        needed.append(Permission.ATTACH_FILES)
    if draft.poll:
        needed.append(Permission.SEND_POLLS)
    world.require(author, channel, *needed)
    others = [u for u in channel.recipients if u.id != author.id]
    if channel.type is ChannelType.DM and not all(u.accepts_direct_messages for u in others):
        raise errors.cannot_message_user()


def _posted_with(
    world: World, author: User, channel: Channel, nonce: str | int | None
) -> Message | None:
    """Return the message that this nonce posted within the window."""
    if nonce is None:
        return None
    entry = world.nonces.get((author.id, channel.id, str(nonce)))
    if entry is None or time.monotonic() - entry[1] > world.settings.nonce_window:
        return None
    return channel.messages.get(entry[0])


def _require_emoji(key: str) -> None:
    """Refuse what cannot be an emoji: plain words and control characters."""
    name, _, emoji_id = key.rpartition(":")
    if name and emoji_id.isdigit():
        return
    if not key or key.isascii():
        raise errors.unknown_emoji()


def _require_open_for_reactions(channel: Channel) -> None:
    if isinstance(channel, Thread) and channel.archived:
        raise errors.thread_archived()

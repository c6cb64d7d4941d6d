"""Messages with all that hangs on them, as far as the viewer may read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord_double import cdn
from discord_double.model import ChannelType, MessageFlag, MessageType, Thread
from discord_double.snowflakes import iso

from .things import partial_member, thread, user

if TYPE_CHECKING:
    from discord_double.events import Viewer
    from discord_double.model import Attachment, Channel, JsonObject, Message
    from discord_double.world import World


def emoji(key: str) -> JsonObject:
    """Show an emoji by its key in URLs: the character itself, or "name:id"."""
    name, _, emoji_id = key.rpartition(":")
    if name and emoji_id.isdigit():
        return {"id": emoji_id, "name": name, "animated": False}
    return {"id": None, "name": key}


def attachment(world: World, what: Attachment, channel_id: int) -> JsonObject:
    url = cdn.link(world, what, channel_id)
    shown: JsonObject = {
        "id": str(what.id),
        "filename": what.filename,
        "size": len(what.content) if what.claimed_size is None else what.claimed_size,
        "url": url,
        "proxy_url": url,
    }
    optional = {
        "content_type": what.content_type,
        "description": what.description,
        "title": what.title,
    }
    return shown | {name: value for name, value in optional.items() if value is not None}


def reads_content(what: Message, channel_: Channel | None, viewer: Viewer) -> bool:
    """Tell whether a bot may read what a message says.

    Without the privileged intent: only its own messages, direct ones, and those that
    mention it.
    """
    own_id = viewer.application.user.id
    return (
        viewer.reads_content
        or what.author.id == own_id
        or what.application_id == viewer.application.id
        or own_id in what.mentions.users
        or (channel_ is not None and channel_.type is ChannelType.DM)
    )


def message(world: World, what: Message, viewer: Viewer, *, nested: bool = False) -> JsonObject:
    """Show a message as REST does. A nested one does not show what it refers to in turn."""
    channel_ = world.channels.get(what.channel_id)
    readable = reads_content(what, channel_, viewer)
    shown: JsonObject = {
        "id": str(what.id),
        "channel_id": str(what.channel_id),
        "type": int(what.type),
        "author": user(what.author),
        "content": what.content if readable else "",
        "timestamp": iso(what.created_at),
        "edited_timestamp": None if what.edited_at is None else iso(what.edited_at),
        "tts": False,
        "mention_everyone": what.mentions.everyone,
        "mentions": [user(world.users[i]) for i in what.mentions.users],
        "mention_roles": [str(i) for i in what.mentions.roles],
        "embeds": what.embeds if readable else [],
        "components": what.components if readable else [],
        "attachments": [attachment(world, a, what.channel_id) for a in what.attachments]
        if readable
        else [],
        "pinned": what.pinned_at is not None,
        "flags": int(what.flags),
    }
    if what.reactions:
        shown["reactions"] = [
            _reaction(key, users, viewer.application.user.id)
            for key, users in what.reactions.items()
        ]
    if what.webhook_id is not None:
        shown["webhook_id"] = str(what.webhook_id)
    if what.application_id is not None:
        shown["application_id"] = str(what.application_id)
    if what.interaction is not None:
        shown["interaction_metadata"] = what.interaction
    if what.position is not None:
        shown["position"] = what.position
    if what.poll is not None and readable:
        shown["poll"] = what.poll
    shown |= _related(world, what, viewer, nested=nested)
    if MessageFlag.HAS_THREAD in what.flags:
        started = world.channels.get(what.id)
        if isinstance(started, Thread):
            shown["thread"] = thread(started, viewer)
    return shown


def gateway_message(world: World, what: Message, viewer: Viewer) -> JsonObject:
    """Show a message as the gateway does: with its guild and its author's membership."""
    shown = message(world, what, viewer)
    channel_ = world.channels.get(what.channel_id)
    if channel_ is None:
        return shown
    shown["channel_type"] = int(channel_.type)
    home = world.guild_of(channel_)
    if home is None or what.only_for is not None:
        return shown
    shown["guild_id"] = str(home.id)
    if what.webhook_id is None and (author := home.members.get(what.author.id)):
        shown["member"] = partial_member(author)
    for mentioned in shown["mentions"]:
        if present := home.members.get(int(mentioned["id"])):
            mentioned["member"] = partial_member(present)
    return shown


def _reaction(key: str, users: list[int], own_id: int) -> JsonObject:
    return {
        "emoji": emoji(key),
        "count": len(users),
        "count_details": {"burst": 0, "normal": len(users)},
        "burst_colors": [],
        "me": own_id in users,
        "me_burst": False,
    }


def _related(world: World, what: Message, viewer: Viewer, *, nested: bool) -> JsonObject:
    """Show what a message replies to, or forwards."""
    shown: JsonObject = {}
    if what.forwarded is not None:
        shown["message_snapshots"] = [_snapshot(world, what, what.forwarded, viewer)]
    if what.reference is not None:
        shown["message_reference"] = what.reference
        if not nested and what.type in {MessageType.REPLY, MessageType.THREAD_STARTER}:
            shown["referenced_message"] = _referenced(world, what.reference, viewer)
    return shown


_SNAPSHOT = (
    "type",
    "content",
    "embeds",
    "attachments",
    "components",
    "timestamp",
    "edited_timestamp",
    "flags",
    "mentions",
    "mention_roles",
)
_CONTENTS: JsonObject = {"content": "", "embeds": [], "attachments": [], "components": []}


def _snapshot(world: World, what: Message, forwarded: Message, viewer: Viewer) -> JsonObject:
    """Show what a message forwards, without its author; as readable as the forward is (assumed)."""
    shown = message(world, forwarded, viewer, nested=True)
    readable = reads_content(what, world.channels.get(what.channel_id), viewer)
    hidden = {} if readable else _CONTENTS
    return {"message": {name: shown[name] for name in _SNAPSHOT} | hidden}


def _referenced(world: World, reference: JsonObject, viewer: Viewer) -> JsonObject | None:
    home = world.channels.get(int(reference["channel_id"]))
    target = home.messages.get(int(reference.get("message_id", 0))) if home else None
    return None if target is None else message(world, target, viewer, nested=True)

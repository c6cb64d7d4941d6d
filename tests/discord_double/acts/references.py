"""What one message says of another: a reply to it, or a forward of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from discord_double import errors
from discord_double.model import MessageFlag
from discord_double.permissions import Permission

if TYPE_CHECKING:
    from collections.abc import Mapping

    from discord_double.forms import Form
    from discord_double.model import Channel, JsonObject, Message, User
    from discord_double.world import World

REPLY: Final = 0
FORWARD: Final = 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands."""

    channel_id: int
    message_id: int


def forwarded_place(form: Form, reference: Mapping[str, Any]) -> Place | None:
    """Read what a body forwards. Other than in a reply, its channel must be named."""
    ids: list[int] = []
    for name in ("channel_id", "message_id"):
        path = f"message_reference.{name}"
        found = form.snowflake(path, reference.get(name))
        if found is None:
            form.refuse(path, "BASE_TYPE_REQUIRED", "This field is required")
        else:
            ids.append(found)
    return Place(*ids) if len(ids) == 2 else None


def replied_to(
    world: World, author: User, channel: Channel, message_id: int | None, *, or_post: bool
) -> Message | None:
    """Find what a message replies to, or refuse; `or_post`: none will do, if it is gone."""
    if message_id is None:
        return None
    if Permission.READ_MESSAGE_HISTORY not in world.permissions(author, channel):
        raise errors.no_reply_without_history()
    message = channel.messages.get(message_id)
    path = "message_reference"
    if message is None:
        if or_post:
            return None
        raise errors.InvalidForm([(path, "REPLIES_UNKNOWN_MESSAGE", "Unknown message")])
    if message.is_system:
        why = "Cannot reply to a system message"
        raise errors.InvalidForm([(path, "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE", why)])
    return message


def forwarded(world: World, author: User, place: Place) -> Message:
    """Find what a message forwards, or refuse: it must be readable, and no poll or system message.

    Discord names these limits without the codes of the refusals; those are assumed.
    """
    channel = world.channel(place.channel_id)
    world.require(author, channel, Permission.READ_MESSAGE_HISTORY)
    message = world.message(channel, place.message_id)
    if message.is_system or message.poll is not None:
        raise errors.system_message()
    return message


def attach(world: World, message: Message, source: Message) -> None:
    """Make a message the forward of another, as that stands now. Snapshots do not nest."""
    message.reference = to(world.channel(source.channel_id), source.id, FORWARD)
    shown = source.forwarded or source
    message.forwarded = replace(
        shown,
        embeds=list(shown.embeds),
        components=list(shown.components),
        attachments=list(shown.attachments),
    )
    message.flags |= MessageFlag.HAS_SNAPSHOT


def to(channel: Channel, message_id: int, kind: int = REPLY) -> JsonObject:
    """Refer to a message."""
    reference: JsonObject = {
        "type": kind,
        "channel_id": str(channel.id),
        "message_id": str(message_id),
    }
    if channel.guild_id is not None:
        reference["guild_id"] = str(channel.guild_id)
    return reference

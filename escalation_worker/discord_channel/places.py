"""Where things are in Discord, and what has been said there already."""

from __future__ import annotations

from datetime import datetime
from typing import Final, TypeGuard, cast

import discord

from shared.errors import ChannelRejectedError
from shared.escalation import Posting

REQUIRED: Final = (
    "view_channel",
    "send_messages",
    "embed_links",
    "create_public_threads",
    "send_messages_in_threads",
    "read_message_history",
    "add_reactions",
    "manage_threads",
)
"""The permissions that the bot needs in the channel, by discord.py's names."""
NOBODY: Final = discord.AllowedMentions.none()
GONE: Final = (discord.NotFound, discord.Forbidden)
"""What Discord answers about what is no longer there, or no longer there for us."""


def missing_permissions(place: discord.TextChannel) -> list[str]:
    """Name what the bot needs in the channel and was not given, as far as is known."""
    # discord.py gives no member where Discord sent none, whatever its annotation says.
    me = cast("discord.Member | None", place.guild.me)
    if me is None:
        return []
    granted = place.permissions_for(me)
    return [name.replace("_", " ") for name in REQUIRED if not getattr(granted, name)]


def is_in_sight(place: object) -> TypeGuard[discord.TextChannel]:
    """Whether what is written in this text channel reaches us, as far as is known."""
    if not isinstance(place, discord.TextChannel) or place.guild.unavailable:
        return False
    return "view channel" not in missing_permissions(place)


def can_be_read(place: object) -> TypeGuard[discord.TextChannel]:
    """Whether what was written in this text channel can be read, as far as is known."""
    return is_in_sight(place) and "read message history" not in missing_permissions(place)


async def text_channel(client: discord.Client, channel_id: int) -> discord.TextChannel:
    """Find a text channel, in discord.py's memory or at Discord.

    Raises:
        ChannelRejectedError: It is something else.
    """
    found = client.get_channel(channel_id) or await client.fetch_channel(channel_id)
    if not isinstance(found, discord.TextChannel):
        raise ChannelRejectedError(f"the Discord channel {channel_id} is not a text channel")
    return found


async def is_there(client: discord.Client, channel_id: int) -> bool:
    """Whether there is such a channel or thread, and we may see it."""
    try:
        await client.fetch_channel(channel_id)
    except GONE:
        return False
    return True


def starter_of(client: discord.Client, posting: Posting) -> discord.PartialMessage:
    """Address a question's message where it was posted, whatever is configured by now."""
    place = client.get_partial_messageable(int(posting.place))
    return place.get_partial_message(int(posting.reference))


async def find_marked(
    client: discord.Client, place: discord.TextChannel, marker: str, since: datetime
) -> discord.Message | None:
    """Look for our message with this marker in its footer, among those written since then."""
    async for message in place.history(limit=None, after=since, oldest_first=True):
        marked = any(embed.footer.text == marker for embed in message.embeds)
        if marked and _is_ours(client, message):
            return message
    return None


async def say(
    where: discord.PartialMessageable,
    text: str,
    *,
    nonce: str,
    allowed_mentions: discord.AllowedMentions,
    beside: discord.PartialMessage | None = None,
) -> None:
    """Write there, or where there is no thread, in reply to the message that stands for it."""
    if beside is None:
        await where.send(text, nonce=nonce, allowed_mentions=allowed_mentions)
        return
    reference = beside.to_reference(fail_if_not_exists=False)
    await where.send(text, nonce=nonce, allowed_mentions=allowed_mentions, reference=reference)


async def words_said(
    client: discord.Client,
    where: discord.PartialMessageable,
    *,
    since: datetime,
    beside: int | None = None,
) -> set[str]:
    """Read what we said there since then; `beside`: as replies to the message with this id.

    A nonce is remembered by Discord for minutes only. Read from a moment on and to the end,
    because people may have written any number of messages meanwhile.
    """
    said: set[str] = set()
    async for message in where.history(limit=None, after=since, oldest_first=True):
        replied_to = message.reference.message_id if message.reference else None
        if replied_to == beside and _is_ours(client, message):
            said.add(message.content)
    return said


def _is_ours(client: discord.Client, message: discord.Message) -> bool:
    return client.user is not None and message.author.id == client.user.id

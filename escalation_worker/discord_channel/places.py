"""Where things are in Discord, and what has been said there already."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import discord

from shared.errors import ChannelRejectedError
from shared.escalation import Posting

SEARCH_LIMIT: Final = 1_000
"""Messages looked through for a marker."""
SAID_LIMIT: Final = 30
"""Messages looked through for what we may have said: a nonce is remembered for minutes only."""


async def text_channel(client: discord.Client, channel_id: int) -> discord.TextChannel:
    """Find a text channel, in discord.py's memory or at Discord.

    Raises:
        ChannelRejectedError: It is something else.
    """
    found = client.get_channel(channel_id) or await client.fetch_channel(channel_id)
    if not isinstance(found, discord.TextChannel):
        raise ChannelRejectedError(f"the Discord channel {channel_id} is not a text channel")
    return found


def starter_of(client: discord.Client, posting: Posting) -> discord.PartialMessage:
    """Address a question's message where it was posted, whatever is configured by now."""
    place = client.get_partial_messageable(int(posting.place))
    return place.get_partial_message(int(posting.reference))


async def find_marked(
    client: discord.Client, place: discord.TextChannel, marker: str, since: datetime
) -> discord.Message | None:
    """Look for our message with this marker in its footer, among those written since then."""
    async for message in place.history(limit=SEARCH_LIMIT, after=since, oldest_first=True):
        marked = any(embed.footer.text == marker for embed in message.embeds)
        if marked and _is_ours(client, message):
            return message
    return None


async def was_said(
    client: discord.Client,
    where: discord.PartialMessageable,
    words: str,
    *,
    beside: int | None = None,
) -> bool:
    """Whether we said this there lately; `beside`: as a reply to the message with this id."""
    async for message in where.history(limit=SAID_LIMIT):
        replied_to = message.reference.message_id if message.reference else None
        if message.content == words and replied_to == beside and _is_ours(client, message):
            return True
    return False


def _is_ours(client: discord.Client, message: discord.Message) -> bool:
    return client.user is not None and message.author.id == client.user.id

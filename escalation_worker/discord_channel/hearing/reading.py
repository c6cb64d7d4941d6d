"""What one person has written where a question is shown, read as it stands now."""

from __future__ import annotations

from collections.abc import AsyncIterator

import discord

from escalation_worker.discord_channel import problems
from escalation_worker.discord_channel.hearing.files import offered_in
from escalation_worker.discord_channel.hearing.kinds import replied_to, why_not_sent
from escalation_worker.discord_channel.hearing.listener import is_a_persons, without_leading_mention
from escalation_worker.sending import Written


async def written_by_whoever_clicked(interaction: discord.Interaction) -> list[Written]:
    """Read what they have written under the question whose message they clicked, up to the click.

    In its thread, and beside it in reply to its message.

    Raises:
        discord.HTTPException: Discord refuses, or fails.
    """
    starter = interaction.message
    if starter is None:
        return []
    found: dict[int, discord.Message] = {}
    async for message in _in_its_thread(interaction, starter):
        found[message.id] = message
    async for message in _since(interaction, starter, starter.channel.id):
        if replied_to(message) == starter.id:
            found[message.id] = message
    theirs = [
        each
        for _, each in sorted(found.items())
        if each.author.id == interaction.user.id and is_a_persons(each)
    ]
    me = interaction.client.user
    return [
        Written(
            str(each.id),
            without_leading_mention(each.content, me),
            offered_in(each),
            why_not_sent(each),
        )
        for each in theirs
    ]


async def _in_its_thread(
    interaction: discord.Interaction, starter: discord.Message
) -> AsyncIterator[discord.Message]:
    try:
        async for message in _since(interaction, starter, starter.id):
            yield message
    except discord.NotFound as error:
        if error.code != problems.UNKNOWN_CHANNEL:
            raise  # otherwise it has no thread, or somebody deleted it


def _since(
    interaction: discord.Interaction, starter: discord.Message, channel_id: int
) -> AsyncIterator[discord.Message]:
    """Read a thread or channel from the question's message to the click."""
    where = interaction.client.get_partial_messageable(channel_id)
    click = discord.Object(interaction.id)
    return where.history(limit=None, after=starter, before=click, oldest_first=True)

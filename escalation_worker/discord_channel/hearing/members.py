"""Who wrote a message that was read from a history."""

from __future__ import annotations

import discord


async def give_roles(
    message: discord.Message, known: dict[int, discord.Member | discord.User]
) -> None:
    """Look up what roles the author has: Discord sends them with an event, not with a history.

    Without this a person who may answer by a role would be refused.
    """
    author = message.author
    if author.bot or message.webhook_id is not None or message.guild is None:
        return
    if author.id not in known:
        try:
            known[author.id] = await message.guild.fetch_member(author.id)
        except discord.NotFound:
            known[author.id] = author  # gone from the server, and their roles with them
    message.author = known[author.id]

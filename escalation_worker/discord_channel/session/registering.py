"""Tells Discord of the slash commands, on each server on which a question may be posted.

A server's own commands are there at once. Discord allows 200 new ones a day on each server, so that
what is registered is read first, and written only where it differs.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, cast

import discord

from escalation_worker.discord_channel import problems
from escalation_worker.discord_channel.hearing.command_definitions import COMMANDS, is_registered
from escalation_worker.discord_channel.session.sight import Places
from escalation_worker.supervisor import NeedsMendingError
from shared.telemetry import get_logger

log = get_logger(__name__)

LOOK_SECONDS: Final = 0.5
"""How often it looks, in discord.py's memory, whether there is a further server: at READY, when the
bot is invited to one, and when a changed file of routes names a channel there."""


async def keep_registered(client: discord.Client, places: Places) -> None:
    """Register the commands wherever they are not yet; never returns.

    Raises:
        NeedsMendingError: On a server the bot may have none. The others have them.
        ChannelError: Discord does not answer now, or refuses them for another reason.
    """
    seen: set[int] = set()
    while True:
        refused: list[int] = []
        for guild_id in {place.guild.id for place in places.known(client)} - seen:
            with problems.translated_errors():
                try:
                    await _register(client, guild_id)
                except discord.Forbidden:
                    refused.append(guild_id)
                else:
                    seen.add(guild_id)
        if refused:
            raise NeedsMendingError(
                f"the server {refused[0]} refuses the slash commands: invite the bot once more, "
                "with the scope applications.commands (docs/discord-bot.md)"
            )
        await asyncio.sleep(LOOK_SECONDS)


async def _register(client: discord.Client, guild_id: int) -> None:
    """Compare and, where they differ, put ours in the place of what is there."""
    application_id = client.application_id
    if application_id is None:
        raise AssertionError("a client that is not logged in knows no servers")
    found = cast(
        "list[dict[str, Any]]", await client.http.get_guild_commands(application_id, guild_id)
    )
    if is_registered(found, COMMANDS):
        return
    await client.http.bulk_upsert_guild_commands(
        application_id, guild_id, [each.payload() for each in COMMANDS]
    )
    log.info("commands_registered", guild_id=guild_id, commands=len(COMMANDS))

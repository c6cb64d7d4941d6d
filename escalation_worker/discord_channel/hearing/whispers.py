"""What only the person sees who clicked, chose, filled something in, or used a command."""

from __future__ import annotations

from typing import Final

import aiohttp
import discord

from shared.telemetry import get_logger

log = get_logger(__name__)

ACKNOWLEDGED: Final = 40060
"""Another worker that listens was faster."""
NOT_TOLD: Final = (discord.HTTPException, aiohttp.ClientError, OSError)
"""How it shows that an answer did not arrive. What was done counts all the same."""
NOBODY: Final = discord.AllowedMentions.none()


def is_our_whisper(interaction: discord.Interaction) -> bool:
    """Whether what was clicked stands under a message of ours that only this person sees."""
    message, me = interaction.message, interaction.client.user
    if message is None or me is None:
        return False
    return message.flags.ephemeral and message.author.id == me.id


async def whisper(
    interaction: discord.Interaction, words: str, view: discord.ui.View | None = None
) -> None:
    """Tell whoever clicked, and nobody else; in place of what was told before, if they saw it."""
    try:
        if is_our_whisper(interaction):
            await interaction.response.edit_message(
                content=words, view=view, allowed_mentions=NOBODY
            )
            return
        shown = view or discord.utils.MISSING
        if interaction.response.is_done():  # with the word that the answer is to come
            await interaction.followup.send(
                words, ephemeral=True, view=shown, allowed_mentions=NOBODY
            )
            return
        await interaction.response.send_message(
            words, ephemeral=True, view=shown, allowed_mentions=NOBODY
        )
    except NOT_TOLD as error:
        not_told(error)


async def open_modal(interaction: discord.Interaction, modal: discord.ui.Modal) -> None:
    """Open a form in answer to a click."""
    try:
        await interaction.response.send_modal(modal)
    except NOT_TOLD as error:
        not_told(error)


def not_told(error: Exception) -> None:
    """Say in the log that an answer did not arrive."""
    if isinstance(error, discord.HTTPException) and error.code == ACKNOWLEDGED:
        return
    log.warning("interaction_not_answered", reason=type(error).__name__)

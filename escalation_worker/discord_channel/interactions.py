"""What somebody did with the bot's controls or commands: who they are, and how they are answered.

What is said in answer is seen by that one person. Discord waits three seconds for it; a call to the
store takes less than two. What was not taken in is not tried again by itself: whoever did it sees
that, and does it again.
"""

from __future__ import annotations

from typing import Final, Protocol

import aiohttp
import discord

from shared.escalation import ChannelKind
from shared.ports import Hold, InboundReply
from shared.telemetry import get_logger

log = get_logger(__name__)

ACKNOWLEDGED: Final = 40060
"""Another worker that listens was faster."""
REFUSED: Final = (discord.HTTPException, aiohttp.ClientError, OSError)
"""How an answer fails. What was done counts all the same."""
TRY_AGAIN: Final = "Nothing was passed on, please try again in a moment."

_OF_COMMANDS: Final = frozenset(
    {discord.InteractionType.application_command, discord.InteractionType.autocomplete}
)


class Hears(Protocol):
    """Takes in interactions of one kind."""

    async def heard(self, interaction: discord.Interaction, hold: Hold) -> None:
        """Take in one that was heard under this hold."""
        ...


class Interactions:
    """Hands each interaction to those whose it is."""

    def __init__(self, clicks: Hears, commands: Hears) -> None:
        self._clicks = clicks
        self._commands = commands

    async def heard(self, interaction: discord.Interaction, hold: Hold) -> None:
        """See `Hears.heard`."""
        whose = self._commands if interaction.type in _OF_COMMANDS else self._clicks
        await whose.heard(interaction, hold)


def roles_of(interaction: discord.Interaction) -> frozenset[str]:
    """List the roles of whoever did it."""
    user = interaction.user
    return frozenset(
        str(role.id) for role in (user.roles if isinstance(user, discord.Member) else [])
    )


def reply_of(
    interaction: discord.Interaction, escalation_id: str, text: str, hold: Hold, *, by: str
) -> InboundReply:
    """Make an act of it; `by` says by what kind of thing it came."""
    return InboundReply(
        escalation_id=escalation_id,
        text=text,
        person_id=str(interaction.user.id),
        person_name=interaction.user.display_name,
        person_roles=roles_of(interaction),
        channel=ChannelKind.DISCORD,
        source=f"{by}-{interaction.id}",
        at=interaction.created_at,
        hold=hold,
    )


async def say(interaction: discord.Interaction, words: str) -> None:
    """Tell whoever did it, and nobody else."""
    nobody = discord.AllowedMentions.none()
    try:
        if interaction.response.is_done():  # with the word that the answer is to come
            await interaction.followup.send(words, ephemeral=True, allowed_mentions=nobody)
        else:
            await interaction.response.send_message(words, ephemeral=True, allowed_mentions=nobody)
    except REFUSED as error:
        not_told(error)


def not_told(error: Exception) -> None:
    """Say in the log that an answer did not arrive: what was done counts all the same."""
    if isinstance(error, discord.HTTPException) and error.code == ACKNOWLEDGED:
        return
    log.warning("interaction_not_answered", reason=type(error).__name__)

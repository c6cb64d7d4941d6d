"""What somebody did with the bot's controls or commands: who they are, and how they are answered.

What is said in answer is seen by that one person. Discord waits three seconds for it; a call to the
store takes less than two. What was not taken in is not tried again by itself: whoever did it sees
that, and does it again.
"""

from __future__ import annotations

from typing import Final, Protocol

import discord

from shared.escalation import ChannelKind
from shared.ports.hold import Hold
from shared.ports.replies import InboundReply

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

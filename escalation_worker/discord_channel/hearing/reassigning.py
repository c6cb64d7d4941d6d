"""Giving a question to somebody else: whom to choose, and who was chosen."""

from __future__ import annotations

from typing import Any, Final, cast

import discord

from escalation_worker.discord_channel.showing.controls import Act, ControlId
from escalation_worker.operators import Chosen
from shared.escalation import Person

WHOM: Final = "Who shall take this question?"


def person_menu(escalation_id: str) -> discord.ui.View:
    """Make the menu from which a person is chosen; Discord lists everybody in it."""
    view = discord.ui.View(timeout=None)
    view.add_item(
        discord.ui.UserSelect(
            custom_id=str(ControlId(Act.ASSIGN, escalation_id)), placeholder="Choose a person"
        )
    )
    # As with all controls, its use is heard by its id alone.
    view.stop()
    return view


def chosen_in(interaction: discord.Interaction, user_id: str) -> Chosen | None:
    """Read who was chosen, by what Discord says of the ids in an interaction.

    None for a bot, and for an id of which Discord says nothing.
    """
    data = cast("dict[str, Any]", interaction.data or {})
    resolved: dict[str, dict[str, dict[str, Any]]] = data.get("resolved") or {}
    user = resolved.get("users", {}).get(user_id)
    if user is None or user.get("bot"):
        return None
    # Who is not on this server is no member, and has no roles here.
    member = resolved.get("members", {}).get(user_id) or {}
    roles = {str(role) for role in member.get("roles", ())}
    if member:
        roles.add(str(interaction.guild_id))  # the role that every member has
    name = member.get("nick") or user.get("global_name") or user.get("username")
    return Chosen(Person(id=user_id, name=str(name or user_id)), frozenset(roles))

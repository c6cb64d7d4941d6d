"""Giving a question to somebody else: whom to choose, who was chosen, and how they are told."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Final, cast

import discord

from escalation_worker.discord_channel.controls import Act, ControlId
from escalation_worker.discord_channel.endings import NAME_ROOM
from escalation_worker.discord_channel.marks import assignment_nonce
from escalation_worker.discord_channel.relaying import Relayed
from escalation_worker.discord_channel.texts import brief
from escalation_worker.operators import Chosen
from shared.escalation import Escalation, Person

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


def told_to_assignee(escalation: Escalation) -> Iterator[Relayed]:
    """Write to whoever was given a question, while it is theirs.

    Numbered, so that a person who is given it twice is told twice.
    """
    claim = escalation.claim
    if claim is None or claim.assigned_by is None or not escalation.state.is_open:
        return
    called = int(claim.by.id) if claim.by.id.isdigit() else None
    who = brief(claim.by.name, NAME_ROOM) if called is None else f"<@{called}>"
    asked_by = brief(claim.assigned_by.name, NAME_ROOM) or "somebody"
    until = discord.utils.format_dt(escalation.deadline, "R")
    words = (
        f"📌 Reassigned ({escalation.assignments}): {who} {asked_by} asks you to take this "
        f"question. It waits for an answer until {until}."
    )
    digest = sha256(words.encode()).hexdigest()
    yield Relayed(words, assignment_nonce(escalation, digest), called)

"""How people are called to a question: by mentions, of exactly those who are meant."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

import discord

from escalation_worker.discord_channel.showing.marks import call_nonce
from escalation_worker.escalating import Call
from shared.escalation import Escalation, Person
from shared.routes.fields import Role

MENTIONS_ROOM: Final = 1_500
"""Of the 2,000 characters of a message: some 65 mentions."""


def mentions(users: Iterable[Person], roles: Iterable[Role]) -> str:
    """Write whom to call. Who is no user of Discord's can't be called there."""
    words = ""
    for each in (
        *(f"<@{user.id}>" for user in users if user.id.isdigit()),
        *(f"<@&{role.id}>" for role in roles if role.id.isdigit()),
    ):
        if len(words) + len(each) < MENTIONS_ROOM:
            words += f" {each}"
    return words.strip()


def allowed(users: Iterable[Person], roles: Iterable[Role]) -> discord.AllowedMentions:
    """Let exactly these be called, whatever a question says."""
    return discord.AllowedMentions(
        everyone=False,
        replied_user=False,
        users=[discord.Object(int(user.id)) for user in users if user.id.isdigit()],
        roles=[discord.Object(int(role.id)) for role in roles if role.id.isdigit()],
    )


def words_of(escalation: Escalation, call: Call, *, elsewhere: bool) -> str:
    """Write a call. Numbered, so that the same people called twice are two calls."""
    until = discord.utils.format_dt(escalation.deadline, "R")
    what = "⏰ Reminder" if call.is_reminder else "🔔 Call"
    url = escalation.posting.url if escalation.posting is not None else None
    where = f" The question: {url}" if elsewhere and url else ""
    who = mentions(call.users, call.roles)
    return f"{what} ({call.number}): {who} this question waits for an answer until {until}.{where}"


def nonce_of(escalation: Escalation, words: str) -> str:
    """Derive a nonce from the words: the same call repeated has the same, any other one another."""
    return call_nonce(escalation, sha256(words.encode()).hexdigest())

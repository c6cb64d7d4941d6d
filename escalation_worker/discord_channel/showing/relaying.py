"""What people are told about an open question, by its agent and of each other, in its thread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

import discord

from escalation_worker.discord_channel.showing.endings import NAME_ROOM
from escalation_worker.discord_channel.showing.marks import assignment_nonce, reply_nonce
from escalation_worker.discord_channel.showing.rendering import MESSAGE_ROOM
from escalation_worker.discord_channel.showing.texts import brief, plain, split_at
from shared.escalation import Author, Escalation, Person


@dataclass(frozen=True, slots=True)
class Relayed:
    """One message, and whom it calls: the one person whom it concerns, and nobody else."""

    text: str
    nonce: str
    called: int | None

    @property
    def allowed_mentions(self) -> discord.AllowedMentions:
        """Let exactly this person be called."""
        users = [] if self.called is None else [discord.Object(self.called)]
        return discord.AllowedMentions(everyone=False, roles=False, replied_user=False, users=users)


def relayed(escalation: Escalation) -> Iterator[Relayed]:
    """Write what the agent told people. Numbered, so that the same words told twice are two."""
    asker: Person | None = None
    number = 0
    for remark in escalation.remarks:
        if remark.author is Author.OPERATOR:
            asker = remark.by
            continue
        number += 1
        called = int(asker.id) if asker is not None and asker.id.isdigit() else None
        text, rest = split_at(plain(remark.text), MESSAGE_ROOM)
        mention = "" if called is None else f"<@{called}> "
        heading = f"💬 {mention}**The agent replies ({number}):**"
        yield Relayed(f"{heading}\n{text}", reply_nonce(escalation, number, 0), called)
        part = 1
        while rest:
            text, rest = split_at(rest, MESSAGE_ROOM)
            heading = f"**The agent replies ({number}, part {part + 1})**"
            yield Relayed(f"{heading}\n… {text}", reply_nonce(escalation, number, part), None)
            part += 1


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

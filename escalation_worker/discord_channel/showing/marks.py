"""How our own messages are recognised: by a nonce for minutes, by a marker for ever."""

from __future__ import annotations

from typing import Final

import discord

from shared.escalation import Escalation

NONCE_LENGTH: Final = 25
_MARKER: Final = "Question "


def nonce(escalation: Escalation, part: int = 0) -> str:
    """Derive a nonce for the posting, or for a part of its overflow: a repeat is recognised."""
    return _nonce(escalation, f"q{part:02}")


def outcome_nonce(escalation: Escalation) -> str:
    """Derive the nonce of the line that says how it ended. A late answer is another line."""
    return _nonce(escalation, "end" if escalation.late_answer is None else "alt")


def reply_nonce(escalation: Escalation, number: int, part: int) -> str:
    """Derive the nonce of a part of what the agent replied."""
    return _nonce(escalation, f"r{number:02}{part:02}")


def caller_nonce(escalation: Escalation, *, gone: bool) -> str:
    """Derive the nonce of the line that says that the customer has gone, or is back."""
    return _nonce(escalation, f"{'g' if gone else 'b'}{escalation.departures:02}")


def call_nonce(escalation: Escalation, digest: str) -> str:
    """Derive the nonce of a call from a digest of its words, as far as there is room for it."""
    return _nonce(escalation, f"c{digest[:8]}")


def assignment_nonce(escalation: Escalation, digest: str) -> str:
    """Derive the nonce of what whoever was given a question is told, likewise."""
    return _nonce(escalation, f"a{digest[:8]}")


def _nonce(escalation: Escalation, prefix: str) -> str:
    """Put the prefix before as much of the id as there is room for.

    A ULID is 10 characters of time and 16 of chance. What is left out are the first four, which
    change every twelve days; all 80 random bits stay, and they alone tell two questions apart.
    """
    return prefix + escalation.id[len(prefix) - NONCE_LENGTH :]


def marker(escalation: Escalation) -> str:
    """Write what tells a question's message from all others: its id, in the footer."""
    return f"{_MARKER}{escalation.id}"


def marked_id(message: discord.Message) -> str | None:
    """Read the id of the question that a message of ours shows, if it shows one."""
    for each in message.embeds:
        if each.footer.text and each.footer.text.startswith(_MARKER):
            return each.footer.text.removeprefix(_MARKER)
    return None

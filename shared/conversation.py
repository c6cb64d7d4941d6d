"""How a conversation is called where people read of it: on the desk, in Discord, in logs."""

from __future__ import annotations

from typing import Final

from shared.texts import digest

_LENGTH: Final = 10
"""Hexadecimal characters: enough to tell conversations apart, far too few to hold an id."""


def name_of_conversation(conversation_id: str) -> str:
    """Name a conversation so that its questions can be seen to belong together.

    The id itself may be a key: who knows that of a text chat reads the chat and writes in it. The
    name does not lead back to it. Who guesses an id can tell that they guessed right, so an id that
    opens something must be one that can't be guessed.
    """
    return digest(f"conversation {conversation_id}")[:_LENGTH]

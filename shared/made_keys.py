"""Idempotency keys that were made for a question, not chosen by whoever asks it."""

from __future__ import annotations

from typing import Final
from uuid import uuid4

_PREFIX: Final = "bridge/"


def make_key() -> str:
    """Make one."""
    return f"{_PREFIX}{uuid4().hex}"


def is_made(key: str | None) -> bool:
    """Whether a key only tells a second sending from the first.

    An identical question that is open is joined in spite of it, as without a key: another process
    may have made it another one.
    """
    return key is not None and key.startswith(_PREFIX)

"""What time it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Tells the time as an aware UTC datetime. Waiting never uses it: only deadlines do."""


def utc_now() -> datetime:
    """Tell the time by the host's clock."""
    return datetime.now(UTC)

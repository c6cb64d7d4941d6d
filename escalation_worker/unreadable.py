"""Records that this version can't read: left to one that can, and no hindrance to the others."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from shared.errors import UnreadableRecordError
from shared.telemetry import get_logger

log = get_logger(__name__)


@contextmanager
def passing_over_unreadable(escalation_id: str) -> Generator[None]:
    """Do what concerns one question of many; where it can't be read, say so and go on."""
    try:
        yield
    except UnreadableRecordError:
        log.warning("record_unreadable", escalation_id=escalation_id)

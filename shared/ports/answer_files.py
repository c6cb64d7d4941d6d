"""Small images that came with an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from shared.ports.hold import Hold


class AnswerFiles(Protocol):
    """The bytes of an answer's small images, kept for as long as its question's record.

    An answer is known by its `source`. Bytes are written as base64, under a name for each file.
    """

    async def keep(
        self,
        escalation_id: str,
        source: str,
        contents: Mapping[str, str],
        hold: Hold | None = None,
    ) -> bool:
        """Keep all of them, before the answer is accepted that names them. Safe to repeat.

        Nothing that was kept is dropped by it: who hears the same message again may get fewer.
        False where nothing is kept: the record is gone, no answer counts any more (not even as a
        late one), or the slot has a newer holder.
        """
        ...

    async def read(self, escalation_id: str, source: str) -> Mapping[str, str]:
        """Read what is kept; nothing where there is nothing any more."""
        ...

    async def forget(self, escalation_id: str, source: str) -> None:
        """Drop what was kept for an answer that did not count."""
        ...

"""What somebody wrote into a form that was not taken yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

from shared.ports.hold import Hold

DRAFT_LENGTH: Final = timedelta(minutes=15)
"""How long what somebody wrote into a form is kept after the last of it."""


@dataclass(frozen=True, slots=True)
class Drafted:
    """What one person has written into a question's form, by field; `fenced` as in `Concluded`."""

    written: Mapping[str, str]
    fenced: bool = False


class FormDrafts(Protocol):
    """What people wrote into forms that were not taken yet, so that nobody must write it twice.

    A help to people and no promise: it is forgotten after `DRAFT_LENGTH`.
    """

    async def keep(
        self,
        escalation_id: str,
        person_id: str,
        written: Mapping[str, str],
        hold: Hold | None = None,
    ) -> Drafted:
        """Add to what this person has written, field by field; return all of it.

        Nothing is added once the question has ended or is no longer kept, nor under a `hold` whose
        slot has a newer holder.
        """
        ...

    async def read(self, escalation_id: str, person_id: str) -> Mapping[str, str]:
        """Return what this person has written. Nobody sees another's."""
        ...

    async def forget(self, escalation_id: str, person_id: str) -> None:
        """Drop it: it was taken, or nobody wants it any more."""
        ...

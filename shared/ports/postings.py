"""Where questions are shown, and who is just showing them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from shared.escalation import Escalation, Posting, State
from shared.manner import Manner


class LeaseVerdict(StrEnum):
    """Whether this worker may post."""

    GRANTED = "granted"
    HELD = "held"  # another worker is at it
    NOT_NEEDED = "not_needed"  # posted or concluded already


class Work(StrEnum):
    """What is to be shown of a question."""

    POSTING = "posting"  # the question itself
    SHOWING = "showing"  # its outcome
    POLICY = "policy"  # who is called by its policy


@dataclass(frozen=True, slots=True)
class PostingLease:
    """Leave to show something of one question, for a few seconds unless renewed."""

    verdict: LeaseVerdict
    escalation: Escalation | None
    token: str
    attempt: int
    """1 for the first worker that ever tried; more when an earlier try broke off."""


class PostingLog(Protocol):
    """Sees to it that a question is shown once, whoever dies in between."""

    async def lease(self, escalation_id: str, work: Work = Work.POSTING) -> PostingLease:
        """Ask for leave to work. Only one lease on a question is alive at any time.

        Leave to post is given while the question is open and no complete posting was noted,
        whatever people or the agent have said of it meanwhile.
        """
        ...

    async def renew(self, lease: PostingLease) -> bool:
        """Keep the lease; False means that it was lost and posting must stop."""
        ...

    async def release(self, lease: PostingLease) -> None:
        """Give the lease back if it is still ours."""
        ...

    async def note_posting(
        self, escalation_id: str, posting: Posting, *, complete: bool, shown_before: bool = False
    ) -> State:
        """Write down where the question is shown; `complete` makes a queued one `posted`.

        What was said of an open one before, and is told where it is discussed, is then to be shown.
        Returns the state that the record has now: a final one means that the question ended
        while it was being posted. `shown_before`: people may have written there before this was
        known, so that the listener is to read it from its beginning; noted with `complete`.
        """
        ...

    async def note_manner(self, escalation_id: str, manner: Manner, since: datetime | None) -> None:
        """Write down how the question's message tells people to answer.

        `since`: when an edit of it changed what makes an answer; None where none did. What was
        shown before is never noted over what was shown later.
        """
        ...

    async def find(self, bot: str, posting_reference: str) -> str | None:
        """Tell which escalation this bot shows under this reference (a thread's id).

        What another bot shows is not found: each hears only what is its own.
        """
        ...


class Backlog(PostingLog, Protocol):
    """Knows what is still to be done about questions, whoever was to do it."""

    async def overdue(self) -> list[str]:
        """List open questions whose deadline passed although no job ended them."""
        ...

    async def unshown_score(self, escalation_id: str) -> int | None:
        """When the outcome that is still to be shown was decided (ms), if one is."""
        ...

    async def shown(self, escalation_id: str, score: int) -> None:
        """Note that people can see the outcome that was decided at `score`."""
        ...

    async def showing_job(self, escalation_id: str) -> str | None:
        """Name the one job that is to show what there is to show; one of before need not."""
        ...

    async def requeue(self, work: Work) -> int:
        """Queue again what is to be shown but that nobody is at; tell how many."""
        ...

    async def forget(self, escalation_id: str) -> None:
        """Take a question whose record has expired off the indexes."""
        ...

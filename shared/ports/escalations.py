"""Where questions are kept, from their acceptance to their end."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from shared.escalation import Ask, Escalation, News, Outcome, State
from shared.ports.hold import Hold


@dataclass(frozen=True, slots=True)
class Accepted:
    """A question is durable. `joined`: it was known before, and nothing new is asked."""

    escalation: Escalation
    joined: bool


@dataclass(frozen=True, slots=True)
class Concluded:
    """What came of an attempt to move an escalation on. `applied`: this attempt did.

    `fenced`: it was not even tried, since another listener holds the slot by now.
    """

    escalation: Escalation
    applied: bool
    fenced: bool = False


class EscalationStore(Protocol):
    """The record of every question."""

    async def accept(self, ask: Ask) -> Accepted:
        """Keep a question, durably and at once with its posting, or not at all.

        The same tenant's same idempotency key gives the same escalation for as long as it is
        kept. Without a key, or with a new one that `joins`, an identical question that is still
        open is joined.

        Raises:
            TooManyOpenError: The agent has as many open questions as the ask allows; none is new.
        """
        ...

    async def get(self, escalation_id: str) -> Escalation | None:
        """Read one record.

        Raises:
            UnreadableRecordError: This version can't read it.
        """
        ...

    async def list_for_tenant(
        self,
        tenant: str,
        *,
        conversation_id: str | None = None,
        states: frozenset[State] | None = None,
        most: int = 100,
    ) -> list[Escalation]:
        """Read a tenant's kept questions, newest first, at most so many of those asked for.

        Looks at the newest 1,000 of the conversation, or where none is named, of the tenant. A
        record that can't be read is left out.

        Raises:
            StoreUnavailableError: It can't be read, or may lack what was accepted last.
        """
        ...

    async def list_open(self) -> list[Escalation]:
        """Read every open question, the nearest deadline first, at most 500.

        A record that can't be read is left out.
        """
        ...

    def open_pages(self) -> AsyncGenerator[list[Escalation]]:
        """Read the open questions, the nearest deadline first, 500 at a time, at most 5,000.

        Which there are is read with the first page, so none is passed over because others end
        meanwhile. Each page is read when it is asked for, and has those that are open by then: one
        may be empty although another follows. A record that can't be read is left out.
        """
        ...

    async def count_open(self, tenant: str, agent: str) -> int:
        """Count an agent's open questions, as `accept` counts them."""
        ...

    async def conclude(
        self, escalation_id: str, outcome: Outcome, hold: Hold | None = None
    ) -> Concluded | None:
        """End an escalation. At most one outcome is ever accepted; the first one wins.

        Nothing that was heard under a `hold` is accepted once the slot has a newer holder.
        Returns the record as it stands after the attempt, or None if it is not kept.
        """
        ...

    async def keep_late_answer(
        self, escalation_id: str, answer: Outcome, hold: Hold | None = None
    ) -> Concluded | None:
        """Keep an answer beside a `timed_out` outcome. The first one is kept; `hold` likewise."""
        ...

    async def hand_over(self, escalation_id: str) -> Escalation | None:
        """Settle what is known of an answer, because an agent is about to read it.

        What was handed over never changes, so every reader reads the same. Safe to repeat, and to
        be repeated where it is not known to have been done. Returns the record as it stands from
        here on, or None if it is not kept.

        Raises:
            StoreUncertainError: Nobody may read it yet: the note may be lost, and then it changes.
        """
        ...

    async def note_delivery(self, escalation_id: str, news: News) -> Concluded | None:
        """Note that this news has reached the customer. The first time counts.

        Not applied where it was noted before, and where there is no such news.
        """
        ...

    async def note_caller(self, escalation_id: str, *, gone: bool) -> Concluded | None:
        """Note that nobody waits for the answer any more, or that somebody does again.

        The question stays open. Each going and each coming back is noted once, and shown to
        people; not applied where it is noted already, and where the question has ended.
        """
        ...

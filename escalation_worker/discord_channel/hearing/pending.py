"""Which open questions somebody may answer, as a list of theirs and as suggestions.

Nobody learns of a question that they may not answer: it is in no list, and whether there are any is
not told either.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from itertools import islice
from typing import Final

import discord

from escalation_worker.discord_channel.showing.endings import NAME_ROOM
from escalation_worker.discord_channel.showing.rendering import MESSAGE_ROOM, on_it, thread_name
from escalation_worker.discord_channel.showing.texts import brief
from escalation_worker.operators import WhoMayAct
from shared.escalation import Escalation, State
from shared.ports.escalations import EscalationStore
from shared.texts import cut

CHOICES_LIMIT: Final = 25
CHOICE_ROOM: Final = 100
TEXT_ROOM: Final = 150
"""Of a question, before it is escaped. With all else that is said of it, one needs up to 900
characters of a message's 2,000."""
PAGE_LIMIT: Final = 10
ENOUGH: Final = 500
"""Questions of one person, after which no more pages are looked through for them."""
RECENT_SECONDS: Final = 1.5
"""Suggestions are asked for at each keystroke, and one page is up to 500 whole records."""
NONE_PENDING: Final = "No question waits for an answer of yours."

Wanted = Callable[[Escalation], bool]
"""Tells whether a command could do something with a question."""


class Pending:
    """Reads the open questions with one person's eyes."""

    def __init__(
        self,
        store: EscalationStore,
        operators: WhoMayAct,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._operators = operators
        self._monotonic = monotonic
        self._recent: _Reading | None = None
        self._usable_until = 0.0

    async def of(
        self, person_id: str, roles: frozenset[str], *, recent: bool = False
    ) -> list[Escalation]:
        """List what this person may answer, the nearest deadline first: the next 500 at least.

        Looked for among the next 5,000 of all. What is not shown anywhere yet is left out: an act
        on it would come before its posting.
        `recent`: as it was within the last moments will do. Who may answer is asked now, and for
        somebody who may answer nothing, nothing is read.
        """
        if not self._operators.know(person_id, roles):
            return []
        reading = self._recently() if recent else _Reading(self._store.open_pages)
        theirs: list[Escalation] = []
        number = 0
        while len(theirs) < ENOUGH and (page := await reading.page(number)) is not None:
            theirs += [
                escalation
                for escalation in page
                if escalation.state is not State.QUEUED
                and self._operators.of(escalation.question).include(person_id, roles)
            ]
            number += 1
        return theirs

    def acted(self) -> None:
        """Say that a question changed here: whoever did it expects to see that."""
        self._recent = None  # also one that is under way: this may not be in it

    def _recently(self) -> _Reading:
        """Give what is read for all who type now, once."""
        now = self._monotonic()
        if self._recent is None or now >= self._usable_until:
            self._recent = _Reading(self._store.open_pages)
            self._usable_until = now + RECENT_SECONDS
        return self._recent


class _Reading:
    """Pages of open questions for all who look through them, each page read once."""

    def __init__(self, begin: Callable[[], AsyncGenerator[list[Escalation]]]) -> None:
        self._begin = begin
        self._pages = begin()
        self._one_at_a_time = asyncio.Lock()
        self._read: list[Sequence[Escalation]] = []

    async def page(self, number: int) -> Sequence[Escalation] | None:
        """Give a page, 0 first; None where there are no more."""
        async with self._one_at_a_time:
            while len(self._read) <= number:
                try:
                    page = await anext(self._pages, None)
                except BaseException:
                    # By an outage, or by whoever waited for it: the next one begins again.
                    self._pages, self._read = self._begin(), []
                    raise
                if page is None:
                    return None
                self._read.append(page)
            return self._read[number]


def suggestions(
    escalations: Iterable[Escalation], typed: str, wanted: Wanted
) -> list[discord.app_commands.Choice[str]]:
    """Suggest the questions in whose text or id this stands; the value is the id."""
    words = typed.casefold()
    found = (
        each
        for each in escalations
        if wanted(each) and (words in each.question.text.casefold() or words in each.id.casefold())
    )
    return [
        discord.app_commands.Choice(name=label_of(each), value=each.id)
        for each in islice(found, CHOICES_LIMIT)
    ]


def label_of(escalation: Escalation) -> str:
    """Name a question on one line of plain text, so that no other has the same name."""
    end = f" · {escalation.id[-6:]}"
    return cut(thread_name(escalation), CHOICE_ROOM - len(end)) + end


def listed(escalations: Sequence[Escalation], page: int) -> str:
    """Write one page of the list, or the last one if there are fewer."""
    if not escalations:
        return NONE_PENDING
    pages = _pages([_entry(each) for each in escalations])
    page = max(1, min(page, len(pages)))
    more = f", page {page} of {len(pages)} (`/pending page:…`)" if len(pages) > 1 else ""
    heading = f"**Open questions that you may answer: {len(escalations)}**{more}"
    return "\n".join((heading, *pages[page - 1]))


def _pages(entries: Iterable[str]) -> list[list[str]]:
    """Put as many on each page as there is room for."""
    pages: list[list[str]] = [[]]
    room = MESSAGE_ROOM - CHOICE_ROOM  # the heading's
    for entry in entries:
        used = sum(len(each) + 1 for each in pages[-1])
        if pages[-1] and (used + len(entry) > room or len(pages[-1]) == PAGE_LIMIT):
            pages.append([])
        pages[-1].append(entry)
    return pages


def _entry(escalation: Escalation) -> str:
    question, posting = escalation.question, escalation.posting
    # Only the beginning is looked at: there may be hundreds of long ones.
    what = brief(question.text[: 4 * TEXT_ROOM], TEXT_ROOM) or thread_name(escalation)
    asks = brief(escalation.agent, NAME_ROOM) or "an agent"
    kind = "asks for approval" if question.approvals_needed is not None else "asks"
    kind = "wants a form filled in" if question.form is not None else kind
    until = discord.utils.format_dt(escalation.deadline, "R")
    whose = f"on it: {on_it(escalation.claim)}" if escalation.claim else "nobody is on it"
    waits = ", waits for the agent" if escalation.state is State.NEEDS_INFO else ""
    where = f" · {posting.url}" if posting is not None and posting.url else ""
    return f"• {what}\n-# {asks} {kind}, until {until} · {whose}{waits}{where}"

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.make import a_posting, an_ask

from escalation_worker.discord_channel.hearing.pending import (
    CHOICE_ROOM,
    CHOICES_LIMIT,
    ENOUGH,
    NONE_PENDING,
    RECENT_SECONDS,
    Pending,
    label_of,
    listed,
    suggestions,
)
from escalation_worker.operators import Operators
from shared.errors import StoreUnavailableError
from shared.escalation import ChannelKind, Claim, Escalation, Person, Posting, State, new_id
from shared.memory.escalations import MemoryEscalations
from shared.ports.clock import utc_now
from shared.question import Question
from shared.texts import is_blank
from unit.test_answering import OPERATORS

LONGEST = "*_" * 2_000
"""All of it is escaped."""


def an_escalation(text: str = "May I?", agent: str = "shop") -> Escalation:
    """Make an open question on which somebody is, by another's wish, with the longest names."""
    ask, now = an_ask(text, agent=agent), utc_now()
    reference = str(2**63)
    return Escalation(
        id=new_id(),
        agent=agent,
        question=ask.question,
        state=State.NEEDS_INFO,
        created_at=now,
        deadline=now + timedelta(minutes=10),
        kept_until=now + timedelta(hours=1),
        posting=Posting(
            channel=ChannelKind.DISCORD,
            place=reference,
            reference=reference,
            url=f"https://discord.com/channels/{reference}/{reference}/{reference}",
        ),
        claim=Claim(
            by=Person(id="1", name=LONGEST), at=now, assigned_by=Person(id="2", name=LONGEST)
        ),
    )


def test_every_page_fits_into_a_message_and_nothing_is_left_out() -> None:
    questions = [an_escalation(f"{number:03} {LONGEST[:3000]}", LONGEST) for number in range(60)]
    first = listed(questions, 1)
    pages = int(first.split(" of ")[1].split(" ")[0])
    shown = [listed(questions, page + 1) for page in range(pages)]
    assert all(len(each) <= 2_000 for each in shown)
    assert sum(each.count("\n• ") for each in shown) == 60


def test_where_there_is_nothing_it_says_so_on_any_page() -> None:
    assert listed([], 1) == listed([], 7) == NONE_PENDING


@pytest.mark.parametrize("page", [0, -1])
def test_no_page_is_the_first_one(page: int) -> None:
    questions = [an_escalation() for _ in range(20)]
    assert listed(questions, page) == listed(questions, 1)


class Counted(MemoryEscalations):
    """A store that counts how often its open questions were read."""

    listed = 0
    pages = 0

    async def open_pages(self) -> AsyncGenerator[list[Escalation]]:
        self.listed += 1
        async for page in super().open_pages():
            self.pages += 1
            yield page


async def test_those_who_type_at_once_share_what_was_read_a_moment_ago() -> None:
    store, clock = Counted(), [100.0]
    pending = Pending(store, OPERATORS, monotonic=lambda: clock[0])
    nobody = frozenset[str]()

    async def typed(person: str = "111") -> int:
        return len(await pending.of(person, nobody, recent=True))

    asked = (await store.accept(an_ask())).escalation
    await store.note_posting(asked.id, a_posting(), complete=True)
    assert await asyncio.gather(*(typed() for _ in range(5))) == [1] * 5
    assert store.listed == 1
    assert await typed("222") == 0, "they may not answer"
    clock[0] += RECENT_SECONDS - 0.1
    await typed()
    assert store.listed == 1
    clock[0] += 0.1
    await typed()
    assert store.listed == 2
    pending.acted()
    await typed()
    assert store.listed == 3
    await pending.of("111", nobody)
    assert store.listed == 4, "a list is never an old one"


async def test_what_was_done_while_they_were_read_is_read_again() -> None:
    class Slow(Counted):
        async def open_pages(self) -> AsyncGenerator[list[Escalation]]:
            async for page in super().open_pages():
                if self.listed == 1:
                    pending.acted()
                yield page

    store = Slow()
    pending = Pending(store, OPERATORS, monotonic=lambda: 100.0)
    await store.accept(an_ask())
    for _ in range(3):
        await pending.of("111", frozenset(), recent=True)
    assert store.listed == 2


class OfTheirConversation:
    """Lets each person act on the questions of the conversation that is called after them only."""

    def of(self, question: Question) -> Operators:
        return Operators(people=frozenset({question.conversation_id or ""}))

    def know(self, person_id: str, roles: frozenset[str]) -> bool:
        return True


async def asked_for(store: MemoryEscalations, person: str, seconds: float) -> Escalation:
    ask = an_ask(f"{seconds:.0f}?", conversation_id=person, timeout=seconds)
    asked = (await store.accept(ask)).escalation
    await store.note_posting(asked.id, a_posting(asked.id), complete=True)
    return asked


@pytest.mark.parametrize("recent", [False, True])
async def test_a_persons_own_are_found_behind_five_hundred_of_others(recent: bool) -> None:
    store = Counted()
    for number in range(502):
        await asked_for(store, ("222", "333")[number % 2], 600 + number)
    last = await asked_for(store, "111", 9_000)
    pending = Pending(store, OfTheirConversation(), monotonic=lambda: 100.0)
    nobody = frozenset[str]()
    assert [each.id for each in await pending.of("111", nobody, recent=recent)] == [last.id]
    assert store.pages == 2
    found = await pending.of("222", nobody, recent=recent)
    assert (len(found), found[0].question.text, found[-1].question.text) == (251, "600?", "1100?")
    assert store.pages == (2 if recent else 4), "who types at once shares the pages"


async def test_no_more_pages_are_read_for_somebody_than_it_takes() -> None:
    store = Counted()
    for number in range(501):
        await asked_for(store, "222", 600 + number)
    found = await Pending(store, OfTheirConversation()).of("222", frozenset())
    assert (len(found), store.pages) == (ENOUGH, 1)


async def test_whoever_waits_with_somebody_whose_reading_breaks_off_reads_it_whole() -> None:
    class Away(Counted):
        async def open_pages(self) -> AsyncGenerator[list[Escalation]]:
            first = not self.listed
            async for page in super().open_pages():
                await asyncio.sleep(0)
                if first:
                    raise StoreUnavailableError("Redis can't be reached")
                yield page

    store = Away()
    asked = await asked_for(store, "111", 600)
    pending = Pending(store, OfTheirConversation())
    broken, whole = await asyncio.gather(
        *(pending.of("111", frozenset(), recent=True) for _ in range(2)), return_exceptions=True
    )
    assert isinstance(broken, StoreUnavailableError)
    assert not isinstance(whole, BaseException)
    assert [each.id for each in whole] == [asked.id]


@given(st.text(min_size=1, max_size=300).filter(lambda text: not is_blank(text)))
def test_a_label_fits_says_something_and_is_no_other_questions(text: str) -> None:
    try:
        one, other = an_escalation(text), an_escalation(text)
    except ValueError:
        return  # such a question is not accepted
    labels = {label_of(one), label_of(other)}
    assert len(labels) == 2
    assert all(len(label) <= CHOICE_ROOM and not is_blank(label) for label in labels)
    assert not any("\n" in label for label in labels)


def test_as_many_are_suggested_as_discord_shows() -> None:
    questions = [an_escalation(f"question {number}") for number in range(40)]
    assert len(suggestions(questions, "", lambda _: True)) == CHOICES_LIMIT
    (only,) = suggestions(questions, "QUESTION 39", lambda _: True)
    assert only.value == questions[39].id
    assert suggestions(questions, "", lambda _: False) == []

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.make import a_posting, an_ask

from escalation_worker.discord_channel.pending import (
    CHOICE_ROOM,
    CHOICES_LIMIT,
    NONE_PENDING,
    RECENT_SECONDS,
    Pending,
    label_of,
    listed,
    suggestions,
)
from shared.escalation import ChannelKind, Claim, Escalation, Person, Posting, State, new_id
from shared.memory.escalations import MemoryEscalations
from shared.ports.clock import utc_now
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

    async def list_open(self) -> list[Escalation]:
        self.listed += 1
        return await super().list_open()


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
        async def list_open(self) -> list[Escalation]:
            found = await super().list_open()
            if self.listed == 1:
                pending.acted()
            return found

    store = Slow()
    pending = Pending(store, OPERATORS, monotonic=lambda: 100.0)
    for _ in range(3):
        await pending.of("111", frozenset(), recent=True)
    assert store.listed == 2


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

"""How many open questions one agent may have, and whose a question is."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest
from support.make import an_ask, an_outcome

from contract.conftest import Backend
from shared.errors import TooManyOpenError
from shared.escalation import Ask, State


def of(agent: str, text: str, *, tenant: str | None = None, limit: int | None = 2) -> Ask:
    """Make an ask of an agent that may have so many open questions."""
    return an_ask(text, agent=agent).model_copy(update={"tenant": tenant, "open_limit": limit})


async def test_an_agent_that_has_enough_open_questions_hears_when_the_next_ends(
    backend: Backend,
) -> None:
    first = await backend.store.accept(of("shop", "one"))
    backend.clock.advance(seconds=100)
    await backend.store.accept(of("shop", "two"))
    with pytest.raises(TooManyOpenError, match=r"has 2, which.*next does in 500 seconds"):
        await backend.store.accept(of("shop", "three"))
    assert len(await backend.store.list_for_tenant("shop")) == 2, "nothing is left of it"
    ended = an_outcome(first.escalation, State.CANCELLED, at=backend.clock())
    await backend.store.conclude(first.escalation.id, ended)
    assert not (await backend.store.accept(of("shop", "three"))).joined


async def test_whoever_asks_again_joins_although_there_are_enough(backend: Backend) -> None:
    first = await backend.store.accept(of("shop", "one", limit=1))
    again = await backend.store.accept(of("shop", "one", limit=1))
    assert again.joined
    assert again.escalation.id == first.escalation.id


async def test_a_question_whose_deadline_is_over_does_not_count(backend: Backend) -> None:
    await backend.store.accept(of("shop", "one", limit=1))
    backend.clock.advance(seconds=601)
    assert not (await backend.store.accept(of("shop", "two", limit=1))).joined


async def test_agents_of_one_tenant_count_apart_and_see_the_same(backend: Backend) -> None:
    await backend.store.accept(of("phone", "one", tenant="shop", limit=1))
    await backend.store.accept(of("mail", "two", tenant="shop", limit=1))
    await backend.store.accept(of("phone", "three", tenant="bank", limit=1))
    shops = await backend.store.list_for_tenant("shop")
    assert {each.question.text for each in shops} == {"one", "two"}
    assert {each.owner for each in shops} == {"shop"}
    assert {each.agent for each in shops} == {"phone", "mail"}


async def test_an_agents_open_questions_are_counted_as_asking_counts_them(backend: Backend) -> None:
    first = await backend.store.accept(of("phone", "one", tenant="shop"))
    backend.clock.advance(seconds=100)
    await backend.store.accept(of("phone", "two", tenant="shop"))
    await backend.store.accept(of("mail", "three", tenant="shop"))
    assert await backend.store.count_open("shop", "phone") == 2
    ended = an_outcome(first.escalation, State.CANCELLED, at=backend.clock())
    await backend.store.conclude(first.escalation.id, ended)
    assert await backend.store.count_open("shop", "phone") == 1
    backend.clock.advance(seconds=501)
    assert await backend.store.count_open("shop", "phone") == 1
    backend.clock.advance(seconds=100)
    assert await backend.store.count_open("shop", "phone") == 0


async def test_open_questions_behind_the_first_five_hundred_are_read_in_pages(
    backend: Backend,
) -> None:
    asked = [
        (await backend.store.accept(an_ask(f"Number {number}?", timeout=600 + number))).escalation
        for number in range(503)
    ]
    async with aclosing(backend.store.open_pages()) as pages:
        first = await anext(pages)
        # One of each page ends meanwhile: nobody is passed over because others move up.
        for ended in (asked[0], asked[501]):
            outcome = an_outcome(ended, State.CANCELLED, at=backend.clock())
            await backend.store.conclude(ended.id, outcome)
        rest = [[each.id for each in page] async for page in pages]
    assert [each.id for each in first] == [each.id for each in asked[:500]]
    assert rest == [[asked[500].id, asked[502].id]]
    assert len(await backend.store.list_open()) == 500


async def test_where_nothing_is_open_there_is_no_page(backend: Backend) -> None:
    assert [page async for page in backend.store.open_pages()] == []


async def test_of_many_asks_at_once_no_more_are_taken_than_may_be(backend: Backend) -> None:
    asks = [of("shop", f"question {number}", limit=3) for number in range(20)]
    done = await asyncio.gather(
        *(backend.store.accept(each) for each in asks), return_exceptions=True
    )
    refused = [each for each in done if isinstance(each, TooManyOpenError)]
    assert len(refused) == 17
    assert len(await backend.store.list_open()) == 3

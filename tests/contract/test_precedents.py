from __future__ import annotations

import asyncio

import pytest
from support.make import an_ask, an_outcome

from contract.conftest import Backend
from shared.escalation import Escalation, State
from shared.ports.precedents import REMEMBERED_LIMIT, Precedents
from shared.precedent import Precedent

SHELVES = "May I give 10 % off two shelves?"
LIKE_IT = "Could I give 15 % off on three shelves?"


@pytest.fixture
def precedents(backend: Backend) -> Precedents:
    """Remember as much as the product does."""
    return backend.make_precedents(REMEMBERED_LIMIT)


async def asked(backend: Backend, text: str = LIKE_IT, *, seconds: float = 600) -> Escalation:
    """Accept a question."""
    return (await backend.store.accept(an_ask(text, timeout=seconds))).escalation


async def answered(
    backend: Backend, text: str = SHELVES, state: State = State.ANSWERED, *, seconds: float = 600
) -> Escalation:
    """Accept a question and end it."""
    escalation = await asked(backend, text, seconds=seconds)
    outcome = an_outcome(escalation, state, at=backend.clock.now)
    concluded = await backend.store.conclude(escalation.id, outcome)
    assert concluded is not None
    return concluded.escalation


async def test_what_is_like_an_answered_question_finds_it_and_what_is_not_does_not(
    backend: Backend, precedents: Precedents
) -> None:
    known = await answered(backend)
    assert await precedents.remember("default", known)
    assert await precedents.find("default", await asked(backend), most=10) == [known.id]
    for other in ("Is the oak table in stock?", "¿Dónde está la tienda?", "???", "🙂"):
        assert await precedents.find("default", await asked(backend, other), most=10) == []


async def test_the_most_alike_comes_first_and_of_equals_the_newer(
    backend: Backend, precedents: Precedents
) -> None:
    known = [
        await answered(backend, text)
        for text in ("May I give 10 % off a shelf or a lamp?", SHELVES, f"{SHELVES} ", SHELVES)
    ]
    for each in known:
        await precedents.remember("default", each)
    question = await asked(backend, SHELVES)
    far, first, second, third = (each.id for each in known)
    equals = sorted((first, second, third), reverse=True)
    assert await precedents.find("default", question, most=10) == [*equals, far]
    assert await precedents.find("default", question, most=2) == equals[:2]


async def test_a_question_never_finds_itself_and_no_other_routes(
    backend: Backend, precedents: Precedents
) -> None:
    known = await answered(backend)
    await precedents.remember("billing", known)
    assert await precedents.find("billing", known, most=10) == []
    assert await precedents.find("default", await asked(backend), most=10) == []


async def test_an_answer_is_remembered_once_however_often_it_is_told(
    backend: Backend, precedents: Precedents
) -> None:
    known = await answered(backend)
    tries = await asyncio.gather(*(precedents.remember("default", known) for _ in range(3)))
    assert sorted(tries) == [False, False, True]
    assert await precedents.find("default", await asked(backend), most=10) == [known.id]


@pytest.mark.parametrize("state", sorted(set(State) - {State.ANSWERED}))
async def test_only_what_was_answered_is_remembered(
    backend: Backend, precedents: Precedents, state: State
) -> None:
    escalation = await asked(backend, SHELVES)
    if not state.is_open:
        await backend.store.conclude(
            escalation.id, an_outcome(escalation, state, at=backend.clock.now)
        )
    assert not await precedents.remember("default", escalation)
    assert await precedents.find("default", await asked(backend), most=10) == []


async def test_a_record_that_is_not_kept_is_not_remembered(
    backend: Backend, precedents: Precedents
) -> None:
    known = await answered(backend)
    unknown = known.model_copy(update={"id": "01UNKNOWN"})
    assert not await precedents.remember("default", unknown)
    assert await precedents.note_shown("01UNKNOWN", ()) is None


async def test_a_route_that_remembers_too_much_forgets_what_expires_first(
    backend: Backend,
) -> None:
    precedents = backend.make_precedents(3)
    known = [
        await answered(backend, f"{SHELVES} Number {number}.", seconds=600 + number)
        for number in range(5)
    ]
    for each in known:
        assert await precedents.remember("default", each)
    found = await precedents.find("default", await asked(backend, SHELVES), most=10)
    assert set(found) == {each.id for each in known[2:]}


async def test_an_entry_is_forgotten_with_its_record(
    backend: Backend, precedents: Precedents
) -> None:
    first = await answered(backend, seconds=600)
    second = await answered(backend, f"{SHELVES} Please.", seconds=1200)
    for each in (first, second):
        await precedents.remember("default", each)
    assert await precedents.forget_expired() == 0
    question = await asked(backend, seconds=86_400)
    backend.clock.now = first.kept_until
    assert await precedents.forget_expired() == 1
    assert await precedents.find("default", question, most=10) == [second.id]
    backend.clock.now = second.kept_until
    assert await precedents.forget_expired() == 1
    assert await precedents.find("default", question, most=10) == []
    assert await precedents.forget_expired() == 0


async def test_many_that_expire_at_once_are_all_forgotten(
    backend: Backend, precedents: Precedents
) -> None:
    for number in range(25):
        await precedents.remember("default", await answered(backend, f"Number {number}?"))
    backend.clock.advance(days=2)
    assert await precedents.forget_expired() == 25


async def test_what_a_question_shows_is_fixed_by_the_first_note(
    backend: Backend, precedents: Precedents
) -> None:
    question = await asked(backend)
    assert question.precedents is None
    shown = Precedent(id="01A", question="May I?", answer="Yes.", by="Maya", at=backend.clock.now)
    first = await precedents.note_shown(question.id, (shown,))
    second = await precedents.note_shown(question.id, ())
    assert first is not None
    assert second is not None
    assert (first.applied, second.applied) == (True, False)
    read = await backend.store.get(question.id)
    assert read is not None
    assert first.escalation.precedents == second.escalation.precedents == (shown,)
    assert read.precedents == (shown,)

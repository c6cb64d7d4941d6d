"""What people wrote into forms, in memory, on fakeredis and on the real server."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from support.make import JON, MAYA, an_ask, an_outcome

from contract.conftest import Backend
from shared.escalation import Escalation, State
from shared.ports.form_drafts import DRAFT_LENGTH, Drafted, FormDrafts
from shared.ports.hold import Hold


async def asked(backend: Backend) -> Escalation:
    return (await backend.store.accept(an_ask())).escalation


@pytest.fixture
def drafts(backend: Backend) -> FormDrafts:
    return backend.make_drafts(DRAFT_LENGTH)


async def test_what_was_written_is_added_field_by_field_and_the_newest_counts(
    backend: Backend, drafts: FormDrafts
) -> None:
    escalation = await asked(backend)
    assert await drafts.read(escalation.id, MAYA.id) == {}
    first = await drafts.keep(escalation.id, MAYA.id, {"a": "1", "b": "  zwei\n👟 "})
    assert first == Drafted({"a": "1", "b": "  zwei\n👟 "})
    second = await drafts.keep(escalation.id, MAYA.id, {"b": "", "c": "3"})
    assert second.written == {"a": "1", "b": "", "c": "3"}, "an empty field too is kept"
    assert await drafts.read(escalation.id, MAYA.id) == second.written


async def test_nobody_sees_what_another_person_wrote_or_what_belongs_to_another_question(
    backend: Backend, drafts: FormDrafts
) -> None:
    one, other = await asked(backend), (await backend.store.accept(an_ask("else?"))).escalation
    await drafts.keep(one.id, MAYA.id, {"a": "1"})
    assert await drafts.read(one.id, JON.id) == {}
    assert await drafts.read(other.id, MAYA.id) == {}
    assert (await drafts.keep(one.id, JON.id, {"b": "2"})).written == {"b": "2"}


async def test_it_is_forgotten_when_it_was_taken(backend: Backend, drafts: FormDrafts) -> None:
    escalation = await asked(backend)
    for person in (MAYA, JON):
        await drafts.keep(escalation.id, person.id, {"a": "1"})
    for _ in range(2):
        await drafts.forget(escalation.id, MAYA.id)
    assert await drafts.read(escalation.id, MAYA.id) == {}
    assert await drafts.read(escalation.id, JON.id) == {"a": "1"}


async def test_nothing_is_added_after_the_end_but_what_is_there_can_be_read(
    backend: Backend, drafts: FormDrafts
) -> None:
    escalation = await asked(backend)
    await drafts.keep(escalation.id, MAYA.id, {"a": "1"})
    outcome = an_outcome(escalation, State.TIMED_OUT, at=backend.clock.now, source=None)
    await backend.store.conclude(escalation.id, outcome)
    assert (await drafts.keep(escalation.id, MAYA.id, {"b": "2"})).written == {"a": "1"}
    assert await drafts.read(escalation.id, MAYA.id) == {"a": "1"}
    assert (await drafts.keep("01UNKNOWN", MAYA.id, {"b": "2"})).written == {}


async def test_it_is_forgotten_by_itself_after_some_time(backend: Backend) -> None:
    drafts = backend.make_drafts(timedelta(milliseconds=40))
    escalation = await asked(backend)
    await drafts.keep(escalation.id, MAYA.id, {"a": "1"})
    async with asyncio.timeout(5):
        while await drafts.read(escalation.id, MAYA.id):
            await asyncio.sleep(0.01)
    assert (await drafts.keep(escalation.id, MAYA.id, {"b": "2"})).written == {"b": "2"}


async def test_a_relieved_listener_adds_nothing(backend: Backend, drafts: FormDrafts) -> None:
    escalation = await asked(backend)
    old, new = backend.workers(2)
    held = await old.hold()
    assert held is not None
    await old.release()
    taken = await new.hold()
    assert taken is not None
    refused = await drafts.keep(escalation.id, MAYA.id, {"a": "1"}, Hold(held.slot, held.fence))
    assert refused == Drafted({}, fenced=True)
    assert await drafts.read(escalation.id, MAYA.id) == {}
    assert (await drafts.keep(escalation.id, MAYA.id, {"a": "1"}, taken)).written == {"a": "1"}

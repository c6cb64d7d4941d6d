"""How people were last shown that a question is answered, on memory and on Redis."""

from __future__ import annotations

from datetime import timedelta

from support.make import a_posting, an_ask

from contract.conftest import Backend
from shared.manner import AnswerMode, DecisionReason, Manner, MannerShown

SEND = Manner(AnswerMode.SEND_BUTTON)
REASONS = Manner(decision_reason=DecisionReason.REQUIRED)


async def test_what_was_shown_is_read_back_and_no_posting_changes_it(backend: Backend) -> None:
    asked = (await backend.store.accept(an_ask())).escalation
    assert asked.shown == MannerShown(), "as records of before have it"
    await backend.log.note_manner(asked.id, SEND, None)
    await backend.log.note_posting(asked.id, a_posting(), complete=True)
    assert await shown(backend, asked.id) == MannerShown(manner=SEND)


async def test_what_was_shown_before_is_not_noted_over_what_was_shown_later(
    backend: Backend,
) -> None:
    asked = (await backend.store.accept(an_ask())).escalation
    first = backend.clock.now.replace(microsecond=0)
    later = first + timedelta(seconds=1)
    await backend.log.note_manner(asked.id, SEND, later)
    await backend.log.note_manner(asked.id, Manner(), first)
    assert await shown(backend, asked.id) == MannerShown(manner=SEND, since=later)
    await backend.log.note_manner(asked.id, Manner(), later)
    await backend.log.note_manner(asked.id, REASONS, None)
    assert await shown(backend, asked.id) == MannerShown(manner=REASONS, since=later)


async def test_nothing_is_noted_of_a_question_that_is_not_kept(backend: Backend) -> None:
    await backend.log.note_manner("01UNKNOWN", SEND, backend.clock.now)
    assert await backend.store.get("01UNKNOWN") is None


async def shown(backend: Backend, escalation_id: str) -> MannerShown:
    """Read what people are shown."""
    found = await backend.store.get(escalation_id)
    assert found is not None
    return found.shown

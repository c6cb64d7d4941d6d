"""An answer may be edited until an agent reads it; then it stands, with a correction beside it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from support.make import a_correction, an_ask, an_outcome

from contract.conftest import Backend
from shared.escalation import Escalation, News, Outcome, State
from shared.ports.escalations import Concluded
from shared.ports.hold import Hold

GRACE = timedelta(minutes=2)


async def answered(backend: Backend, *, grace: timedelta | None = GRACE) -> Escalation:
    """Ask, and answer so that the answer may be corrected for a while."""
    asked = (await backend.store.accept(an_ask())).escalation
    until = None if grace is None else backend.clock.now + grace
    outcome = an_outcome(asked, at=backend.clock.now).model_copy(
        update={"correctable_until": until}
    )
    concluded = await backend.store.conclude(asked.id, outcome)
    assert concluded is not None
    return concluded.escalation


async def edit(
    backend: Backend,
    escalation: Escalation,
    text: str,
    *,
    seconds: float = 5,
    source: str = "m1",
    hold: Hold | None = None,
) -> Concluded:
    """Edit the answer so long after it was given."""
    correction = a_correction(escalation, text, seconds=seconds, source=source)
    noted = await backend.corrections.correct(escalation.id, correction, hold)
    assert noted is not None
    return noted


def texts(escalation: Escalation) -> tuple[str | None, str | None]:
    """Read the answer, and the correction beside it."""
    outcome, late = escalation.outcome, escalation.late_answer
    return outcome.text if outcome else None, late.text if late else None


async def test_an_edit_before_anybody_has_read_the_answer_takes_its_place(
    backend: Backend,
) -> None:
    escalation = await answered(backend)
    noted = await edit(backend, escalation, "Yes, 15 %.")
    assert noted.applied
    assert texts(noted.escalation) == ("Yes, 15 %.", None)
    given, before = noted.escalation.outcome, escalation.outcome
    assert given is not None
    assert before is not None
    assert given.corrected_at == backend.clock.now + timedelta(seconds=5)
    assert given == before.model_copy(
        update={"text": "Yes, 15 %.", "corrected_at": given.corrected_at}
    )
    assert noted.escalation.state is State.ANSWERED
    assert await backend.waiter.wait(escalation.id, seconds=1) == given
    assert await backend.store.get(escalation.id) == noted.escalation


async def test_what_was_handed_over_stays_and_an_edit_is_kept_beside_it(backend: Backend) -> None:
    escalation = await answered(backend)
    assert escalation.may_still_change
    handed = await backend.store.hand_over(escalation.id)
    assert handed is not None
    assert not handed.may_still_change
    noted = await edit(backend, escalation, "Yes, 15 %.")
    assert noted.applied
    assert texts(noted.escalation) == ("Yes, 10 %.", "Yes, 15 %.")
    assert noted.escalation.outcome == escalation.outcome
    assert await backend.waiter.wait(escalation.id, seconds=1) == escalation.outcome
    assert noted.escalation.may_still_change, "the correction is not handed over yet"
    assert not noted.escalation.is_delivered


async def test_a_later_edit_replaces_the_correction_until_that_was_handed_over(
    backend: Backend,
) -> None:
    escalation = await answered(backend)
    await backend.store.hand_over(escalation.id)
    await edit(backend, escalation, "Yes, 15 %.", seconds=5)
    second = await edit(backend, escalation, "Yes, 20 %.", seconds=6)
    assert (second.applied, texts(second.escalation)) == (True, ("Yes, 10 %.", "Yes, 20 %."))
    handed = await backend.store.hand_over(escalation.id)
    assert handed is not None
    assert not handed.may_still_change
    third = await edit(backend, escalation, "Yes, 25 %.", seconds=7)
    assert (third.applied, texts(third.escalation)) == (False, ("Yes, 10 %.", "Yes, 20 %."))


async def test_handing_over_is_noted_once_and_gives_what_is_kept(backend: Backend) -> None:
    escalation = await answered(backend)
    first = await backend.store.hand_over(escalation.id)
    backend.clock.advance(seconds=9)
    again = await backend.store.hand_over(escalation.id)
    assert first is not None
    assert first.handed_over_at == escalation.created_at
    assert again == first == await backend.store.get(escalation.id)
    assert await backend.store.hand_over("01UNKNOWN") is None


@pytest.mark.parametrize("state", [None, State.TIMED_OUT, State.DECLINED])
async def test_what_is_no_answer_is_given_as_it_is(backend: Backend, state: State | None) -> None:
    asked = (await backend.store.accept(an_ask())).escalation
    if state is not None:
        await backend.store.conclude(asked.id, an_outcome(asked, state, at=backend.clock.now))
    before = await backend.store.get(asked.id)
    assert await backend.store.hand_over(asked.id) == before
    assert before is not None
    assert not before.may_still_change


@pytest.mark.parametrize(
    ("grace", "seconds", "source"),
    [
        (GRACE, GRACE.total_seconds() + 0.001, "m1"),  # its time was over
        (None, 1, "m1"),  # the route lets nobody correct an answer
        (GRACE, 1, "m2"),  # another message
    ],
)
async def test_no_other_edit_changes_an_answer(
    backend: Backend, grace: timedelta | None, seconds: float, source: str
) -> None:
    escalation = await answered(backend, grace=grace)
    refused = await edit(backend, escalation, "No.", seconds=seconds, source=source)
    assert (refused.applied, refused.fenced) == (False, False)
    assert refused.escalation == escalation == await backend.store.get(escalation.id)


async def test_an_edit_at_the_last_moment_counts(backend: Backend) -> None:
    escalation = await answered(backend)
    assert (await edit(backend, escalation, "No.", seconds=GRACE.total_seconds())).applied


async def test_the_same_edit_counts_once_and_an_older_one_not_after_a_newer(
    backend: Backend,
) -> None:
    escalation = await answered(backend)
    results = [
        await edit(backend, escalation, text, seconds=seconds)
        for text, seconds in (("first", 5), ("first", 5), ("second", 8), ("first", 5))
    ]
    assert [each.applied for each in results] == [True, False, True, False]
    assert texts(results[-1].escalation) == ("second", None)


@pytest.mark.parametrize("state", [State.TIMED_OUT, State.DECLINED, State.CANCELLED])
async def test_only_an_answer_is_corrected(backend: Backend, state: State) -> None:
    asked = (await backend.store.accept(an_ask())).escalation
    await backend.store.conclude(asked.id, an_outcome(asked, state, at=backend.clock.now))
    if state is State.TIMED_OUT:
        await backend.store.keep_late_answer(asked.id, an_outcome(asked, at=backend.clock.now))
    before = await backend.store.get(asked.id)
    assert not (await edit(backend, asked, "Yes.")).applied
    assert await backend.store.get(asked.id) == before


async def test_an_edit_of_what_is_not_kept_tells_so(backend: Backend) -> None:
    escalation = await answered(backend)
    correction = a_correction(escalation, "x", seconds=1)
    assert await backend.corrections.correct("01UNKNOWN", correction) is None


async def test_an_edit_that_a_relieved_listener_heard_is_left_to_the_new_one(
    backend: Backend,
) -> None:
    first, second = backend.workers(2)
    old = await first.hold()
    await first.release()
    new = await second.hold()
    escalation = await answered(backend)
    refused = await edit(backend, escalation, "x", hold=old)
    assert (refused.applied, refused.fenced) == (False, True)
    assert (await edit(backend, escalation, "x", hold=new)).applied


async def test_of_an_edit_and_a_reader_at_one_moment_all_readers_see_one_answer(
    backend: Backend,
) -> None:
    escalation = await answered(backend)
    read: list[Outcome | None] = []

    async def reads() -> None:
        handed = await backend.store.hand_over(escalation.id)
        assert handed is not None
        read.append(handed.outcome)

    async with asyncio.TaskGroup() as group:
        for number in range(6):
            group.create_task(reads())
            group.create_task(edit(backend, escalation, f"edit {number}", seconds=1 + number))
    kept = await backend.store.get(escalation.id)
    assert kept is not None
    assert {each.text for each in read if each} == {texts(kept)[0]}


async def test_a_correction_is_delivered_for_itself(backend: Backend) -> None:
    escalation = await answered(backend)
    await backend.store.hand_over(escalation.id)
    await backend.store.note_delivery(escalation.id, News.OUTCOME)
    corrected = (await edit(backend, escalation, "Yes, 15 %.")).escalation
    assert not corrected.is_delivered, "the correction is news"
    await backend.store.hand_over(escalation.id)
    told = await backend.store.note_delivery(escalation.id, News.LATE_ANSWER)
    assert told is not None
    assert told.escalation.is_delivered


async def test_what_may_be_corrected_is_listed_until_all_edits_in_its_time_were_heard(
    backend: Backend,
) -> None:
    corrections, began = backend.corrections, backend.clock.now
    first = await answered(backend)
    backend.clock.advance(seconds=60)
    second = await answered(backend)
    await answered(backend, grace=None)
    assert await corrections.correctable() == [first.id, second.id]
    over = began + GRACE
    assert await corrections.correctable(before=over - timedelta(seconds=1)) == []
    assert await corrections.correctable(before=over) == [first.id]

    assert not await corrections.end_grace(first.id, None)
    assert not await corrections.end_grace(first.id, over - timedelta(milliseconds=1))
    assert await corrections.correctable() == [first.id, second.id]
    assert await corrections.end_grace(first.id, over)
    assert not await corrections.end_grace(first.id, over)
    assert await corrections.correctable() == [second.id]
    kept = await backend.store.get(first.id)
    assert kept is not None
    assert kept.grace_over
    assert (await edit(backend, first, "heard late", seconds=1)).applied, "it was made in time"

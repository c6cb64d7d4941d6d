from __future__ import annotations

from datetime import timedelta

from support.make import an_ask, an_outcome

from contract.conftest import Backend
from shared.attachment import Attachment
from shared.escalation import State

IMAGE = {"0": "aW1hZ2U=", "1": "YW5vdGhlcg=="}
PHOTO = Attachment(
    name="photo.png", url="https://cdn/a.png", media_type="image/png", size=5, content="0"
)


async def test_what_is_kept_is_read_by_its_answer_alone(backend: Backend) -> None:
    escalation = (await backend.store.accept(an_ask())).escalation
    assert await backend.files.keep(escalation.id, "m1", IMAGE)
    assert await backend.files.read(escalation.id, "m1") == IMAGE
    assert await backend.files.read(escalation.id, "m2") == {}
    assert await backend.files.read("01ARZ3NDEKTSV4RRFFQ69G5FAV", "m1") == {}


async def test_whoever_gets_fewer_images_of_the_same_message_drops_none_of_the_others(
    backend: Backend,
) -> None:
    escalation = (await backend.store.accept(an_ask())).escalation
    await backend.files.keep(escalation.id, "m1", IMAGE)
    assert await backend.files.keep(escalation.id, "m1", {"1": IMAGE["1"]})
    assert await backend.files.read(escalation.id, "m1") == IMAGE


async def test_an_accepted_answers_images_are_changed_by_nobody(backend: Backend) -> None:
    escalation = (await backend.store.accept(an_ask())).escalation
    await backend.files.keep(escalation.id, "m1", IMAGE)
    await backend.store.conclude(escalation.id, an_outcome(escalation, at=backend.clock.now))
    assert not await backend.files.keep(escalation.id, "m1", {"0": "b3RoZXI="})
    assert await backend.files.read(escalation.id, "m1") == IMAGE


async def test_a_late_answers_images_are_kept_until_there_is_one(backend: Backend) -> None:
    escalation, now = (await backend.store.accept(an_ask())).escalation, backend.clock.now
    timed_out = an_outcome(escalation, State.TIMED_OUT, at=now, source=None)
    await backend.store.conclude(escalation.id, timed_out)
    assert await backend.files.keep(escalation.id, "m1", IMAGE)
    await backend.store.keep_late_answer(escalation.id, an_outcome(escalation, at=now))
    assert not await backend.files.keep(escalation.id, "m1", {"0": "b3RoZXI="})
    assert await backend.files.read(escalation.id, "m1") == IMAGE


async def test_nothing_is_kept_for_a_question_that_is_not(backend: Backend) -> None:
    unknown = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    assert not await backend.files.keep(unknown, "m1", IMAGE)
    assert await backend.files.read(unknown, "m1") == {}


async def test_what_is_forgotten_is_gone_and_can_be_forgotten_again(backend: Backend) -> None:
    escalation = (await backend.store.accept(an_ask())).escalation
    await backend.files.keep(escalation.id, "m1", IMAGE)
    await backend.files.forget(escalation.id, "m1")
    await backend.files.forget(escalation.id, "m1")
    assert await backend.files.read(escalation.id, "m1") == {}


async def test_what_a_relieved_listener_heard_is_not_kept(backend: Backend) -> None:
    escalation = (await backend.store.accept(an_ask())).escalation
    first, second = backend.workers(2, length=timedelta(seconds=0.001))
    old = await first.hold()
    assert old is not None
    await first.release()
    new = await second.hold()
    assert new is not None
    assert not await backend.files.keep(escalation.id, "m1", IMAGE, old)
    assert await backend.files.read(escalation.id, "m1") == {}
    assert await backend.files.keep(escalation.id, "m1", IMAGE, new)


async def test_an_answers_files_stand_in_its_record_as_they_were_given(backend: Backend) -> None:
    escalation = (await backend.store.accept(an_ask())).escalation
    outcome = an_outcome(escalation, at=backend.clock.now, text=None)
    outcome = outcome.model_copy(update={"attachments": (PHOTO,)})
    await backend.store.conclude(escalation.id, outcome)
    read = await backend.store.get(escalation.id)
    assert read is not None
    assert read.outcome == outcome
    reply = await backend.waiter.wait(escalation.id, seconds=5)
    assert reply == outcome

"""What was heard, and that a listener which was relieved changes nothing any more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from support.make import a_posting, an_ask, an_outcome

from contract.conftest import Backend
from shared.escalation import DEFAULT_BOT, Escalation, State
from shared.ports.hold import Hold

BILLING = "BILLING_TOKEN"
MOMENT = datetime(2026, 1, 1, 12, tzinfo=UTC)


async def relieved(backend: Backend, bot: str = DEFAULT_BOT) -> tuple[Hold, Hold]:
    """Let a second worker take the slot from the first; return both holds."""
    first, second = backend.workers(2, bot=bot)
    old = await first.hold()
    await first.release()
    new = await second.hold()
    assert old is not None
    assert new is not None
    return old, new


async def asked(backend: Backend) -> Escalation:
    return (await backend.store.accept(an_ask())).escalation


async def test_an_answer_that_a_relieved_listener_heard_is_left_to_the_new_one(
    backend: Backend,
) -> None:
    old, new = await relieved(backend)
    escalation = await asked(backend)
    outcome = an_outcome(escalation, at=backend.clock.now)
    refused = await backend.store.conclude(escalation.id, outcome, old)
    assert refused is not None
    assert (refused.applied, refused.fenced) == (False, True)
    assert refused.escalation.state is State.QUEUED
    assert await backend.waiter.wait(escalation.id, seconds=0) is None
    taken = await backend.store.conclude(escalation.id, outcome, new)
    assert taken is not None
    assert (taken.applied, taken.fenced) == (True, False)


async def test_a_late_answer_that_a_relieved_listener_heard_is_left_to_the_new_one(
    backend: Backend,
) -> None:
    old, new = await relieved(backend)
    escalation = await asked(backend)
    timed_out = an_outcome(escalation, State.TIMED_OUT, at=backend.clock.now, source=None)
    await backend.store.conclude(escalation.id, timed_out)
    answer = an_outcome(escalation, at=backend.clock.now)
    refused = await backend.store.keep_late_answer(escalation.id, answer, old)
    assert refused is not None
    assert refused.fenced
    assert refused.escalation.late_answer is None
    kept = await backend.store.keep_late_answer(escalation.id, answer, new)
    assert kept is not None
    assert kept.applied


async def test_who_listens_in_one_slot_is_not_fenced_by_who_takes_another(
    backend: Backend,
) -> None:
    first, second, third = backend.workers(3, slots=2)
    hold = await first.hold()
    await second.hold()
    await second.release()
    assert await third.hold() == Hold(1, 2)
    escalation = await asked(backend)
    outcome = an_outcome(escalation, at=backend.clock.now)
    taken = await backend.store.conclude(escalation.id, outcome, hold)
    assert taken is not None
    assert taken.applied


async def test_who_listens_for_one_bot_is_not_fenced_by_who_listens_for_another(
    backend: Backend,
) -> None:
    (listener,) = backend.workers(1)
    hold = await listener.hold()
    old, new = await relieved(backend, BILLING)
    escalation = await asked(backend)
    outcome = an_outcome(escalation, at=backend.clock.now)
    refused = await backend.store.conclude(escalation.id, outcome, old)
    assert refused is not None
    assert refused.fenced
    assert hold is not None
    assert hold.fence < new.fence
    taken = await backend.store.conclude(escalation.id, outcome, hold)
    assert taken is not None
    assert taken.applied


async def test_what_one_bot_shows_is_not_found_and_not_read_by_another(backend: Backend) -> None:
    first = await asked(backend)
    second = (await backend.store.accept(an_ask("Another?"))).escalation
    log, hearing = backend.log, backend.hearing
    await log.note_posting(first.id, a_posting("9001"), complete=True)
    await log.note_posting(second.id, a_posting("9002", bot=BILLING), complete=True)
    for bot, own, other in ((DEFAULT_BOT, "9001", "9002"), (BILLING, "9002", "9001")):
        assert await log.find(bot, own) is not None
        assert await log.find(bot, other) is None
        assert await hearing.cursors(bot, ["9001", "9002"]) == {own: own}
    postings = await hearing.open_postings()
    assert {each.bot for each in postings.values()} == {DEFAULT_BOT, BILLING}


async def test_each_bot_has_heard_all_until_a_moment_of_its_own(backend: Backend) -> None:
    hearing = backend.hearing
    assert await hearing.note_heard_until(MOMENT, Hold(0, 1))
    assert await hearing.heard_until(BILLING) is None
    later = MOMENT + timedelta(seconds=9)
    assert await hearing.note_heard_until(later, Hold(0, 1, BILLING))
    assert await hearing.heard_until(BILLING) == later
    assert await hearing.heard_until(DEFAULT_BOT) == MOMENT


async def test_a_slot_of_which_nothing_is_known_fences_nobody(backend: Backend) -> None:
    escalation = await asked(backend)
    outcome = an_outcome(escalation, at=backend.clock.now)
    taken = await backend.store.conclude(escalation.id, outcome, Hold(0, 7))
    assert taken is not None
    assert taken.applied


async def test_a_cursor_only_moves_forward_and_compares_as_a_number(backend: Backend) -> None:
    escalation, hold = await asked(backend), Hold(0, 1)
    await backend.log.note_posting(escalation.id, a_posting("1182731077223653381"), complete=True)
    reference = "1182731077223653381"
    assert await backend.hearing.cursors(DEFAULT_BOT, [reference, "42"]) == {reference: reference}
    for heard, expected in (
        ("1182731077223653390", "1182731077223653390"),
        ("1182731077223653389", "1182731077223653390"),
        ("999999999999999999", "1182731077223653390"),
        ("1182731077223653391", "1182731077223653391"),
    ):
        await backend.hearing.note_heard(escalation.id, heard, hold)
        assert await backend.hearing.cursors(DEFAULT_BOT, [reference]) == {reference: expected}


async def test_a_relieved_listener_moves_no_cursor_gives_no_notice_and_vouches_for_nothing(
    backend: Backend,
) -> None:
    old, new = await relieved(backend)
    escalation, hearing = await asked(backend), backend.hearing
    await backend.log.note_posting(escalation.id, a_posting("9001"), complete=True)
    await hearing.note_heard(escalation.id, "9009", old)
    assert not await hearing.first_notice("9009", old)
    assert not await hearing.note_heard_until(MOMENT, old)
    assert await hearing.cursors(DEFAULT_BOT, ["9001"]) == {"9001": "9001"}
    assert await hearing.heard_until(DEFAULT_BOT) is None
    await hearing.note_heard(escalation.id, "9009", new)
    assert await hearing.first_notice("9009", new)
    assert await hearing.note_heard_until(MOMENT, new)
    assert await hearing.cursors(DEFAULT_BOT, ["9001"]) == {"9001": "9009"}
    assert await hearing.heard_until(DEFAULT_BOT) == MOMENT


async def test_a_notice_is_given_once(backend: Backend) -> None:
    hold = Hold(0, 1)
    assert await backend.hearing.first_notice("m1", hold)
    assert not await backend.hearing.first_notice("m1", hold)
    assert await backend.hearing.first_notice("m2", hold)


async def test_until_when_all_was_heard_only_moves_forward(backend: Backend) -> None:
    hearing, hold = backend.hearing, Hold(0, 1)
    assert await hearing.heard_until(DEFAULT_BOT) is None
    for seconds, expected in ((0, 0), (5, 5), (3, 5)):
        assert await hearing.note_heard_until(MOMENT + timedelta(seconds=seconds), hold)
        assert await hearing.heard_until(DEFAULT_BOT) == MOMENT + timedelta(seconds=expected)


async def test_every_open_question_that_is_shown_is_listed_however_many_there_are(
    backend: Backend,
) -> None:
    shown: set[str] = set()
    for number in range(510):
        escalation = (await backend.store.accept(an_ask(f"{number}?"))).escalation
        if number % 100:
            posting = a_posting(str(9000 + number))
            await backend.log.note_posting(escalation.id, posting, complete=True)
            shown.add(escalation.id)
    ended = shown.pop()
    escalation = await backend.store.get(ended)
    assert escalation is not None
    await backend.store.conclude(ended, an_outcome(escalation, at=backend.clock.now))
    postings = await backend.hearing.open_postings()
    assert set(postings) == shown
    assert len({posting.reference for posting in postings.values()}) == len(shown)


async def test_a_question_that_may_have_been_shown_before_is_read_from_its_beginning_once(
    backend: Backend,
) -> None:
    old, new = await relieved(backend)
    first, again = await asked(backend), await asked(backend)
    await backend.log.note_posting(first.id, a_posting("1"), complete=True)
    await backend.log.note_posting(again.id, a_posting("2"), complete=False, shown_before=True)
    assert await backend.hearing.unread() == {}, "it is not all there yet"
    await backend.log.note_posting(again.id, a_posting("2"), complete=True, shown_before=True)
    assert await backend.hearing.unread() == {again.id: a_posting("2")}
    await backend.hearing.note_read(again.id, old)
    assert await backend.hearing.unread() == {again.id: a_posting("2")}, "the next one reads it"
    await backend.hearing.note_read(again.id, new)
    assert await backend.hearing.unread() == {}

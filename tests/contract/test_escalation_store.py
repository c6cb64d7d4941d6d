from __future__ import annotations

import asyncio

import pytest
from support.make import a_posting, an_ask, an_outcome

from contract.conftest import Backend
from shared.escalation import DEFAULT_BOT, FINAL_STATES, OPEN_STATES, News, State


async def test_an_accepted_question_reads_back_as_it_was_accepted(backend: Backend) -> None:
    accepted = await backend.store.accept(an_ask("Größe 42½, ja? 👟", conversation_id="c1"))
    assert not accepted.joined
    assert accepted.escalation.state is State.QUEUED
    assert await backend.store.get(accepted.escalation.id) == accepted.escalation


async def test_an_unknown_id_reads_as_nothing(backend: Backend) -> None:
    assert await backend.store.get("01ARZ3NDEKTSV4RRFFQ69G5FAV") is None


async def test_the_same_idempotency_key_gives_the_same_escalation_even_after_its_end(
    backend: Backend,
) -> None:
    first = (await backend.store.accept(an_ask(key="k"))).escalation
    await backend.store.conclude(first.id, an_outcome(first, at=backend.clock.now))
    again = await backend.store.accept(an_ask("worded otherwise", key="k"))
    assert again.joined
    assert again.escalation.id == first.id
    assert again.escalation.state is State.ANSWERED


async def test_another_agent_with_the_same_key_gets_its_own_escalation(backend: Backend) -> None:
    ours = await backend.store.accept(an_ask(agent="shop", key="k"))
    theirs = await backend.store.accept(an_ask(agent="bank", key="k"))
    assert not theirs.joined
    assert theirs.escalation.id != ours.escalation.id


async def test_an_identical_open_question_is_joined(backend: Backend) -> None:
    first = await backend.store.accept(an_ask(conversation_id="c1"))
    again = await backend.store.accept(an_ask(conversation_id="c1"))
    assert again.joined
    assert again.escalation.id == first.escalation.id


async def test_an_identical_question_of_another_conversation_is_not_joined(
    backend: Backend,
) -> None:
    first = await backend.store.accept(an_ask(conversation_id="c1"))
    other = await backend.store.accept(an_ask(conversation_id="c2"))
    assert other.escalation.id != first.escalation.id


async def test_an_identical_question_is_asked_anew_once_the_first_has_ended(
    backend: Backend,
) -> None:
    first = (await backend.store.accept(an_ask())).escalation
    await backend.store.conclude(first.id, an_outcome(first, at=backend.clock.now))
    again = await backend.store.accept(an_ask())
    assert not again.joined


async def test_a_key_that_was_made_joins_what_is_open_and_finds_it_after_its_end(
    backend: Backend,
) -> None:
    async def ask(key: str | None, *, joins: bool = True) -> str:
        asked = an_ask(key=key).model_copy(update={"joins": joins})
        return (await backend.store.accept(asked)).escalation.id

    first = await ask("made-1")
    assert await ask("made-2") == first
    assert await ask(None) == first
    assert await ask("chosen", joins=False) != first
    opened = await backend.store.get(first)
    assert opened is not None
    await backend.store.conclude(first, an_outcome(opened, at=backend.clock.now))
    assert await ask("made-2") == first
    assert await ask("made-1") == first
    assert await ask("made-3") != first


async def test_simultaneous_asks_with_one_key_make_one_escalation(backend: Backend) -> None:
    accepted = await asyncio.gather(*(backend.store.accept(an_ask(key="k")) for _ in range(20)))
    assert len({each.escalation.id for each in accepted}) == 1
    assert sum(not each.joined for each in accepted) == 1


async def test_of_many_simultaneous_answers_one_is_applied_and_all_see_it(
    backend: Backend,
) -> None:
    escalation = (await backend.store.accept(an_ask())).escalation
    results = await asyncio.gather(
        *(
            backend.store.conclude(
                escalation.id,
                an_outcome(escalation, at=backend.clock.now, text=f"no. {n}", source=f"m{n}"),
            )
            for n in range(20)
        )
    )
    concluded = [each for each in results if each is not None]
    assert sum(each.applied for each in concluded) == 1
    texts = {each.escalation.outcome.text for each in concluded if each.escalation.outcome}
    assert len(texts) == 1


@pytest.mark.parametrize("first", sorted(FINAL_STATES))
@pytest.mark.parametrize("second", sorted(FINAL_STATES))
async def test_a_final_state_is_never_left(backend: Backend, first: State, second: State) -> None:
    escalation = (await backend.store.accept(an_ask())).escalation
    await backend.store.conclude(escalation.id, an_outcome(escalation, first, at=backend.clock.now))
    attempt = await backend.store.conclude(
        escalation.id, an_outcome(escalation, second, at=backend.clock.now, source="m2")
    )
    assert attempt is not None
    assert not attempt.applied
    assert attempt.escalation.state is first


async def test_concluding_what_is_not_kept_tells_so(backend: Backend) -> None:
    escalation = (await backend.store.accept(an_ask())).escalation
    outcome = an_outcome(escalation, at=backend.clock.now)
    assert await backend.store.conclude("01ARZ3NDEKTSV4RRFFQ69G5FAV", outcome) is None


async def test_a_late_answer_is_kept_once_and_beside_the_time_out(backend: Backend) -> None:
    escalation = (await backend.store.accept(an_ask())).escalation
    answer = an_outcome(escalation, at=backend.clock.now)
    early = await backend.store.keep_late_answer(escalation.id, answer)
    assert early is not None
    assert not early.applied
    await backend.store.conclude(
        escalation.id, an_outcome(escalation, State.TIMED_OUT, at=backend.clock.now)
    )
    late = await backend.store.keep_late_answer(escalation.id, answer)
    assert late is not None
    assert late.applied
    second = await backend.store.keep_late_answer(
        escalation.id, an_outcome(escalation, at=backend.clock.now, text="other", source="m2")
    )
    assert second is not None
    assert not second.applied
    assert second.escalation.state is State.TIMED_OUT
    assert second.escalation.late_answer == answer


async def test_an_agents_questions_are_listed_newest_first_and_filtered(backend: Backend) -> None:
    ids: list[str] = []
    for number, conversation in enumerate(("c1", "c2", "c1")):
        backend.clock.advance(seconds=1)
        ask = an_ask(f"question {number}", conversation_id=conversation)
        ids.append((await backend.store.accept(ask)).escalation.id)
    await backend.store.accept(an_ask(agent="another"))
    first = await backend.store.get(ids[0])
    assert first is not None
    await backend.store.conclude(first.id, an_outcome(first, at=backend.clock.now))

    async def listed(**filters: object) -> list[str]:
        found = await backend.store.list_for_tenant("shop", **filters)  # pyright: ignore[reportArgumentType]
        return [each.id for each in found]

    assert await listed() == ids[::-1]
    assert await listed(conversation_id="c1") == [ids[2], ids[0]]
    assert await listed(states=frozenset({State.ANSWERED})) == [ids[0]]
    assert await listed(states=OPEN_STATES) == [ids[2], ids[1]]
    assert await listed(conversation_id="c2", states=frozenset({State.ANSWERED})) == []


async def test_an_open_question_is_found_behind_a_hundred_that_have_ended(
    backend: Backend,
) -> None:
    still_open = (await backend.store.accept(an_ask("still open"))).escalation
    for number in range(100):
        backend.clock.advance(seconds=1)
        ended = (await backend.store.accept(an_ask(f"ended {number}"))).escalation
        await backend.store.conclude(ended.id, an_outcome(ended, at=backend.clock.now))
    found = await backend.store.list_for_tenant("shop", states=OPEN_STATES)
    assert [each.id for each in found] == [still_open.id]
    assert len(await backend.store.list_for_tenant("shop")) == 100


async def test_open_questions_are_listed_by_deadline(backend: Backend) -> None:
    later = (await backend.store.accept(an_ask("later", timeout=900))).escalation
    sooner = (await backend.store.accept(an_ask("sooner", timeout=60))).escalation
    ended = (await backend.store.accept(an_ask("ended"))).escalation
    await backend.store.conclude(ended.id, an_outcome(ended, at=backend.clock.now))
    assert [each.id for each in await backend.store.list_open()] == [sooner.id, later.id]


async def test_a_waiter_is_woken_by_the_outcome(backend: Backend) -> None:
    escalation = (await backend.store.accept(an_ask())).escalation
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        waits = [group.create_task(backend.waiter.wait(escalation.id, seconds=4)) for _ in range(3)]
        outcome = an_outcome(escalation, at=backend.clock.now)
        await backend.store.conclude(escalation.id, outcome)
    assert [wait.result() for wait in waits] == [outcome] * 3


async def test_an_outcome_that_was_there_before_is_returned_at_once_and_again(
    backend: Backend,
) -> None:
    escalation = (await backend.store.accept(an_ask())).escalation
    outcome = an_outcome(escalation, at=backend.clock.now)
    await backend.store.conclude(escalation.id, outcome)
    async with asyncio.timeout(1):
        assert await backend.waiter.wait(escalation.id, seconds=30) == outcome
        assert await backend.waiter.wait(escalation.id, seconds=30) == outcome


async def test_a_delivery_is_noted_once_and_only_of_what_there_is_to_tell(
    backend: Backend,
) -> None:
    store = backend.store
    escalation = (await store.accept(an_ask())).escalation
    early = await store.note_delivery(escalation.id, News.OUTCOME)
    assert early is not None
    assert not early.applied
    ended = an_outcome(escalation, State.TIMED_OUT, at=backend.clock.now)
    await store.conclude(escalation.id, ended)
    first = await store.note_delivery(escalation.id, News.OUTCOME)
    backend.clock.advance(seconds=5)
    again = await store.note_delivery(escalation.id, News.OUTCOME)
    assert first is not None
    assert again is not None
    assert (first.applied, again.applied) == (True, False)
    assert again.escalation.delivered_at == first.escalation.delivered_at
    assert again.escalation.is_delivered

    answer = an_outcome(escalation, at=backend.clock.now)
    kept = await store.keep_late_answer(escalation.id, answer)
    assert kept is not None
    assert not kept.escalation.is_delivered, "the late answer is news"
    told = await store.note_delivery(escalation.id, News.LATE_ANSWER)
    assert told is not None
    assert told.escalation.is_delivered
    assert await store.get(escalation.id) == told.escalation
    assert await store.note_delivery("01UNKNOWN", News.OUTCOME) is None


async def test_a_wait_without_an_outcome_ends_after_its_time(backend: Backend) -> None:
    escalation = (await backend.store.accept(an_ask())).escalation
    assert await backend.waiter.wait(escalation.id, seconds=0.05) is None


async def test_a_posting_is_remembered_and_found_by_its_reference(backend: Backend) -> None:
    escalation = (await backend.store.accept(an_ask())).escalation
    started = await backend.log.note_posting(escalation.id, a_posting("77"), complete=False)
    assert started is State.QUEUED
    assert await backend.log.find(DEFAULT_BOT, "77") == escalation.id
    done = await backend.log.note_posting(escalation.id, a_posting("77"), complete=True)
    assert done is State.POSTED
    read = await backend.store.get(escalation.id)
    assert read is not None
    assert read.posting == a_posting("77")
    assert await backend.log.find(DEFAULT_BOT, "78") is None


async def test_a_question_that_ended_while_it_was_posted_keeps_its_state_and_its_posting(
    backend: Backend,
) -> None:
    escalation = (await backend.store.accept(an_ask())).escalation
    await backend.store.conclude(
        escalation.id, an_outcome(escalation, State.CANCELLED, at=backend.clock.now)
    )
    state = await backend.log.note_posting(escalation.id, a_posting(), complete=True)
    assert state is State.CANCELLED
    read = await backend.store.get(escalation.id)
    assert read is not None
    assert read.posting == a_posting()


async def test_one_worker_at_a_time_may_post_and_a_posted_question_is_left_alone(
    backend: Backend,
) -> None:
    escalation = (await backend.store.accept(an_ask())).escalation
    leases = await asyncio.gather(*(backend.log.lease(escalation.id) for _ in range(10)))
    granted = [lease for lease in leases if lease.verdict == "granted"]
    assert len(granted) == 1
    assert granted[0].attempt == 1
    assert {lease.verdict for lease in leases} == {"granted", "held"}
    assert await backend.log.renew(granted[0])
    await backend.log.release(granted[0])
    assert not await backend.log.renew(granted[0])

    second = await backend.log.lease(escalation.id)
    assert second.verdict == "granted"
    assert second.attempt == 2
    await backend.log.note_posting(escalation.id, a_posting(), complete=True)
    await backend.log.release(second)
    assert (await backend.log.lease(escalation.id)).verdict == "not_needed"

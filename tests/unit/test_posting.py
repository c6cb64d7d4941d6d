from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from support.make import a_posting, a_remark, an_ask, an_outcome

from escalation_worker.posting import PostingDesk
from shared.errors import ChannelRejectedError, ChannelUnavailableError
from shared.escalation import Escalation, Posting, State
from shared.memory.discussion import MemoryDiscussion
from shared.memory.escalations import MemoryEscalations
from shared.ports.channel import PostingJournal
from shared.ports.clock import utc_now


class FakeChannel:
    """A fake of `HumanChannel` that remembers what it was asked to show."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.posted: list[tuple[str, int]] = []
        self.shown: list[State] = []
        self.entered = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def post(self, escalation: Escalation, journal: PostingJournal) -> Posting:
        self.entered.set()
        await self.go_on.wait()
        if self.failure is not None:
            raise self.failure
        await journal.started(a_posting())
        self.posted.append((escalation.id, journal.attempt))
        return a_posting()

    async def show_outcome(self, escalation: Escalation) -> None:
        self.shown.append(escalation.state)


@pytest.fixture
def store() -> MemoryEscalations:
    return MemoryEscalations()


@pytest.fixture
async def asked(store: MemoryEscalations) -> Escalation:
    return (await store.accept(an_ask())).escalation


async def state_of(store: MemoryEscalations, escalation: Escalation) -> State:
    """Read the state now."""
    read = await store.get(escalation.id)
    assert read is not None
    return read.state


async def test_a_queued_question_is_posted_once_however_often_the_job_runs(
    store: MemoryEscalations, asked: Escalation
) -> None:
    channel = FakeChannel()
    desk = PostingDesk(store, store, channel)
    await asyncio.gather(*(desk.post(asked.id) for _ in range(5)))
    await desk.post(asked.id)
    assert channel.posted == [(asked.id, 1)]
    assert await state_of(store, asked) is State.POSTED


async def test_a_channel_that_is_away_leaves_the_question_queued_for_a_second_attempt(
    store: MemoryEscalations, asked: Escalation
) -> None:
    channel = FakeChannel(ChannelUnavailableError("away"))
    desk = PostingDesk(store, store, channel)
    with pytest.raises(ChannelUnavailableError):
        await desk.post(asked.id)
    assert await state_of(store, asked) is State.QUEUED
    channel.failure = None
    await desk.post(asked.id)
    assert channel.posted == [(asked.id, 2)]


async def test_a_channel_that_refuses_makes_the_question_undeliverable_with_the_mend(
    store: MemoryEscalations, asked: Escalation
) -> None:
    await PostingDesk(store, store, FakeChannel(ChannelRejectedError("invite the bot"))).post(
        asked.id
    )
    read = await store.get(asked.id)
    assert read is not None
    assert read.state is State.UNDELIVERABLE
    assert read.outcome is not None
    assert read.outcome.reason == "invite the bot"


async def test_a_question_that_ends_while_it_is_posted_is_shown_as_ended(
    store: MemoryEscalations, asked: Escalation
) -> None:
    channel = FakeChannel()
    channel.go_on.clear()
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        group.create_task(PostingDesk(store, store, channel).post(asked.id))
        await channel.entered.wait()
        await store.conclude(
            asked.id, an_outcome(asked, State.CANCELLED, at=utc_now(), source=None)
        )
        channel.go_on.set()
    assert channel.shown == [State.CANCELLED]


async def test_a_question_that_is_asked_back_before_it_is_posted_is_posted_all_the_same(
    store: MemoryEscalations, asked: Escalation
) -> None:
    discussion, channel = MemoryDiscussion(store), FakeChannel()
    await discussion.remark(asked.id, a_remark(at=utc_now()))
    desk = PostingDesk(store, store, channel)
    for _ in range(2):
        await desk.post(asked.id)
    assert channel.posted == [(asked.id, 1)]
    assert await state_of(store, asked) is State.NEEDS_INFO


async def test_a_cancelled_job_gives_its_lease_back_at_once(
    store: MemoryEscalations, asked: Escalation
) -> None:
    channel = FakeChannel()
    channel.go_on.clear()
    desk = PostingDesk(store, store, channel)
    async with asyncio.timeout(5):
        posting = asyncio.create_task(desk.post(asked.id))
        await channel.entered.wait()
        posting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await posting
        channel.go_on.set()
        await desk.post(asked.id)
    assert channel.posted == [(asked.id, 2)]


async def test_nobody_is_asked_after_the_deadline() -> None:
    store = MemoryEscalations()
    asked = (await store.accept(an_ask(timeout=60))).escalation
    channel = FakeChannel()
    desk = PostingDesk(store, store, channel, clock=lambda: utc_now() + timedelta(minutes=5))
    await desk.post(asked.id)
    assert channel.posted == []

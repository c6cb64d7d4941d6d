from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, cast

import pytest
from fakeredis import FakeAsyncRedis
from support.clock import SteppedClock
from support.make import a_posting, an_ask, an_outcome

from escalation_worker.concluding import Concluding
from shared.errors import ChannelUnavailableError
from shared.escalation import ChannelKind, Escalation, Posting, State
from shared.ports.channel import PostingJournal
from shared.ports.hold import Hold
from shared.redis_adapter.hearing import RedisHearing
from shared.redis_adapter.keys import Keys
from shared.redis_adapter.posting import RedisPostingLog
from shared.redis_adapter.store import RedisEscalationStore


class FakeChannel:
    """A fake of `HumanChannel` that only remembers outcomes."""

    def __init__(self) -> None:
        self.away = False
        self.shown: list[State] = []

    async def post(self, escalation: Escalation, journal: PostingJournal) -> Posting:
        raise AssertionError("nothing is posted here")

    async def show_outcome(self, escalation: Escalation) -> None:
        if self.away:
            raise ChannelUnavailableError("away")
        self.shown.append(escalation.state)


@dataclass(frozen=True, slots=True)
class Setting:
    """What a test moves."""

    store: RedisEscalationStore
    log: RedisPostingLog
    hearing: RedisHearing
    channel: FakeChannel
    concluding: Concluding
    clock: SteppedClock
    redis: FakeAsyncRedis

    async def ask(self, posting: Posting | None = None) -> Escalation:
        """Accept a question, posted if a posting is given."""
        escalation = (await self.store.accept(an_ask(timeout=60))).escalation
        if posting is not None:
            await self.log.note_posting(escalation.id, posting, complete=True)
        return escalation

    async def state(self, escalation: Escalation) -> State:
        """Read the state now."""
        read = await self.store.get(escalation.id)
        assert read is not None
        return read.state


@pytest.fixture
async def setting() -> AsyncGenerator[Setting]:
    """Build the use-case over fakeredis."""
    clock, channel = SteppedClock(), FakeChannel()
    async with FakeAsyncRedis(decode_responses=True) as redis:
        store = RedisEscalationStore(redis, Keys(), clock=clock)
        log = RedisPostingLog(redis, Keys(), clock=clock)
        hearing = RedisHearing(redis, Keys())
        concluding = Concluding(store, log, channel, hearing.heard_until, clock=clock)
        yield Setting(store, log, hearing, channel, concluding, clock, redis)


async def test_whether_all_was_heard_is_asked_of_the_bot_that_shows_the_question(
    setting: Setting,
) -> None:
    escalation = await setting.ask(a_posting(bot="BILLING_TOKEN"))
    setting.clock.advance(seconds=61)
    await setting.hearing.note_heard_until(setting.clock.now, Hold(0, 1))
    assert not await setting.concluding.expire(escalation.id), "another bot's listener said it"
    await setting.hearing.note_heard_until(setting.clock.now, Hold(0, 1, "BILLING_TOKEN"))
    assert await setting.concluding.expire(escalation.id)
    assert await setting.state(escalation) is State.TIMED_OUT


async def test_a_question_before_its_deadline_is_left_alone(setting: Setting) -> None:
    escalation = await setting.ask(a_posting())
    assert await setting.concluding.expire(escalation.id)
    assert await setting.state(escalation) is State.POSTED


async def test_a_posted_question_times_out_once_all_was_heard_that_was_written_in_time(
    setting: Setting,
) -> None:
    escalation = await setting.ask(a_posting())
    setting.clock.advance(seconds=59)
    await setting.hearing.note_heard_until(setting.clock.now, Hold(0, 1))
    setting.clock.advance(seconds=2)
    assert not await setting.concluding.expire(escalation.id), "the last second is still unheard"
    await setting.hearing.note_heard_until(escalation.deadline, Hold(0, 1))
    assert await setting.concluding.expire(escalation.id)
    assert await setting.state(escalation) is State.TIMED_OUT


async def test_it_waits_while_nobody_listens_but_not_for_ever(setting: Setting) -> None:
    escalation = await setting.ask(a_posting())
    setting.clock.advance(seconds=61)
    assert not await setting.concluding.expire(escalation.id)
    assert await setting.state(escalation) is State.POSTED
    setting.clock.advance(seconds=60)
    assert await setting.concluding.expire(escalation.id)
    assert await setting.state(escalation) is State.TIMED_OUT


async def test_what_is_on_the_desk_needs_no_listener(setting: Setting) -> None:
    posting = Posting(channel=ChannelKind.DESK, place="desk", reference="desk:1")
    escalation = await setting.ask(posting)
    setting.clock.advance(seconds=61)
    await setting.concluding.expire(escalation.id)
    assert await setting.state(escalation) is State.TIMED_OUT


async def test_what_nobody_ever_saw_is_undeliverable_and_not_timed_out(setting: Setting) -> None:
    escalation = await setting.ask()
    setting.clock.advance(seconds=61)
    await setting.concluding.expire(escalation.id)
    assert await setting.state(escalation) is State.UNDELIVERABLE


async def test_an_outcome_is_shown_once_and_one_that_could_not_be_shown_stays_due(
    setting: Setting,
) -> None:
    escalation = await setting.ask(a_posting())
    await setting.store.conclude(escalation.id, an_outcome(escalation, at=setting.clock.now))
    setting.channel.away = True
    with pytest.raises(ChannelUnavailableError):
        await setting.concluding.show_outcome(escalation.id)
    setting.channel.away = False
    await setting.concluding.show_outcome(escalation.id)
    await setting.concluding.show_outcome(escalation.id)
    assert setting.channel.shown == [State.ANSWERED]


async def test_the_sweep_ends_what_no_job_ended(setting: Setting) -> None:
    escalation = await setting.ask()
    setting.clock.advance(seconds=70)
    await setting.concluding.sweep()
    assert await setting.state(escalation) is State.UNDELIVERABLE


async def test_a_record_that_cannot_be_read_keeps_no_other_question_from_being_swept(
    setting: Setting,
) -> None:
    broken = await setting.ask()
    whole = (await setting.store.accept(an_ask("And what else?", timeout=60))).escalation
    record = Keys().record(broken.id)
    await cast("Any", setting.redis).hset(record, "state", "of a newer version")
    setting.clock.advance(seconds=70)
    await setting.concluding.sweep()
    assert await setting.state(whole) is State.UNDELIVERABLE

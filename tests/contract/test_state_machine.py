"""Any sequence of acts gives the same results in memory, on fakeredis and on the real server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar, cast
from uuid import uuid4

import pytest
from fakeredis import FakeAsyncRedis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from pydantic import SecretStr
from redis.asyncio import Redis
from support.clock import SteppedClock
from support.make import JON, MAYA, a_correction, a_posting, a_remark, a_vote, an_ask, an_outcome

from hitl.embedded_redis import EmbeddedRedis
from shared.escalation import (
    DEFAULT_BOT,
    FINAL_STATES,
    Author,
    Claim,
    Escalation,
    News,
    Person,
    State,
)
from shared.memory.corrections import MemoryCorrections
from shared.memory.discussion import MemoryDiscussion
from shared.memory.escalations import MemoryEscalations
from shared.memory.listening import MemoryListenerSlots, MemorySlots
from shared.memory.precedents import MemoryPrecedents
from shared.ports.corrections import Corrections
from shared.ports.discussion import Discussion
from shared.ports.escalations import Concluded, EscalationStore
from shared.ports.hold import Hold
from shared.ports.listening import ListenerSlots
from shared.ports.postings import LeaseVerdict, PostingLease, PostingLog
from shared.ports.precedents import Precedents
from shared.redis_adapter.connection import open_client
from shared.redis_adapter.corrections import RedisCorrections
from shared.redis_adapter.discussion import RedisDiscussion
from shared.redis_adapter.keys import Keys
from shared.redis_adapter.posting import RedisPostingLog
from shared.redis_adapter.precedents import RedisPrecedents
from shared.redis_adapter.slots import RedisListenerSlots
from shared.redis_adapter.store import RedisEscalationStore
from shared.settings import StoreSettings

T = TypeVar("T")
BOTS = (DEFAULT_BOT, "BILLING_TOKEN")


class Side:
    """One adapter, with its own ids for the questions that all sides know by number."""

    def __init__(
        self,
        store: EscalationStore,
        discussion: Discussion,
        corrections: Corrections,
        log: PostingLog,
        precedents: Precedents,
        make_slots: Callable[[str], ListenerSlots],
        unposted: Callable[[], Awaitable[Collection[str]]],
    ) -> None:
        self.store = store
        self.discussion = discussion
        self.corrections = corrections
        self.log = log
        self.precedents = precedents
        self.make_slots = make_slots
        self.unposted = unposted
        self.listeners = {bot: make_slots(bot) for bot in BOTS}
        self.ids: list[str] = []
        self.leases: list[PostingLease] = []

    def number(self, escalation: Escalation) -> int:
        """Name a question by its number, alike on every side."""
        if escalation.id not in self.ids:
            self.ids.append(escalation.id)
        return self.ids.index(escalation.id)


def told(concluded: Concluded | None) -> Any:
    """Say what came of an act, and all that people can see after it."""
    assert concluded is not None
    now = concluded.escalation
    return (
        concluded.applied,
        concluded.fenced,
        now.state,
        now.claim,
        now.claim_kept_at,
        now.assignments,
        now.remarks,
        now.votes,
        now.outcome,
    )


async def _members(redis: Redis, index: str) -> Collection[str]:
    """List what stands on an index."""
    return cast("list[str]", await redis.zrange(index, 0, -1))


class Escalations(RuleBasedStateMachine):
    """Acts on all sides at once and compares what each of them says."""

    questions = Bundle("questions")
    holds = Bundle("holds")
    valkey: EmbeddedRedis

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = SteppedClock()
        self.read: dict[int, Any] = {}
        """What an agent has read of each question's answer, and of a correction beside it."""
        self.unseen: set[int] = set()
        """Of which no complete posting was noted."""
        self.runner.run(self._open())

    async def _open(self) -> None:
        keys = Keys(f"machine-{uuid4().hex[:12]}")
        self.fake = FakeAsyncRedis(decode_responses=True)
        self.real: Redis = open_client(StoreSettings(redis_url=SecretStr(self.valkey.url)))
        memory = MemoryEscalations(clock=self.clock, lease=timedelta(hours=1))

        async def in_memory() -> Collection[str]:
            return memory.unposted

        fleets = {bot: MemorySlots(memory, bot) for bot in BOTS}
        self.sides = [
            Side(
                memory,
                MemoryDiscussion(memory),
                MemoryCorrections(memory),
                memory,
                MemoryPrecedents(memory, clock=self.clock, most=3),
                lambda bot: MemoryListenerSlots(fleets[bot]),
                in_memory,
            )
        ]
        for redis in (self.fake, self.real):
            self.sides.append(
                Side(
                    RedisEscalationStore(redis, keys, clock=self.clock),
                    RedisDiscussion(redis, keys, clock=self.clock),
                    RedisCorrections(redis, keys, clock=self.clock),
                    RedisPostingLog(redis, keys, clock=self.clock, lease=timedelta(hours=1)),
                    RedisPrecedents(redis, keys, clock=self.clock, most=3),
                    partial(RedisListenerSlots, redis, keys, slots=1),
                    partial(_members, redis, keys.unposted),
                )
            )

    def teardown(self) -> None:
        async def close() -> None:
            await self.fake.aclose()
            await self.real.aclose()

        self.runner.run(close())
        self.runner.close()

    def everywhere(self, act: Callable[[Side], Awaitable[T]]) -> T:
        """Do the same on every side; all must say the same."""

        async def all_sides() -> list[T]:
            return [await act(side) for side in self.sides]

        first, *others = self.runner.run(all_sides())
        assert all(other == first for other in others), (first, others)
        return first

    @rule(
        target=questions,
        text=st.sampled_from(["a", "b"]),
        key=st.sampled_from([None, None, "k1", "k2"]),
        agent=st.sampled_from(["shop", "bank"]),
        conversation=st.sampled_from([None, "c1", "c2"]),
    )
    def accept(self, text: str, key: str | None, agent: str, conversation: str | None) -> int:
        ask = an_ask(text, key=key, agent=agent, conversation_id=conversation, timeout=600)

        async def act(side: Side) -> tuple[int, bool, State]:
            accepted = await side.store.accept(ask)
            known = side.number(accepted.escalation)
            return known, accepted.joined, accepted.escalation.state

        number, joined, _ = self.everywhere(act)
        if not joined:
            self.unseen.add(number)
        return number

    @rule(
        question=questions,
        state=st.sampled_from(sorted(FINAL_STATES)),
        source=st.sampled_from(["m1", "m2"]),
        hold=st.none() | holds,
    )
    def conclude(self, question: int, state: State, source: str, hold: Hold | None) -> None:
        async def act(side: Side) -> Any:
            escalation = await side.store.get(side.ids[question])
            assert escalation is not None
            outcome = an_outcome(escalation, state, at=self.clock.now, source=source)
            concluded = await side.store.conclude(escalation.id, outcome, hold)
            assert concluded is not None
            ended = concluded.escalation
            return concluded.applied, concluded.fenced, ended.state, ended.outcome

        self.everywhere(act)

    @rule(question=questions, source=st.sampled_from(["m1", "m2"]), hold=st.none() | holds)
    def answer_for_now(self, question: int, source: str, hold: Hold | None) -> None:
        until = self.clock.now + timedelta(minutes=3)

        async def act(side: Side) -> Any:
            escalation = await side.store.get(side.ids[question])
            assert escalation is not None
            outcome = an_outcome(escalation, at=self.clock.now, source=source)
            outcome = outcome.model_copy(update={"correctable_until": until})
            return told(await side.store.conclude(escalation.id, outcome, hold))

        self.everywhere(act)

    @rule(
        question=questions,
        seconds=st.sampled_from([1, 2, 180, 181]),
        source=st.sampled_from(["m1", "m1", "m2"]),
        hold=st.none() | holds,
    )
    def edit(self, question: int, seconds: int, source: str, hold: Hold | None) -> None:
        async def act(side: Side) -> Any:
            escalation = await side.store.get(side.ids[question])
            assert escalation is not None
            edited = a_correction(escalation, f"edit {seconds}", seconds=seconds, source=source)
            noted = await side.corrections.correct(escalation.id, edited, hold)
            return told(noted), noted and noted.escalation.late_answer

        self.everywhere(act)

    @rule(question=questions)
    def hand_over(self, question: int) -> None:
        async def act(side: Side) -> Any:
            handed = await side.store.hand_over(side.ids[question])
            assert handed is not None
            assert not handed.may_still_change
            return handed.outcome, handed.late_answer, handed.handed_over_at

        outcome, late, _ = self.everywhere(act)
        if outcome is None or outcome.state is not State.ANSWERED:
            return
        known_outcome, known_late = self.read.setdefault(question, (outcome, late))
        assert outcome == known_outcome, "an agent has read another answer"
        assert known_late is None or late == known_late, "an agent has read another correction"
        self.read[question] = outcome, late

    @rule(question=questions)
    def end_grace(self, question: int) -> None:
        async def act(side: Side) -> Any:
            ended = await side.corrections.end_grace(side.ids[question], self.clock.now)
            known = [side.ids.index(each) for each in await side.corrections.correctable()]
            return ended, sorted(known)

        self.everywhere(act)

    @rule(target=holds, bot=st.sampled_from(BOTS))
    def relieve_the_listener(self, bot: str) -> Hold | None:
        async def act(side: Side) -> Hold | None:
            await side.listeners[bot].release()
            side.listeners[bot] = side.make_slots(bot)
            return await side.listeners[bot].hold()

        return self.everywhere(act)

    @rule(question=questions, hold=st.none() | holds)
    def answer_late(self, question: int, hold: Hold | None) -> None:
        async def act(side: Side) -> Any:
            escalation = await side.store.get(side.ids[question])
            assert escalation is not None
            answer = an_outcome(escalation, at=self.clock.now)
            kept = await side.store.keep_late_answer(escalation.id, answer, hold)
            assert kept is not None
            return kept.applied, kept.fenced, kept.escalation.late_answer

        self.everywhere(act)

    @rule(question=questions, news=st.sampled_from(News))
    def deliver(self, question: int, news: News) -> None:
        async def act(side: Side) -> Any:
            noted = await side.store.note_delivery(side.ids[question], news)
            assert noted is not None
            known = noted.escalation
            return (
                noted.applied,
                known.delivered_at,
                known.late_answer_delivered_at,
                known.is_delivered,
            )

        self.everywhere(act)

    @rule(question=questions, gone=st.booleans())
    def caller(self, question: int, gone: bool) -> None:
        async def act(side: Side) -> Any:
            noted = await side.store.note_caller(side.ids[question], gone=gone)
            assert noted is not None
            known = noted.escalation
            return noted.applied, known.state, known.caller_gone_at, known.departures

        self.everywhere(act)

    @rule(
        question=questions,
        author=st.sampled_from(Author),
        source=st.sampled_from(["r1", "r2", "r3"]),
        hold=st.none() | holds,
    )
    def remark(self, question: int, author: Author, source: str, hold: Hold | None) -> None:
        made = a_remark(author, at=self.clock.now, source=source)

        async def act(side: Side) -> Any:
            return told(await side.discussion.remark(side.ids[question], made, hold))

        self.everywhere(act)

    @rule(
        question=questions,
        by=st.sampled_from([MAYA, JON]),
        take_over=st.booleans(),
        assigned_by=st.none() | st.just(JON),
        source=st.sampled_from(["", "c1", "c2"]),
        hold=st.none() | holds,
    )
    def claim(
        self,
        question: int,
        by: Person,
        take_over: bool,
        assigned_by: Person | None,
        source: str,
        hold: Hold | None,
    ) -> None:
        claim = Claim(by=by, at=self.clock.now, assigned_by=assigned_by, source=source)

        async def act(side: Side) -> Any:
            return told(
                await side.discussion.claim(side.ids[question], claim, hold, take_over=take_over)
            )

        self.everywhere(act)

    @rule(
        question=questions,
        by=st.sampled_from([MAYA, JON]),
        seconds=st.integers(-6, 6),
        hold=st.none() | holds,
    )
    def keep_claim(self, question: int, by: Person, seconds: int, hold: Hold | None) -> None:
        at = self.clock.now.replace(microsecond=0) + timedelta(seconds=seconds)

        async def act(side: Side) -> Any:
            return told(await side.discussion.keep_claim(side.ids[question], by.id, at, hold))

        self.everywhere(act)

    @rule(
        question=questions,
        person_id=st.sampled_from([None, MAYA.id, JON.id]),
        source=st.sampled_from(["", "c1", "c2"]),
        hold=st.none() | holds,
    )
    def release(self, question: int, person_id: str | None, source: str, hold: Hold | None) -> None:
        async def act(side: Side) -> Any:
            return told(
                await side.discussion.release(side.ids[question], person_id, hold, source=source)
            )

        self.everywhere(act)

    @rule(
        question=questions,
        by=st.sampled_from([MAYA, JON]),
        approve=st.booleans(),
        needed=st.sampled_from([1, 2]),
        hold=st.none() | holds,
    )
    def vote(
        self, question: int, by: Person, approve: bool, needed: int, hold: Hold | None
    ) -> None:
        cast = a_vote(by, at=self.clock.now, approve=approve)

        async def act(side: Side) -> Any:
            escalation = await side.store.get(side.ids[question])
            assert escalation is not None
            outcome = an_outcome(escalation, at=self.clock.now, source=cast.source)
            decided = outcome.model_copy(update={"approved": approve})
            return told(
                await side.discussion.vote(escalation.id, cast, decided, hold, needed=needed)
            )

        self.everywhere(act)

    @rule(question=questions, give_back=st.booleans())
    def lease(self, question: int, give_back: bool) -> None:
        async def act(side: Side) -> Any:
            lease = await side.log.lease(side.ids[question])
            if give_back:
                await side.log.release(lease)
            return lease.verdict, lease.attempt, lease.escalation and lease.escalation.state

        verdict, _, state = self.everywhere(act)
        to_be_posted = question in self.unseen and (state is None or state.is_open)
        assert (verdict is LeaseVerdict.NOT_NEEDED) == (not to_be_posted)

    @rule(question=questions, complete=st.booleans(), bot=st.sampled_from(BOTS))
    def post(self, question: int, complete: bool, bot: str) -> None:
        async def act(side: Side) -> Any:
            posting = a_posting(f"90{question}", bot=bot)
            state = await side.log.note_posting(side.ids[question], posting, complete=complete)
            found = [await side.log.find(each, posting.reference) for each in BOTS]
            return state, [each == side.ids[question] for each in found]

        self.everywhere(act)
        if complete:
            self.unseen.discard(question)

    @rule(question=questions, route=st.sampled_from(["default", "billing"]))
    def remember(self, question: int, route: str) -> None:
        async def act(side: Side) -> Any:
            escalation = await side.store.get(side.ids[question])
            assert escalation is not None
            return await side.precedents.remember(route, escalation)

        self.everywhere(act)

    @rule(question=questions, route=st.sampled_from(["default", "billing"]))
    def look_back(self, question: int, route: str) -> None:
        async def act(side: Side) -> Any:
            escalation = await side.store.get(side.ids[question])
            assert escalation is not None
            found = await side.precedents.find(route, escalation, most=10)
            return sorted(side.ids.index(each) for each in found)

        self.everywhere(act)

    @rule(minutes=st.sampled_from([1, 6]))
    def let_time_pass(self, minutes: int) -> None:
        # No further: past their deadlines, real servers forget by a clock that the test can't move.
        if self.clock.now + timedelta(minutes=minutes) < self._sooner():
            self.clock.advance(minutes=minutes)

    @invariant()
    def what_is_open_and_seen_by_nobody_is_still_to_be_posted(self) -> None:
        async def act(side: Side) -> Any:
            to_be_posted = {side.ids.index(each) for each in await side.unposted()}
            opened = {side.number(each) for each in await side.store.list_open()}
            return to_be_posted, opened

        to_be_posted, opened = self.everywhere(act)
        assert to_be_posted == self.unseen & opened

    @invariant()
    def lists_agree(self) -> None:
        async def act(side: Side) -> Any:
            mine = await side.store.list_for_tenant("shop")
            talked_of = {
                each: await side.store.list_for_tenant("shop", conversation_id=each)
                for each in ("c1", "c2")
            }
            for conversation, found in talked_of.items():
                assert {each.id for each in found} == {
                    each.id for each in mine if each.question.conversation_id == conversation
                }
            opened = await side.store.list_open()
            return (
                sorted(side.number(each) for each in mine),
                sorted(side.number(each) for each in opened),
                {side.number(each): each.state for each in mine},
            )

        self.everywhere(act)

    def _sooner(self) -> Any:
        async def deadlines() -> list[Any]:
            return [each.deadline for each in await self.sides[0].store.list_open()]

        return min(self.runner.run(deadlines()), default=self.clock.now + timedelta(days=1))


@pytest.mark.timeout(180)
def test_every_sequence_of_acts_ends_alike_everywhere(valkey: EmbeddedRedis) -> None:
    machine = type("EscalationsHere", (Escalations,), {"valkey": valkey})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )

"""A policy as it runs, on a controlled clock: who is called when, and how it ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from support.clock import SteppedClock
from support.make import a_posting, a_remark, an_ask, an_outcome
from support.policy_runs import NOON, a_route

from escalation_worker.concluding import Concluding
from escalation_worker.escalating import Call, Escalating, first_call
from shared.errors import ChannelRejectedError, ChannelUnavailableError
from shared.escalation import Author, Claim, Escalation, Person, Provenance, State
from shared.memory.discussion import MemoryDiscussion
from shared.memory.escalations import MemoryEscalations
from shared.memory.policies import MemoryPolicyLog
from shared.ports.channel import HumanChannel, PostingJournal
from shared.routes.fields import in_words
from shared.routes.route import Route
from shared.routes_in_force import InForce

TOM = Person(id="2", name="tom")
TWO_TIERS = """
timeout = "30m"
claim_timeout = "10m"
[[routes.default.tiers]]
users = ["maya"]
reminders = ["2m", "4m"]
claim_wait = "5m"
answer_wait = "15m"
[[routes.default.tiers]]
users = ["maya", "tom"]
roles = ["support"]
channel = 777
reminders = ["10m"]
"""
ENDS_EARLY = """
timeout = "30m"
[[routes.default.tiers]]
users = ["maya"]
claim_wait = "5m"
"""
FALLBACK = 'at_end = "fallback"\nfallback_text = "Call back."\n'


class World:
    """A question, its people and its policy. The people who are called are a fake channel's."""

    def __init__(self, text: str, **shape: object) -> None:
        self.clock = SteppedClock()
        self.clock.now = NOON
        self.store = MemoryEscalations(clock=self.clock)
        self.discussion = MemoryDiscussion(self.store)
        self.policies = MemoryPolicyLog(self.store, clock=self.clock)
        self.route: Route = a_route(text)
        self.routes = InForce(lambda: {"default": self.route})
        self.heard_until: datetime | None = datetime.max.replace(tzinfo=UTC)
        self.refusal: Exception | None = None
        self.told: list[str] = []
        self._shape = shape
        self._asked: Escalation | None = None
        self._concluding = Concluding(
            self.store, _NoBacklog(), _NoChannel(), self._heard, clock=self.clock
        )
        self.escalating = self.another_worker()

    def another_worker(self) -> Escalating:
        """Make a worker that knows nothing but the record."""
        return Escalating(
            self.store,
            self.policies,
            self.routes,
            self._call,
            self._concluding.end,
            clock=self.clock,
        )

    async def ask(self) -> Escalation:
        """Ask and post the question; its message calls whom the policy says."""
        timeout = self.route.timeout.total_seconds()
        asked = (await self.store.accept(an_ask(timeout=timeout, **self._shape))).escalation  # type: ignore[arg-type]
        call = first_call(self.route, asked, self.clock.now)
        posting = a_posting().model_copy(update={"called": tuple(call.targets) if call else ()})
        await self.store.note_posting(asked.id, posting, complete=True)
        self._asked = asked
        return await self.now()

    async def now(self) -> Escalation:
        """Read the question."""
        assert self._asked is not None
        found = await self.store.get(self._asked.id)
        assert found is not None
        return found

    async def run_until(self, **after: float) -> None:
        """Follow the policy to that time after noon, from one look to the next."""
        until, asked = NOON + timedelta(**after), await self.now()
        while True:
            await self.escalating.follow(asked.id)
            again = self.policies.looks.get(asked.id)
            if again is None or again > until:
                self.clock.now = until
                return
            assert again > self.clock.now, "a look that brings the policy no further"
            self.clock.now = again

    async def _call(self, escalation: Escalation, call: Call) -> None:
        del escalation
        if self.refusal is not None:
            raise self.refusal
        what = "remind" if call.is_reminder else "call"
        names = [*(user.name for user in call.users), *(f"@{role.name}" for role in call.roles)]
        where = f" in {call.channel}" if call.channel else ""
        after = in_words(self.clock.now - NOON)
        self.told.append(f"{after} {what} {call.number} {'+'.join(names)}{where}")

    async def _heard(self, bot: str) -> datetime | None:
        return self.heard_until


class _NoBacklog(MemoryEscalations):
    """A fake of `Backlog` that nothing is asked of here."""

    async def overdue(self) -> list[str]:
        raise AssertionError("not asked")

    async def unshown_score(self, escalation_id: str) -> int | None:
        raise AssertionError("not asked")

    async def shown(self, escalation_id: str, score: int) -> None:
        raise AssertionError("not asked")

    async def showing_job(self, escalation_id: str) -> str | None:
        raise AssertionError("not asked")

    async def requeue(self, work: object) -> int:
        raise AssertionError("not asked")

    async def forget(self, escalation_id: str) -> None:
        raise AssertionError("not asked")


class _NoChannel(HumanChannel):
    """A fake of `HumanChannel` to which nothing is posted here."""

    async def post(self, escalation: Escalation, journal: PostingJournal) -> Escalation:  # type: ignore[override]
        raise AssertionError("nothing is posted")

    async def show_outcome(self, escalation: Escalation) -> None:
        raise AssertionError("nothing is shown")


Act = Callable[[World], Awaitable[object]]


async def claims(world: World) -> object:
    """Let Tom say that he is on it."""
    asked = await world.now()
    return await world.discussion.claim(asked.id, Claim(by=TOM, at=world.clock.now))


async def writes(world: World) -> object:
    """Let Tom write what waits for Send."""
    asked = await world.now()
    return await world.discussion.keep_claim(asked.id, TOM.id, world.clock.now)


async def asks_back(world: World) -> object:
    """Let the question wait for the agent."""
    remark = a_remark(at=world.clock.now).model_copy(update={"by": TOM})
    return await world.discussion.remark((await world.now()).id, remark)


async def agent_replies(world: World) -> object:
    """Let it wait no longer."""
    remark = a_remark(Author.AGENT, at=world.clock.now, source="reply")
    return await world.discussion.remark((await world.now()).id, remark)


async def caller_goes(world: World) -> object:
    """Let the conversation end, so that nobody is there to reply."""
    return await world.store.note_caller((await world.now()).id, gone=True)


async def caller_returns(world: World) -> object:
    """Let it be taken up again."""
    return await world.store.note_caller((await world.now()).id, gone=False)


async def answers(world: World) -> object:
    """Let somebody answer."""
    asked = await world.now()
    return await world.store.conclude(asked.id, an_outcome(asked, at=world.clock.now))


STORIES: dict[str, tuple[dict[int, Act], list[str]]] = {
    "nobody does anything": (
        {},
        [
            "2m remind 2 maya",
            "4m remind 3 maya",
            "5m call 4 maya+tom+@support in 777",
            "15m remind 5 maya+tom+@support in 777",
        ],
    ),
    "an answer ends it": ({3: answers}, ["2m remind 2 maya"]),
    "a silent claim is released and its tier called again": (
        {1: claims},
        [
            "2m remind 2 tom",
            "4m remind 3 tom",
            "11m call 4 maya",
            "13m remind 5 maya",
            "15m remind 6 maya",
            "16m call 7 maya+tom+@support in 777",
            "26m remind 8 maya+tom+@support in 777",
        ],
    ),
    "the clock stands still while it is the agent's turn": (
        {1: asks_back, 11: agent_replies},
        [
            "12m remind 2 maya",
            "14m remind 3 maya",
            "15m call 4 maya+tom+@support in 777",
            "25m remind 5 maya+tom+@support in 777",
        ],
    ),
    "who claimed it is not silent who asks back": (
        {1: claims, 9: asks_back, 10: agent_replies, 19: answers},
        ["2m remind 2 tom", "4m remind 3 tom", "17m call 4 maya+tom+@support in 777"],
    ),
    "who claimed it is not silent who writes, and is once they stop": (
        {1: claims, 9: writes, 10: writes},
        [
            "2m remind 2 tom",
            "4m remind 3 tom",
            "16m call 4 maya+tom+@support in 777",
            "20m call 5 maya+tom+@support in 777",
        ],
    ),
    "what somebody writes who is not on it keeps nothing": (
        {1: writes, 2: claims, 3: answers},
        ["2m remind 2 maya"],
    ),
    "the clock goes on when the caller goes who was to reply": (
        {1: asks_back, 3: caller_goes},
        [
            "4m remind 2 maya",
            "6m remind 3 maya",
            "7m call 4 maya+tom+@support in 777",
            "17m remind 5 maya+tom+@support in 777",
        ],
    ),
    "a question back to who has gone before stops nothing": (
        {1: caller_goes, 3: asks_back},
        [
            "2m remind 2 maya",
            "4m remind 3 maya",
            "5m call 4 maya+tom+@support in 777",
            "15m remind 5 maya+tom+@support in 777",
        ],
    ),
    "it stands still again when the caller is back, until the reply": (
        {1: asks_back, 3: caller_goes, 5: caller_returns, 11: agent_replies},
        [
            "4m remind 2 maya",
            "14m remind 3 maya",
            "15m call 4 maya+tom+@support in 777",
            "25m remind 5 maya+tom+@support in 777",
        ],
    ),
    "who claimed it and asked back is silent once nobody can reply": (
        {1: claims, 2: asks_back, 3: caller_goes},
        [
            "2m remind 2 tom",
            "5m remind 3 tom",
            "13m call 4 maya",
            "15m remind 5 maya",
            "17m remind 6 maya",
            "18m call 7 maya+tom+@support in 777",
            "28m remind 8 maya+tom+@support in 777",
        ],
    ),
}


@pytest.mark.parametrize("story", STORIES)
async def test_what_is_due_is_done_when_it_is_due(story: str) -> None:
    events, told = STORIES[story]
    world = World(TWO_TIERS)
    await world.ask()
    for minute, act in events.items():
        await world.run_until(minutes=minute)
        await act(world)
    await world.run_until(minutes=30)
    assert world.told == told


async def test_the_first_people_are_called_by_the_questions_own_message_alone() -> None:
    world = World(TWO_TIERS)
    asked = await world.ask()
    assert asked.posting is not None
    assert asked.posting.called == ("user:1",)
    await world.run_until(minutes=1)
    assert world.told == []
    tier = (await world.now()).progress.tier
    assert tier is not None
    assert (tier.notified, tier.notified_at) == (frozenset({"user:1"}), NOON)


async def test_who_has_a_channel_of_their_own_is_called_there() -> None:
    world = World(TWO_TIERS.replace('users = ["maya"]', 'users = ["maya"]\nchannel = 778', 1))
    await world.ask()
    await world.run_until(minutes=1)
    assert world.told == ["0s call 1 maya in 778"]


async def test_a_step_is_done_once_by_however_many_workers_and_looks() -> None:
    world = World(TWO_TIERS)
    asked = await world.ask()
    await world.run_until(minutes=2)
    for _ in range(3):
        await world.another_worker().follow(asked.id)
    assert world.told == ["2m remind 2 maya"]


async def test_a_call_that_could_not_be_made_now_is_made_later() -> None:
    world = World(TWO_TIERS)
    asked = await world.ask()
    await world.run_until(minutes=1)
    world.clock.now = NOON + timedelta(minutes=2)
    world.refusal = ChannelUnavailableError("away")
    with pytest.raises(ChannelUnavailableError):
        await world.escalating.follow(asked.id)
    world.refusal = None
    await world.run_until(minutes=3)
    assert world.told == ["2m remind 2 maya"]


async def test_who_can_not_be_called_for_good_does_not_hold_up_the_next_tier() -> None:
    world = World(TWO_TIERS)
    await world.ask()
    world.refusal = ChannelRejectedError("give the bot a permission")
    await world.run_until(minutes=4.5)
    world.refusal = None
    await world.run_until(minutes=6)
    assert world.told == ["5m call 4 maya+tom+@support in 777"]


@pytest.mark.parametrize(
    ("ending", "shape", "expected"),
    [
        ("", {}, (None, None, Provenance.SYSTEM)),
        (FALLBACK, {}, ("Call back.", None, Provenance.FALLBACK)),
        ('at_end = "deny"\n', {"approvals_needed": 1}, (None, False, Provenance.FALLBACK)),
        ('at_end = "deny"\n', {}, (None, None, Provenance.SYSTEM)),
    ],
)
async def test_when_the_last_tier_had_its_time_it_ends_as_the_route_says(
    ending: str, shape: dict[str, object], expected: tuple[object, ...]
) -> None:
    world = World(ending + ENDS_EARLY, **shape)
    await world.ask()
    await world.run_until(minutes=4.9)
    assert (await world.now()).state.is_open
    await world.run_until(minutes=5.1)
    ended = await world.now()
    assert ended.state is State.TIMED_OUT
    assert ended.outcome is not None
    assert (ended.outcome.text, ended.outcome.approved, ended.outcome.provenance) == expected
    assert ended.outcome.seconds == pytest.approx(300, abs=1)
    assert world.policies.looks == {}


async def test_it_does_not_end_before_the_deadline_while_nobody_listens() -> None:
    world = World(ENDS_EARLY)
    await world.ask()
    world.heard_until = NOON + timedelta(minutes=4)
    await world.run_until(minutes=6)
    assert (await world.now()).state is State.POSTED, "an answer may lie there unheard"
    world.heard_until = NOON + timedelta(minutes=20)
    await world.run_until(minutes=7)
    assert (await world.now()).state is State.TIMED_OUT


async def test_the_deadline_is_left_to_its_own_job() -> None:
    world = World(TWO_TIERS)
    asked = await world.ask()
    world.clock.now = asked.deadline + timedelta(minutes=1)
    await world.escalating.follow(asked.id)
    assert (world.told, world.policies.looks) == ([], {})
    assert (await world.now()).state is State.POSTED


async def test_a_person_whom_a_new_file_adds_to_the_tier_is_called_too() -> None:
    world = World(TWO_TIERS)
    await world.ask()
    await world.run_until(minutes=1)
    world.route = a_route(TWO_TIERS.replace('["maya"]', '["maya", "ines"]', 1))
    assert world.routes.reload()
    await world.run_until(minutes=1)
    assert world.told == ["1m call 2 ines"]


async def test_a_question_that_is_not_posted_yet_calls_nobody() -> None:
    world = World(TWO_TIERS)
    asked = (await world.store.accept(an_ask())).escalation
    await world.escalating.follow(asked.id)
    assert (world.told, world.policies.looks) == ([], {})

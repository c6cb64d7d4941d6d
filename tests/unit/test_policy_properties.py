"""What holds of the policy for any route, any facts and any times, in whatever order they came."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.policy_runs import NOON, TOM

from shared.escalation import Person
from shared.question import Urgency
from shared.routes.fields import Role
from shared.routes.policy import plan
from shared.routes.route import AtEnd, Operators, Route, Tier, UrgencyFactors
from shared.routes.schedule import EVERY_DAY, Rotation, Schedule, Shift, Window
from shared.routes.steps import (
    Claim,
    End,
    EnterTier,
    Facts,
    Notify,
    Pause,
    ReleaseClaim,
    Remind,
    TierReached,
    note,
)

MAYA = Person(id="1", name="maya")
SUPPORT = Role(id="9", name="support")

times = st.integers(-200_000, 200_000).map(lambda seconds: NOON + timedelta(seconds=seconds))
waits = st.integers(1, 30_000).map(lambda seconds: timedelta(seconds=seconds))
clock_times = st.times().map(lambda at: at.replace(second=0, microsecond=0, fold=0))
windows: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "days": st.lists(st.sampled_from(EVERY_DAY), min_size=1, max_size=6, unique=True).map(
            tuple
        ),
        "start": clock_times,
        "end": clock_times,
    }
)


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    """Make a schedule with gaps, quiet hours, or neither."""
    parts: dict[str, Any] = {}
    if draw(st.booleans()):
        parts["shifts"] = tuple(Shift(users=(TOM,), **draw(windows)) for _ in range(2))
    else:
        starts = draw(times).replace(tzinfo=None)
        parts["rotation"] = Rotation(users=(TOM, MAYA), starts=starts)
    if draw(st.booleans()):
        parts["quiet_hours"] = (Window(**draw(windows)),)
    zone = draw(st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns"]))
    return Schedule(name="rota", time_zone=zone, **parts)  # pyright: ignore[reportArgumentType]


@st.composite
def tiers(draw: st.DrawFn, *, has_wait: bool) -> Tier:
    who = draw(st.sampled_from(["users", "roles", "schedules", "both"]))
    reminders = draw(st.lists(waits, max_size=4, unique=True))
    return Tier(
        users=(MAYA,) if who in {"users", "both"} else (),
        roles=(SUPPORT,) if who == "roles" else (),
        schedules=(draw(schedules()),) if who in {"schedules", "both"} else (),
        claim_wait=draw(waits) if has_wait else draw(st.none() | waits),
        answer_wait=draw(st.none() | waits),
        reminders=tuple(sorted(reminders)),
    )


@st.composite
def routes(draw: st.DrawFn) -> Route:
    number = draw(st.integers(1, 4))
    factor = st.floats(0.1, 10)
    return Route(
        name="any",
        channels=("500",),
        operators=Operators(roles=(SUPPORT,)),
        claim_timeout=draw(waits),
        urgency=UrgencyFactors(low=draw(factor), high=draw(factor)),
        at_end=draw(st.sampled_from(AtEnd)),
        tiers=tuple(draw(tiers(has_wait=place + 1 < number)) for place in range(number)),
    )


@st.composite
def any_facts(draw: st.DrawFn) -> Facts:
    """Make facts of any history, also as clocks that differ may have written them."""
    tier = st.builds(
        TierReached,
        index=st.integers(0, 5),
        entered_at=times,
        notified=st.frozensets(st.sampled_from(["user:1", "role:9", "schedule:rota"])),
        notified_at=st.none() | times,
        reminders=st.integers(0, 5),
    )
    return Facts(
        deadline=draw(times),
        posted_at=draw(st.none() | times),
        tier=draw(st.none() | tier),
        claim=draw(st.none() | st.builds(Claim, by=st.just(TOM), at=times, active_at=times)),
        pauses=draw(
            st.lists(st.builds(Pause, start=times, end=st.none() | times), max_size=3).map(tuple)
        ),
        ended=draw(st.booleans()),
    )


urgencies = st.sampled_from(Urgency)


@given(routes(), urgencies, any_facts(), times)
def test_a_step_that_is_noted_is_not_due_again_and_the_next_look_is_later(
    route: Route, urgency: Urgency, facts: Facts, now: datetime
) -> None:
    due = plan(route, urgency, facts, now)
    for step in due.steps:
        facts = note(facts, step, now)
    again = plan(route, urgency, facts, now)
    assert again.steps == ()
    assert again.look_again == due.look_again
    assert facts.ended == (due.look_again is None)
    assert due.look_again is None or due.look_again > now


@given(routes(), urgencies, any_facts(), times)
def test_steps_that_are_done_one_by_one_are_those_that_were_planned(
    route: Route, urgency: Urgency, facts: Facts, now: datetime
) -> None:
    """A worker that died after some of the steps leaves the rest, and nothing else, to the next."""
    planned = plan(route, urgency, facts, now).steps
    for done, step in enumerate(planned, 1):
        facts = note(facts, step, now)
        assert plan(route, urgency, facts, now).steps == planned[done:]


@given(routes(), urgencies, any_facts(), times)
def test_the_deadline_goes_before_everything_else(
    route: Route, urgency: Urgency, facts: Facts, now: datetime
) -> None:
    steps = plan(route, urgency, facts, now).steps
    if facts.ended:
        assert steps == ()
    elif now >= facts.deadline:
        assert [type(step) for step in steps] == [End]


@given(routes(), urgencies, any_facts(), times, st.floats(0, 1, exclude_max=True))
def test_nothing_becomes_due_before_the_next_look(
    route: Route, urgency: Urgency, facts: Facts, now: datetime, part: float
) -> None:
    due = plan(route, urgency, facts, now)
    for step in due.steps:
        facts = note(facts, step, now)
    if due.look_again is not None:
        between = min(now + (due.look_again - now) * part, due.look_again - timedelta.resolution)
        assert plan(route, urgency, facts, between).steps == ()


@given(routes(), urgencies, st.lists(st.integers(0, 100_000), max_size=8), st.booleans())
def test_every_tier_is_reached_in_order_and_has_its_time_however_late_somebody_looks(
    route: Route, urgency: Urgency, delays: list[int], is_claimed: bool
) -> None:
    now = NOON
    # Longer than any tier can take: a week for its people to come on call, its waits, its delays.
    facts = Facts(deadline=now + timedelta(days=100), posted_at=now)
    if is_claimed:  # and never heard of again
        facts = Facts(facts.deadline, now, claim=Claim(TOM, now, now))
    history: list[tuple[datetime, object]] = []
    while not facts.ended:
        due = plan(route, urgency, facts, now)
        assert sum(isinstance(step, Remind) for step in due.steps) <= 1
        for step in due.steps:
            facts = note(facts, step, now)
            history.append((now, step))
        if due.look_again is not None:
            late = timedelta(seconds=delays.pop() if delays else 0)
            now = due.look_again + late
    entered = [step.index for _, step in history if isinstance(step, EnterTier)]
    assert entered == list(range(len(route.policy)))
    assert [type(step) for _, step in history].count(End) == 1
    assert isinstance(history[-1][1], End)
    if not is_claimed:
        _assert_waits_were_kept(route, urgency, history)


def _assert_waits_were_kept(
    route: Route, urgency: Urgency, history: list[tuple[datetime, object]]
) -> None:
    """No tier is left, and nobody reminded, before the wait since the first notification."""
    notified: datetime | None = None
    for (at, step), (later, following) in pairwise(history):
        match step:
            case EnterTier():
                notified = None
            case Notify():
                notified = notified or at
            case _:
                pass
        match following:
            case EnterTier(index) if notified is not None:
                wait = route.policy[index - 1].claim_wait
                assert wait is not None
                assert later - notified >= route.scaled(wait, urgency)
            case Remind(tier=tier, number=number):
                assert notified is not None
                wait = route.policy[tier].reminders[number - 1]
                assert later - notified >= route.scaled(wait, urgency)
            case _:
                pass


@given(routes(), urgencies, times, times)
def test_a_release_is_due_when_the_claim_was_silent_for_its_time_and_not_before(
    route: Route, urgency: Urgency, entered_at: datetime, active_at: datetime
) -> None:
    claim = Claim(TOM, active_at, active_at)
    deadline = active_at + timedelta(days=100)
    facts = Facts(deadline, entered_at, TierReached(0, entered_at), claim)
    silent_at = active_at + route.claim_timeout
    assert ReleaseClaim(TOM) in plan(route, urgency, facts, silent_at).steps
    before = plan(route, urgency, facts, silent_at - timedelta.resolution).steps
    assert ReleaseClaim(TOM) not in before


def test_a_reminder_can_not_be_noted_before_a_tier_was_entered() -> None:
    facts = Facts(deadline=NOON, posted_at=NOON)
    with pytest.raises(ValueError, match="before a tier"):
        note(facts, Remind(0, 1, (MAYA,), (), None), NOON)

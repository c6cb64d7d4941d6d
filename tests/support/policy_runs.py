"""Plays a policy on a controlled clock: from one instant to look again to the next, no sleeping."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import assert_never

from shared.escalation import Person
from shared.question import Urgency
from shared.routes.fields import in_words
from shared.routes.file import parse_routes
from shared.routes.policy import plan
from shared.routes.route import Route
from shared.routes.steps import (
    Claim,
    End,
    EnterTier,
    Facts,
    Notify,
    Pause,
    ReleaseClaim,
    Remind,
    Step,
    note,
)

NOON = datetime(2026, 6, 3, 12, tzinfo=UTC)
"""A Wednesday, far from any change of the clocks."""
TOM = Person(id="2", name="tom")
Event = Callable[[Facts, datetime], Facts]

_HEAD = """
[people]
maya = 1
tom = 2
ines = 3
[roles]
support = 9
"""
_ROUTE = """
[routes.default]
channels = [500]
operators = { roles = ["support"] }
"""


def a_route(text: str, *, schedules: str = "") -> Route:
    """Read a route of three people and a role from what is special about it."""
    return parse_routes(_HEAD + schedules + _ROUTE + text).routes["default"]


def asked(route: Route, at: datetime = NOON) -> Facts:
    """Make the facts of a question that was posted as soon as it was asked."""
    return Facts(deadline=at + route.timeout, posted_at=at)


def claims(facts: Facts, at: datetime) -> Facts:
    """Let Tom say that he is on it."""
    return replace(facts, claim=Claim(by=TOM, at=at, active_at=at))


def writes(facts: Facts, at: datetime) -> Facts:
    """Let whoever claimed it show that they are there."""
    return replace(facts, claim=facts.claim and replace(facts.claim, active_at=at))


def asks_back(facts: Facts, at: datetime) -> Facts:
    """Let the question wait for the agent."""
    return replace(facts, pauses=(*facts.pauses, Pause(at)))


def agent_replies(facts: Facts, at: datetime) -> Facts:
    """Let it wait no longer."""
    *before, last = facts.pauses
    return replace(facts, pauses=(*before, replace(last, end=at)))


def answers(facts: Facts, at: datetime) -> Facts:
    """Let a person answer: nothing is due any more."""
    return replace(facts, ended=True)


def play(
    route: Route,
    urgency: Urgency = Urgency.NORMAL,
    *,
    events: Mapping[str, Event] | None = None,
    start: datetime = NOON,
    away: tuple[str, str] | None = None,
) -> list[str]:
    """Tell what the policy does and when: `2m remind tom`. While away, nobody looks."""
    pending = sorted((start + _after(text), event) for text, event in (events or {}).items())
    gone = tuple(start + _after(text) for text in away) if away else (start, start)
    facts, now, told = asked(route, start), start, list[str]()
    for _ in range(1_000):
        while pending and pending[0][0] <= now:
            facts = pending.pop(0)[1](facts, now)
        if gone[0] <= now < gone[1]:
            look_again: datetime | None = gone[1]
        else:
            due = plan(route, urgency, facts, now)
            for step in due.steps:
                facts = note(facts, step, now)
                told.append(f"{in_words(now - start)} {_words(step)}")
            look_again = due.look_again
        nexts = [*(at for at, _ in pending[:1]), *([look_again] if look_again else [])]
        if not nexts:
            return told
        now = min(nexts)
    raise AssertionError("the policy never ended")


def _after(text: str) -> timedelta:
    number, unit = int(text[:-1]), text[-1]
    return timedelta(**{{"s": "seconds", "m": "minutes", "h": "hours"}[unit]: number})


def _words(step: Step) -> str:
    match step:
        case EnterTier(index):
            return f"tier {index + 1}"
        case Notify():
            return f"notify {_names(step)}"
        case Remind(number=number):
            return f"remind {number} {_names(step)}"
        case ReleaseClaim(by):
            return f"release {by.name}"
        case End(how, text):
            return f"end {how}" + (f" {text}" if text else "")
        case _:
            assert_never(step)


def _names(step: Notify | Remind) -> str:
    def names() -> Iterator[str]:
        yield from (user.name for user in step.users)
        yield from (f"@{role.name}" for role in step.roles)

    return "+".join(names()) + (f" in {step.channel}" if step.channel else "")

"""What a policy knows of a question (facts), and what it asks to be done (steps). Values only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from shared.escalation import Person, TierReached
from shared.routes.fields import Role
from shared.routes.route import AtEnd


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody said that they are on it."""

    by: Person
    at: datetime
    active_at: datetime
    """When they last claimed it, asked back, or wrote what waits for Send."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A time in which the question waited for the agent (`needs_info`); open if it still does."""

    start: datetime
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a question, as its record has it."""

    deadline: datetime
    posted_at: datetime | None = None
    tier: TierReached | None = None
    claim: Claim | None = None
    pauses: tuple[Pause, ...] = ()
    ended: bool = False
    """By an answer or in any other way."""


@dataclass(frozen=True, slots=True)
class EnterTier:
    """Go to this tier; its waits begin when the first of its people is notified."""

    index: int


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell these people of the question."""

    tier: int
    targets: frozenset[str]
    """Which of the tier's targets these people are: `user:ID`, `role:ID`, `schedule:NAME`."""
    users: tuple[Person, ...]
    roles: tuple[Role, ...]
    channel: str | None
    """None: where the question is posted."""


@dataclass(frozen=True, slots=True)
class Remind:
    """Remind these people of the question."""

    tier: int
    number: int
    """Which of the tier's reminders, from 1. Older ones that were missed are not given."""
    users: tuple[Person, ...]
    roles: tuple[Role, ...]
    channel: str | None


@dataclass(frozen=True, slots=True)
class ReleaseClaim:
    """Free the question of a claim that went silent. Its tier begins anew."""

    by: Person


@dataclass(frozen=True, slots=True)
class End:
    """Nobody answered: end the question."""

    how: AtEnd
    text: str | None
    """The prepared answer, if it ends with one."""


Step = EnterTier | Notify | Remind | ReleaseClaim | End


def note(facts: Facts, step: Step, at: datetime) -> Facts:
    """Tell what is known after a step was done. A step that is noted is not due again."""
    match step:
        case EnterTier(index):
            return replace(facts, tier=TierReached(index, entered_at=at))
        case ReleaseClaim():
            return replace(
                facts,
                claim=None,
                tier=facts.tier and TierReached(facts.tier.index, entered_at=at),
            )
        case Notify(targets=targets):
            tier = _in_a_tier(facts)
            return replace(
                facts,
                tier=replace(
                    tier,
                    notified=tier.notified | targets,
                    notified_at=tier.notified_at or at,
                ),
            )
        case Remind(number=number):
            return replace(facts, tier=replace(_in_a_tier(facts), reminders=number))
        case End():
            return replace(facts, ended=True)
        case _:
            assert_never(step)


def _in_a_tier(facts: Facts) -> TierReached:
    if facts.tier is None:
        raise ValueError("nobody is notified or reminded before a tier was entered")
    return facts.tier

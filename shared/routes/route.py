"""A route as it stands in the file: where a question goes, who may answer it, and its policy."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Final, Self, assert_never

from pydantic import BeforeValidator, Field, InstanceOf, field_validator, model_validator

from shared.escalation import DEFAULT_BOT, Person
from shared.manner import AnswerMode, DecisionReason
from shared.question import DEFAULT_ROUTE, QUESTION_LIMIT, Urgency
from shared.routes.fields import (
    Distinct,
    Grace,
    Id,
    Listed,
    MediaType,
    Name,
    Role,
    Roles,
    Size,
    Table,
    Timeout,
    Users,
    VariableName,
    Wait,
    look_up,
)
from shared.routes.schedule import Schedule
from shared.texts import FilledText

TIERS_LIMIT: Final = 20
CHANNELS_LIMIT: Final = 10
REMINDERS_LIMIT: Final = 10
ANY_TYPE: Final = "*/*"
ATTACHMENTS_LIMIT: Final = 10
"""Files that Discord takes with one message."""
QUORUM_LIMIT: Final = 10

OneSchedule = Annotated[
    InstanceOf[Schedule],  # it was validated in its own place
    BeforeValidator(
        lambda value, info: (
            value if isinstance(value, Schedule) else look_up(value, info, kind="schedules")
        )
    ),
]
Schedules = Annotated[tuple[OneSchedule, ...], Listed]
Factor = Annotated[float, Field(ge=0.1, le=10)]


class CallerGone(StrEnum):
    """What becomes of an open question when nobody waits for its answer any more."""

    KEEP = "keep"  # it stays open: the agent may come back for the answer
    DROP = "drop"  # it is cancelled


class AtEnd(StrEnum):
    """How a question ends that nobody answered."""

    TIME_OUT = "time_out"  # without an answer
    FALLBACK = "fallback"  # with a prepared answer, marked as one that no person gave
    DENY = "deny"  # an approval is denied; a plain question times out


class Operators(Table):
    """Who may answer: these people, and everybody with one of these roles. Nobody else."""

    users: Users = ()
    roles: Roles = ()

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not self.users and not self.roles:
            raise ValueError("must name at least one user or role, or nobody may answer")
        return self


class Attachments(Table):
    """Which files people may send along with an answer."""

    count: Annotated[int, Field(ge=0, le=ATTACHMENTS_LIMIT)] = 4
    size: Annotated[Size, Field(ge=1, le=25_000_000)] = 8_000_000
    """Bytes, of each file."""
    kinds: Annotated[
        tuple[MediaType, ...],
        Listed,
        MediaType,
        Distinct,
    ] = ("image/*", "application/pdf", "text/plain")
    """Media types, such as `image/png` or `image/*`; `*/*` for all, and for files of no type."""

    def allow(self, media_type: str | None) -> bool:
        """Whether files of this type may be sent along; None where the type is not known."""
        if ANY_TYPE in self.kinds:
            return True
        return media_type is not None and any(
            media_type == kind or (kind.endswith("/*") and media_type.startswith(kind[:-1]))
            for kind in self.kinds
        )


class UrgencyFactors(Table):
    """By what a policy's waits and reminders are multiplied. Normal urgency leaves them alone."""

    low: Factor = 1.0
    high: Factor = 0.5


class Tier(Table):
    """Who is notified at one level of a policy, and how long they have."""

    users: Users = ()
    roles: Roles = ()
    schedules: Schedules = ()
    channel: Id | None = None
    """Where they are notified; the route's first channel if not given."""
    claim_wait: Wait | None = None
    """How long after the notification somebody must have claimed the question."""
    answer_wait: Wait | None = None
    """How long after the claim there must be an answer."""
    reminders: Annotated[tuple[Wait, ...], Listed, Field(max_length=REMINDERS_LIMIT)] = ()
    """When, after the notification, people are reminded."""

    @field_validator("reminders")
    @classmethod
    def _rising(cls, reminders: tuple[timedelta, ...]) -> tuple[timedelta, ...]:
        if any(later <= earlier for earlier, later in pairwise(reminders)):
            raise ValueError("each must be later than the one before it")
        return reminders

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not self.users and not self.roles and not self.schedules:
            raise ValueError("must name at least one user, role or schedule to notify")
        return self

    @property
    def people(self) -> tuple[Person, ...]:
        """Everybody whom it may notify by name."""
        return (*self.users, *(person for one in self.schedules for person in one.people))


class Route(Table):
    """Where a question goes, who may answer it, and what is done when nobody does."""

    name: Name
    channels: Annotated[
        tuple[Id, ...], Listed, Distinct, Field(min_length=1, max_length=CHANNELS_LIMIT)
    ]
    """The first is used; the others when one before it is full or refuses."""
    token_env: VariableName = DEFAULT_BOT
    """The environment variable that holds the bot's token, and so the bot's name."""
    operators: Operators
    timeout: Timeout = timedelta(minutes=10)
    answer_mode: Annotated[AnswerMode, Field(strict=False)] = AnswerMode.FIRST_MESSAGE
    quorum: Annotated[int, Field(ge=1, le=QUORUM_LIMIT)] = 1
    """How many different people must approve, where an approval is asked for."""
    decision_reason: Annotated[DecisionReason, Field(strict=False)] = DecisionReason.OPTIONAL
    correction_grace: Grace = timedelta(0)
    """How long after an answer an edit replaces it."""
    memory: bool = False
    """Whether similar answered questions are shown."""
    caller_gone: Annotated[CallerGone, Field(strict=False)] = CallerGone.KEEP
    attachments: Attachments = Attachments()
    claim_timeout: Wait = timedelta(minutes=15)
    """A claim that is silent for so long is released."""
    urgency: UrgencyFactors = UrgencyFactors()
    at_end: Annotated[AtEnd, Field(strict=False)] = AtEnd.TIME_OUT
    fallback_text: Annotated[FilledText, Field(max_length=QUESTION_LIMIT)] | None = None
    """The prepared answer of `at_end = "fallback"`."""
    tiers: Annotated[tuple[Tier, ...], Listed, Field(max_length=TIERS_LIMIT)] = ()

    @property
    def policy(self) -> tuple[Tier, ...]:
        """The tiers in order; where none are given, one that notifies the operators."""
        if self.tiers:
            return self.tiers
        if self.operators.users:
            return (Tier(users=self.operators.users),)
        return (Tier(roles=self.operators.roles),)

    def scaled(self, wait: timedelta, urgency: Urgency) -> timedelta:
        """Lengthen or shorten a wait as the urgency asks."""
        match urgency:
            case Urgency.LOW:
                return wait * self.urgency.low
            case Urgency.NORMAL:
                return wait
            case Urgency.HIGH:
                return wait * self.urgency.high
            case _:
                assert_never(urgency)


def default_route(*, channel_id: int, user_id: int | None, role_ids: Iterable[int]) -> Route:
    """Make the one route of a worker without a file, from its settings.

    Its time-out is not asked for: a question's deadline stands in its record.

    Raises:
        ValueError: Neither a user nor a role.
    """
    return Route(
        name=DEFAULT_ROUTE,
        channels=(str(channel_id),),
        operators=Operators(
            users=() if user_id is None else (Person(id=str(user_id), name=str(user_id)),),
            roles=tuple(Role(id=str(one), name=str(one)) for one in sorted(role_ids)),
        ),
    )

"""The domain: what an escalation is, which states it passes through, and how it ends.

Pure values and one table. Nothing here waits, stores or sends.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field
from ulid import ULID

from shared.answer_form import Answer
from shared.attachment import Attachment
from shared.manner import MannerShown
from shared.precedent import Precedent
from shared.question import QUESTION_LIMIT, Question
from shared.texts import FilledText, Value

REASON_LIMIT: Final = 500
"""Characters in the reason of a cancellation, of a decline, or of a denial."""
REMARKS_LIMIT: Final = 50
"""Remarks that agent and people may exchange about one question."""
CLAIM_SOURCES_LIMIT: Final = 50
"""Of so many claims and releases of a question, the newest, it is remembered what they came by."""
CLAIM_KEPT_EVERY: Final = timedelta(seconds=5)
"""At most so often it is noted that whoever is on a question was heard of."""


_ID: Final = re.compile("[0-9A-HJKMNP-TV-Z]{26}")


class State(StrEnum):
    """Where an escalation stands."""

    QUEUED = "queued"  # accepted and durable; no person has seen it
    POSTED = "posted"  # a person can see it and answer
    CLAIMED = "claimed"  # somebody said that they are on it
    NEEDS_INFO = "needs_info"  # the operator asked the agent back
    ANSWERED = "answered"  # a person answered
    DECLINED = "declined"  # a person said that nobody will answer
    TIMED_OUT = "timed_out"  # nobody answered before the deadline
    CANCELLED = "cancelled"  # the agent no longer wants to know
    UNDELIVERABLE = "undeliverable"  # it could not be shown to anybody

    @property
    def is_open(self) -> bool:
        """Whether an answer may still come."""
        return self in OPEN_STATES


OPEN_STATES: Final = frozenset({State.QUEUED, State.POSTED, State.CLAIMED, State.NEEDS_INFO})
FINAL_STATES: Final = frozenset(State) - OPEN_STATES

# `queued` may end as `answered`, or be asked back about: a person can be faster than the worker's
# note that it has posted.
TRANSITIONS: Final[dict[State, frozenset[State]]] = {
    State.QUEUED: frozenset({State.POSTED, State.NEEDS_INFO}) | FINAL_STATES,
    State.POSTED: frozenset({State.CLAIMED, State.NEEDS_INFO}) | FINAL_STATES,
    State.CLAIMED: frozenset({State.POSTED, State.NEEDS_INFO}) | FINAL_STATES,
    State.NEEDS_INFO: frozenset({State.POSTED, State.CLAIMED}) | FINAL_STATES,
    **{state: frozenset[State]() for state in FINAL_STATES},
}


def states_before(state: State) -> frozenset[State]:
    """Look up from which states `state` may be entered."""
    return frozenset(origin for origin, targets in TRANSITIONS.items() if state in targets)


class ChannelKind(StrEnum):
    """Through which kind of channel people are asked."""

    DISCORD = "discord"
    DESK = "desk"


DEFAULT_BOT: Final = "DISCORD_TOKEN"
"""The bot of a route that names none. A bot's name is that of the variable that holds its token: it
stands in records, keys and logs, where neither a token nor anything made of it may stand."""


class Ask(Value):
    """A question on its way in: who asks it, and how long the answer is awaited."""

    agent: str
    tenant: str | None = None
    """Whose the question is; None: the agent's own."""
    open_limit: int | None = None
    """How many open questions the agent may have, this one included; None: any number."""
    question: Question
    idempotency_key: str | None = None
    joins: bool = False
    """Whether an identical question that is open is joined although the key is new: one that was
    made for the question tells a second sending from the first, and no question from another."""
    timeout: timedelta
    retention: timedelta

    @property
    def owner(self) -> str:
        """Whose the question is."""
        return self.tenant or self.agent


class News(StrEnum):
    """What there is to tell a customer about a question."""

    OUTCOME = "outcome"
    LATE_ANSWER = "late_answer"


class Person(Value):
    """Somebody who wrote, clicked or asked, as their channel knows them."""

    id: str
    name: str


class Author(StrEnum):
    """Who made a remark."""

    OPERATOR = "operator"
    AGENT = "agent"


class Remark(Value):
    """Something said about a question before its answer: asked back, or told in return."""

    author: Author
    text: Annotated[FilledText, Field(max_length=QUESTION_LIMIT)]
    at: datetime
    by: Person | None = None
    """The operator; nobody when it is the agent's."""
    source: str
    """The message, click or call that it came by, so that its second delivery is recognised."""


class Claim(Value):
    """Somebody said that they are on it, or was asked to be by somebody else."""

    by: Person
    at: datetime
    assigned_by: Person | None = None
    """Who gave it to them; nobody when they took it themselves."""
    source: str = ""
    """The click or command that it came by, so that its second delivery is recognised."""


class Vote(Value):
    """One person's word on an approval."""

    approve: bool
    by: Person
    at: datetime
    comment: Annotated[FilledText, Field(max_length=REASON_LIMIT)] | None = None
    source: str


class Provenance(StrEnum):
    """Whose word an outcome is."""

    PERSON = "person"
    FALLBACK = "fallback"
    AGENT = "agent"
    SYSTEM = "system"


class Outcome(Value):
    """How an escalation ended, and by whose word. `state` is always a final one."""

    state: State
    at: datetime
    seconds: float
    """From acceptance to this outcome."""
    provenance: Provenance
    text: str | None = None
    """The answer in words: a person's when `state` is `answered`; when it is `timed_out`, the one
    that the route has prepared, if it has one (`provenance` says so)."""
    approved: bool | None = None
    """The decision, when an approval was asked for: people's, or when `state` is `timed_out`, the
    denial that the route has for silence."""
    values: dict[str, Answer] | None = None
    """The answer by field; only when a form was to be filled in."""
    attachments: tuple[Attachment, ...] = ()
    """The files that came with the answer. Where they are all of it, `text` is None."""
    reason: str | None = None
    """Why there is no answer, for a person to read."""
    by: Person | None = None
    channel: ChannelKind | None = None
    source: str | None = None
    """The message, click or form that decided it, so that its second delivery is recognised."""
    joined: tuple[str, ...] = ()
    """The other messages that are a part of it, where several were sent as one."""
    correctable_until: datetime | None = None
    """Until when whoever wrote this answer may edit it; None where it stands as it is."""
    corrected_at: datetime | None = None
    """When they did, the last time."""


class Posting(Value):
    """Where people see the question. In Discord the thread's id equals the message's."""

    channel: ChannelKind
    place: str
    """The channel's id."""
    reference: str
    """The id under which a reply comes back: the thread's id."""
    url: str | None = None
    threaded: bool = True
    """Whether people write in a thread; otherwise they reply to the message."""
    called: tuple[str, ...] = ()
    """Which of the first tier's targets its message calls."""
    bot: str = DEFAULT_BOT
    """Which bot posted it in Discord. No other can edit the message or hears its buttons."""

    def is_of(self, bot: str) -> bool:
        """Whether this bot shows it to people: then it hears them and sees to the rest."""
        return self.channel is ChannelKind.DISCORD and self.bot == bot


@dataclass(frozen=True, slots=True)
class TierReached:
    """The tier of its policy that a question is in, and what was done there."""

    index: int
    """0 is the first."""
    entered_at: datetime
    notified: frozenset[str] = frozenset()
    """Which of its targets: `user:ID`, `role:ID`, `schedule:NAME`."""
    notified_at: datetime | None = None
    """When the first of them was: from here its waits run."""
    reminders: int = 0
    """The number of the newest reminder that was given."""


class PolicyProgress(Value):
    """How far a question's policy has come."""

    steps: int = 0
    """How many were noted. A note that was made for another number is refused."""
    calls: int = 0
    """How often people were notified or reminded."""
    tier: TierReached | None = None


class Escalation(Value):
    """One question's whole record."""

    id: str
    agent: str
    tenant: str | None = None
    """Whose it is; None: the agent's own."""
    question: Question
    state: State
    created_at: datetime
    deadline: datetime
    kept_until: datetime
    """After this the record and all that belongs to it expires."""
    posting: Posting | None = None
    shown: MannerShown = MannerShown()
    """How its message in Discord last told people to answer."""
    claim: Claim | None = None
    claim_kept_at: datetime | None = None
    """When whoever was on it was last heard of without a remark. A few seconds later counts as
    the same."""
    assignments: int = 0
    """How often it was given to somebody by another, so that each of these times is told once."""
    remarks: tuple[Remark, ...] = ()
    """In the order in which they were made."""
    votes: tuple[Vote, ...] = ()
    """At most one of each person, in the order in which they were cast."""
    progress: PolicyProgress = PolicyProgress()
    precedents: tuple[Precedent, ...] | None = None
    """What is shown of what was answered before; None until that was looked for."""
    outcome: Outcome | None = None
    late_answer: Outcome | None = None
    """What a person answered after the deadline, or how they corrected an answer that had been
    handed over. It never replaces the outcome."""
    handed_over_at: datetime | None = None
    """When an agent was first shown an answer that could be corrected: it can't from here on."""
    late_answer_handed_over_at: datetime | None = None
    """Likewise for the correction beside it."""
    grace_over: bool = False
    """Whether every edit was heard that was made while the answer could be corrected."""
    delivered_at: datetime | None = None
    """When the agent said that the outcome had reached the customer."""
    late_answer_delivered_at: datetime | None = None
    """Likewise for the late answer."""
    caller_gone_at: datetime | None = None
    """When the conversation ended in which it was asked; none while somebody waits for it."""
    departures: int = 0
    """How often that was. Each going and each coming back is told under its number."""

    @property
    def owner(self) -> str:
        """Whose it is. Nobody else's agents know of it."""
        return self.tenant or self.agent

    @property
    def may_still_change(self) -> bool:
        """Whether an edit may change what an agent would read of it now."""
        if self.outcome is None or self.outcome.correctable_until is None:
            return False
        unread_correction = self.late_answer is not None and not self.late_answer_handed_over_at
        return self.handed_over_at is None or unread_correction

    @property
    def is_to_be_handed_over(self) -> bool:
        """Whether an agent may read of it only what handing it over gives.

        So it is whenever edits may be unheard, although it was handed over before: a record does
        not say whether enough replicas have that note, without which an edit still takes the place
        of what was read. Handing it over again does.
        """
        if self.outcome is None or self.outcome.correctable_until is None:
            return False
        return not self.grace_over or self.may_still_change

    @property
    def correctable_until(self) -> datetime | None:
        """Until when a correction may come of which nobody knows yet; None where none can."""
        if self.outcome is None or self.grace_over or self.late_answer is not None:
            return None
        return self.outcome.correctable_until

    @property
    def is_delivered(self) -> bool:
        """Whether the customer knows the newest that there is to know."""
        newest = self.late_answer_delivered_at if self.late_answer else self.delivered_at
        return newest is not None


def new_id() -> str:
    """Make an id that sorts by time and can't be guessed (a ULID: 80 random bits)."""
    return str(ULID())


def may_be_id(text: str) -> bool:
    """Whether this could be an escalation's id. What could not be one is looked up nowhere."""
    return _ID.fullmatch(text) is not None

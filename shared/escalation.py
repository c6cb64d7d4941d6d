"""The domain: what an escalation is, which states it passes through, and how it ends.

Pure values and one table. Nothing here waits, stores or sends.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from ulid import ULID

QUESTION_LIMIT: Final = 4_000
"""Characters (code points) in a question, a context or an answer."""
OPTION_LIMIT: Final = 80
"""Characters in one option: the length of a button's label in Discord."""
OPTIONS_LIMIT: Final = 25
"""Options a question may offer: the rows of a select menu in Discord."""
REFERENCE_LIMIT: Final = 128
"""Characters in a conversation id, an idempotency key or the name of a route."""
REASON_LIMIT: Final = 500
"""Characters in the reason of a cancellation."""

DEFAULT_ROUTE: Final = "default"

# Not `Cn`: what the tables of this Python don't know yet may be a new emoji.
_UNSEEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Mn", "Me", "Zs", "Zl", "Zp"})
"""Control and format characters, marks with no letter to stand on, and white space."""
_FILLERS: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters, and a Braille cell without dots, that are drawn as empty space."""


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

# `queued` may end as `answered`: a person can be faster than the worker's note that it has posted.
TRANSITIONS: Final[dict[State, frozenset[State]]] = {
    State.QUEUED: frozenset({State.POSTED}) | FINAL_STATES,
    State.POSTED: frozenset({State.CLAIMED, State.NEEDS_INFO}) | FINAL_STATES,
    State.CLAIMED: frozenset({State.POSTED, State.NEEDS_INFO}) | FINAL_STATES,
    State.NEEDS_INFO: frozenset({State.POSTED, State.CLAIMED}) | FINAL_STATES,
    **{state: frozenset[State]() for state in FINAL_STATES},
}


def states_before(state: State) -> frozenset[State]:
    """Look up from which states `state` may be entered."""
    return frozenset(origin for origin, targets in TRANSITIONS.items() if state in targets)


class Urgency(StrEnum):
    """How soon the agent would like to know."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class ChannelKind(StrEnum):
    """Through which kind of channel people are asked."""

    DISCORD = "discord"
    DESK = "desk"


class _Value(BaseModel):
    """A frozen value that is stored and sent as JSON.

    Unknown fields are passed over: during an upgrade, what a newer process wrote must not stop an
    older one that reads it. Errors don't show what they refuse: it may be a customer's words.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


def _printable(text: str) -> str:
    """Refuse what Redis, Discord or a JSON parser downstream would choke on.

    Raises:
        ValueError: The text holds a NUL character or half of a surrogate pair.
    """
    if "\x00" in text:
        raise ValueError("must not contain NUL characters")
    if any(unicodedata.category(character) == "Cs" for character in text):
        raise ValueError("must be valid Unicode: it contains half of a surrogate pair")
    return text


def is_blank(text: str) -> bool:
    """Whether a person who looks at the text sees nothing."""
    return all(
        character in _FILLERS or unicodedata.category(character) in _UNSEEN_CATEGORIES
        for character in text
    )


def _not_blank(text: str) -> str:
    """Strip white space. Other unseen characters stay: the flag of Scotland ends with some.

    Raises:
        ValueError: There is nothing to see.
    """
    if is_blank(text):
        raise ValueError("must not be empty")
    return text.strip()


Text = Annotated[str, AfterValidator(_printable)]
FilledText = Annotated[Text, AfterValidator(_not_blank)]
Reference = Annotated[FilledText, Field(max_length=REFERENCE_LIMIT)]
OptionsT = TypeVar("OptionsT", bound=Sequence[str])
Option = Annotated[FilledText, Field(max_length=OPTION_LIMIT)]


def distinct(options: OptionsT) -> OptionsT:
    """Keep options that a person can tell apart.

    Raises:
        ValueError: Two options are the same.
    """
    if len(set(options)) != len(options):
        raise ValueError("must not name the same option twice")
    return options


class Question(_Value):
    """What the agent wants to know, in its own words, as a person will read it."""

    text: Annotated[FilledText, Field(max_length=QUESTION_LIMIT)]
    context: Annotated[Text, Field(max_length=QUESTION_LIMIT)] | None = None
    options: Annotated[
        tuple[Option, ...], Field(max_length=OPTIONS_LIMIT), AfterValidator(distinct)
    ] = ()
    urgency: Urgency = Urgency.NORMAL
    route: Reference = DEFAULT_ROUTE
    conversation_id: Reference | None = None

    def fingerprint(self) -> str:
        """Digest the question, the same for two that a person could not tell apart."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=True)
        return digest(canonical)


class Ask(_Value):
    """A question on its way in: who asks it, and how long the answer is awaited."""

    agent: str
    question: Question
    idempotency_key: str | None = None
    timeout: timedelta
    retention: timedelta


class News(StrEnum):
    """What there is to tell a customer about a question."""

    OUTCOME = "outcome"
    LATE_ANSWER = "late_answer"


class Person(_Value):
    """Somebody who wrote, clicked or asked, as their channel knows them."""

    id: str
    name: str


class Provenance(StrEnum):
    """Whose word an outcome is."""

    PERSON = "person"
    FALLBACK = "fallback"
    AGENT = "agent"
    SYSTEM = "system"


class Outcome(_Value):
    """How an escalation ended, and by whose word. `state` is always a final one."""

    state: State
    at: datetime
    seconds: float
    """From acceptance to this outcome."""
    provenance: Provenance
    text: str | None = None
    """The answer; only when `state` is `answered`."""
    reason: str | None = None
    """Why there is no answer, for a person to read."""
    by: Person | None = None
    channel: ChannelKind | None = None
    source: str | None = None
    """The message, click or form that decided it, so that its second delivery is recognised."""


class Posting(_Value):
    """Where people see the question. In Discord the thread's id equals the message's."""

    channel: ChannelKind
    place: str
    """The channel's id."""
    reference: str
    """The id under which a reply comes back: the thread's id."""
    url: str | None = None
    threaded: bool = True
    """Whether people write in a thread; otherwise they reply to the message."""


class Escalation(_Value):
    """One question's whole record."""

    id: str
    agent: str
    question: Question
    state: State
    created_at: datetime
    deadline: datetime
    kept_until: datetime
    """After this the record and all that belongs to it expires."""
    posting: Posting | None = None
    outcome: Outcome | None = None
    late_answer: Outcome | None = None
    """What a person answered after the deadline; it never replaces the outcome."""
    delivered_at: datetime | None = None
    """When the agent said that the outcome had reached the customer."""
    late_answer_delivered_at: datetime | None = None
    """Likewise for the late answer."""

    @property
    def is_delivered(self) -> bool:
        """Whether the customer knows the newest that there is to know."""
        newest = self.late_answer_delivered_at if self.late_answer else self.delivered_at
        return newest is not None


def new_id() -> str:
    """Make an id that sorts by time and can't be guessed (a ULID: 80 random bits)."""
    return str(ULID())


def digest(text: str) -> str:
    """Shorten any text to 32 hexadecimal characters that fit in a key."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]

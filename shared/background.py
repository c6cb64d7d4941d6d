"""What an agent attaches to a question for the person who decides: what was said, facts, links.

All of it is a customer's or an agent's word: shown to people as data, never obeyed.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, cast

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
)

from shared.texts import FilledText, Value
from shared.web_address import web_address

TURNS_LIMIT: Final = 20
TURN_LIMIT: Final = 1_000
"""Characters in one turn."""
FACTS_LIMIT: Final = 20
FACT_NAME_LIMIT: Final = 64
FACT_LIMIT: Final = 256
"""Characters in a fact that is a text."""
NUMBER_LIMIT: Final = 1e15
"""Up to here a number is shown as it was given, whatever reads it."""
LINKS_LIMIT: Final = 5
TITLE_LIMIT: Final = 100
URL_LIMIT: Final = 500

STORED: Final = "stored"
"""As the context in which a background is read: it was checked as it came, by the rules of then."""


class Speaker(StrEnum):
    """Who said something in the conversation."""

    CUSTOMER = "customer"
    AGENT = "agent"
    COLLEAGUE = "colleague"  # somebody of the staff who was asked before, or talked with them


class Turn(Value):
    """One thing said in the conversation."""

    speaker: Speaker
    text: Annotated[FilledText, Field(max_length=TURN_LIMIT)]


class Link(Value):
    """Where more can be read."""

    title: Annotated[FilledText, Field(max_length=TITLE_LIMIT)]
    url: Annotated[str, Field(max_length=URL_LIMIT), AfterValidator(web_address)]


def _named(facts: object) -> object:
    """Check the names of facts before their values, so that errors need not repeat a long name.

    Raises:
        ValueError: A name shows nothing, is too long, or is given twice.
    """
    if not isinstance(facts, Mapping):
        return facts
    named: dict[str, Any] = {}
    for name, value in cast("Mapping[object, Any]", facts).items():
        try:
            plain = _NAME.validate_python(name)
        except ValidationError:
            problem = f"each name must have 1 to {FACT_NAME_LIMIT} characters that can be seen"
            raise ValueError(problem) from None
        if plain in named:
            raise ValueError("must not name the same fact twice")
        named[plain] = value
    return named


def _fact(value: object) -> object:
    """Take a text, a number or a yes-or-no.

    Raises:
        ValueError: It is none of these, or a number that not everything reads alike.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        if not -NUMBER_LIMIT <= value <= NUMBER_LIMIT:  # neither is a NaN
            raise ValueError(f"must be a number from -{NUMBER_LIMIT:.0e} to {NUMBER_LIMIT:.0e}")
        return value
    if not isinstance(value, str):
        raise ValueError("must be a text, a number, true or false")  # noqa: TRY004 (pydantic's)
    try:
        return _TEXT.validate_python(value)
    except ValidationError:
        problem = f"must be a text of 1 to {FACT_LIMIT} characters that can be seen"
        raise ValueError(problem) from None


def _still_links(links: object, info: ValidationInfo) -> object:
    """Leave out what is no link by today's rules, so that its question can be read all the same."""
    if info.context != STORED or not isinstance(links, list):
        return links
    return [each for each in cast("list[object]", links) if _is_link(each)]


def _is_link(value: object) -> bool:
    try:
        Link.model_validate(value)
    except ValidationError:
        return False
    return True


_NAME: Final = TypeAdapter[str](Annotated[FilledText, Field(max_length=FACT_NAME_LIMIT)])
_TEXT: Final = TypeAdapter[str](Annotated[FilledText, Field(max_length=FACT_LIMIT)])

Fact = Annotated[str | int | float | bool, BeforeValidator(_fact)]
Facts = Annotated[dict[str, Fact], Field(max_length=FACTS_LIMIT), BeforeValidator(_named)]
Turns = Annotated[tuple[Turn, ...], Field(max_length=TURNS_LIMIT)]
Links = Annotated[tuple[Link, ...], Field(max_length=LINKS_LIMIT), BeforeValidator(_still_links)]


class Background(Value):
    """Everything that is attached to a question beside its summary."""

    turns: Turns = ()
    """The last of what was said, the newest last."""
    facts: Facts = Field(default_factory=dict[str, Fact])
    """What is known of the customer, by name."""
    links: Links = ()


def fact_in_words(fact: str | float) -> str:
    """Write a fact for a person: a whole number without a point, yes and no as words."""
    if isinstance(fact, bool):
        return "yes" if fact else "no"
    if isinstance(fact, float) and fact.is_integer():
        return str(int(fact))
    return str(fact)

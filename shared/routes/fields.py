"""What the keys of a `routes.toml` have in common: durations, ids, and names that stand for ids.

A name is looked up while the file is parsed, so that what comes out holds people and schedules,
not their names, and a wrong name is told at its own place.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict
from pydantic import ValidationInfo as Info

from shared.escalation import Person

_NAME: Final = r"[a-z][a-z0-9_-]{0,63}"

_DURATION: Final = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_SIZE: Final = re.compile(r"(\d+) ?(kB|MB)")
_SIZE_UNITS: Final = {"kB": 1_000, "MB": 1_000_000}
_LONGEST: Final = timedelta(days=365)


class Table(BaseModel):
    """A table of the file. Errors don't show what they refuse: it may be a pasted token."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, strict=True)


def _duration(value: object) -> timedelta:
    """Read "45s", "10m" or "1h30m".

    Raises:
        ValueError: Something else.
    """
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(value) if isinstance(value, str) and value else None
    if match is None or any(len(part or "") > 9 for part in match.groups()):  # noqa: PLR2004 (overflow)
        raise ValueError('must be a duration such as "45s", "10m", "1h30m" or "2d"')
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    try:
        duration = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        duration = timedelta.max
    if duration > _LONGEST:
        raise ValueError("must be at most 365d")
    return duration


def in_words(duration: timedelta) -> str:
    """Write a duration as the file does: 1h30m."""
    seconds = round(duration.total_seconds())
    parts = {"d": seconds // 86400, "h": seconds // 3600 % 24, "m": seconds // 60 % 60}
    words = "".join(f"{number}{unit}" for unit, number in parts.items() if number)
    return words + (f"{seconds % 60}s" if seconds % 60 or not words else "")


def _at_least(least: timedelta) -> AfterValidator:
    def check(value: timedelta) -> timedelta:
        if value < least:
            raise ValueError(f"must be at least {in_words(least)}")
        return value

    return AfterValidator(check)


def _at_most(most: timedelta) -> AfterValidator:
    def check(value: timedelta) -> timedelta:
        if value > most:
            raise ValueError(f"must be at most {in_words(most)}")
        return value

    return AfterValidator(check)


Duration = Annotated[timedelta, BeforeValidator(_duration)]
"""A length of time, zero included."""
Wait = Annotated[Duration, _at_least(timedelta(seconds=1))]
"""How long something is waited for."""
Timeout = Annotated[Wait, _at_most(timedelta(days=7))]
"""How long people have to answer in all."""
Grace = Annotated[Duration, _at_most(timedelta(minutes=5))]
"""How long an answer is held back for corrections."""


def _size(value: object) -> int:
    """Read "500 kB" or "8 MB".

    Raises:
        ValueError: Something else.
    """
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None or len(match[1]) > 6:  # noqa: PLR2004 (no file is that large)
        raise ValueError('must be a size such as "500 kB" or "8 MB"')
    return int(match[1]) * _SIZE_UNITS[match[2]]


Size = Annotated[int, BeforeValidator(_size)]
"""Bytes."""


def _id(value: object) -> str:
    """Read one of Discord's ids: digits, with or without quotes.

    Raises:
        ValueError: Something else.
    """
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not re.fullmatch(r"[1-9][0-9]{0,19}", text):
        raise ValueError("must be a Discord id: digits, such as 1182731077223653381")
    return text


Id = Annotated[str, BeforeValidator(_id)]


def _matching(pattern: str, words: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(words)
        return value

    return AfterValidator(check)


Name = Annotated[
    str, _matching(_NAME, "must be a name of lower-case letters, digits, - and _, up to 64")
]
VariableName = Annotated[
    str,
    _matching(
        r"[A-Z][A-Z0-9_]{0,63}",
        "must be the name of an environment variable, such as DISCORD_TOKEN, not the token itself",
    ),
]
MediaType = Annotated[
    str,
    _matching(
        r"\*/\*|[a-z]+/(\*|[a-z0-9][a-z0-9.+-]*)",
        'must be a media type such as "image/png", "image/*" or "*/*"',
    ),
]


class Role(Table):
    """A role in Discord: whoever has it is meant."""

    id: str
    name: str


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """Suggest the nearest name, or list all that there are."""
    names = sorted(known)
    if near := difflib.get_close_matches(wrong, names, n=1):
        return f"did you mean {near[0]!r}?"
    return f"known: {', '.join(names)}" if names else "there is none"


def look_up(value: object, info: Info, *, kind: str) -> Any:
    """Find what a name stands for among the file's tables of this kind.

    Raises:
        ValueError: No such name.
    """
    context: Mapping[str, Mapping[str, Any]] = info.context or {}
    known = context.get(kind, {})
    if not isinstance(value, str) or not re.fullmatch(_NAME, value):
        raise ValueError(f"must be a name from [{kind}]")
    if value not in known:
        raise ValueError(f"there is no {value!r} in [{kind}]; {did_you_mean(value, known)}")
    return known[value]


def _person(value: object, info: Info) -> Person:
    if isinstance(value, Person):
        return value
    if isinstance(value, str) and re.fullmatch(_NAME, value):
        return look_up(value, info, kind="people")
    return Person(id=_named_id(value, "people"), name=str(value))


def _role(value: object, info: Info) -> Role:
    if isinstance(value, Role):
        return value
    if isinstance(value, str) and re.fullmatch(_NAME, value):
        return look_up(value, info, kind="roles")
    return Role(id=_named_id(value, "roles"), name=str(value))


def _named_id(value: object, kind: str) -> str:
    try:
        return _id(value)
    except ValueError:
        raise ValueError(f"must be a name from [{kind}] or a Discord id (digits)") from None


def _distinct(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Refuse the same person, role or channel twice.

    Raises:
        ValueError: There is one.
    """
    if len({getattr(value, "id", value) for value in values}) != len(values):
        raise ValueError("must not name the same one twice")
    return values


def _listed(value: object) -> object:
    """Take TOML's arrays, which are lists, where a tuple is meant."""
    return tuple(value) if isinstance(value, list) else value  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


Listed = BeforeValidator(_listed)
Distinct = AfterValidator(_distinct)
OneUser = Annotated[Person, BeforeValidator(_person)]
OneRole = Annotated[Role, BeforeValidator(_role)]
Users = Annotated[tuple[OneUser, ...], Listed, Distinct]
Roles = Annotated[tuple[OneRole, ...], Listed, Distinct]

"""Texts from outside: what is refused, what is stripped, and what a person would not see.

Also the base of all values that are stored and sent.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence
from typing import Annotated, Final, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

REFERENCE_LIMIT: Final = 128
"""Characters in a conversation id, an idempotency key or the name of a route."""

# Not `Cn`: what the tables of this Python don't know yet may be a new emoji.
_UNSEEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Mn", "Me", "Zs", "Zl", "Zp"})
"""Control and format characters, marks with no letter to stand on, and white space."""
_FILLERS: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters, and a Braille cell without dots, that are drawn as empty space."""

FILE_NAME_LIMIT: Final = 100
"""Characters in the name of a file."""
_ENDING_LIMIT: Final = 10
"""Characters of a name's ending, such as `.jpeg`, that a cut leaves alone."""


class Value(BaseModel):
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


def file_name(text: str) -> str:
    """Make a file's name harmless: one line without anything unseen, no path, and not too long.

    An unseen character could turn the name around, so that an ending reads like another.
    """
    seen = (_in_a_name(character) for character in text)
    name = " ".join("".join(seen).split())
    if is_blank(name.strip(".")):
        return "file"
    if len(name) <= FILE_NAME_LIMIT:
        return name
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending) > _ENDING_LIMIT:
        return name[: FILE_NAME_LIMIT - 1] + "…"
    kept = dot + ending
    return stem[: FILE_NAME_LIMIT - len(kept) - 1] + "…" + kept


def _in_a_name(character: str) -> str:
    if character in "/\\":
        return "_"
    match unicodedata.category(character):
        case "Cf" | "Cs":
            return ""
        case "Cc" | "Zs" | "Zl" | "Zp":
            return " "
        case _:
            return character


def distinct(options: OptionsT) -> OptionsT:
    """Keep options that a person can tell apart.

    Raises:
        ValueError: Two options are the same.
    """
    if len(set(options)) != len(options):
        raise ValueError("must not name the same option twice")
    return options


def digest(text: str) -> str:
    """Shorten any text to 32 hexadecimal characters that fit in a key."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]

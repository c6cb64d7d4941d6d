"""Texts from outside: what is refused, what is stripped, and what a person would not see.

Also the base of all values that are stored and sent.
"""

from __future__ import annotations

import hashlib
import re
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

_FLAG: Final = "\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{2,6}\U000e007f"
"""Such as Scotland's: a black flag, and the letters of the place as characters that nobody sees."""
_MARKS: Final = "\u061c\u200e\u200f"
"""Unseen letters, as it were, of one direction."""
_UNSEEN: Final = (
    r"\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"  # controls that are no white space
    "\u00ad\u180e\u200b\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb"
    "\u202a-\u202e\u2066-\u2069"  # embeddings, overrides and isolates
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f"
)
"""Controls and format characters that are drawn as nothing. Not the joiners within emoji and within
words of Persian or Hindi, and no Arabic sign that stands around a number: that one is seen."""
_FOR_RUNNING_TEXT: Final = re.compile(f"({_FLAG})|[{_UNSEEN}]")
_FOR_ONE_LINE: Final = re.compile(f"({_FLAG})|[{_UNSEEN}{_MARKS}]")
_LINE_BREAK: Final = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_LINE_WITH_MARK: Final = re.compile(f"[^\n]*[{_MARKS}][^\n]*")

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


def printable(text: str) -> str:
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


def legible(text: str) -> str:
    """Take out of somebody's words what nobody sees, so that all reads in the order it stands in.

    Overrides, embeddings and isolates could show any address or amount as another, beyond the words
    that they stand in. They are not needed to read Arabic or Hebrew: their letters have a direction
    of their own. Marks of a direction stay on lines with such letters, where they do what a letter
    could do; elsewhere they are out of place. Line breaks are all made the usual one.
    """
    if text.isascii() and text.isprintable():
        return text
    seen = _FOR_RUNNING_TEXT.sub(_flag, _LINE_BREAK.sub("\n", text))
    return _LINE_WITH_MARK.sub(_marked_line, seen)


def one_line(text: str) -> str:
    """Make one line of a name, a title or a label, without anything that is not seen.

    What is shown beside it is read as it stands, whatever stands in it. Empty if nothing is seen.
    """
    if not (text.isascii() and text.isprintable()):
        text = _FOR_ONE_LINE.sub(_flag, _LINE_BREAK.sub("\n", text))
        text = "".join(" " if character in _FILLERS else character for character in text)
    line = " ".join(text.split())
    return "" if is_blank(line) else line


def _flag(found: re.Match[str]) -> str:
    return found[1] or ""


def _marked_line(found: re.Match[str]) -> str:
    line = found[0]
    if any(
        unicodedata.bidirectional(each) in {"R", "AL"}
        for each in line
        if unicodedata.category(each) != "Cf"
    ):
        return line
    return "".join(each for each in line if each not in _MARKS)


Text = Annotated[str, AfterValidator(printable)]
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
        return cut(name, FILE_NAME_LIMIT)
    kept = dot + ending
    return cut(stem, FILE_NAME_LIMIT - len(kept)) + kept


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


def cut(text: str, room: int) -> str:
    """Cut a text for good: an ellipsis is its last character then."""
    return text if len(text) <= room else text[: room - 1] + "…"


def folded(name: str) -> str:
    """Make the same of a name however it is spaced and capitalised."""
    return " ".join(name.split()).casefold()


def digest(text: str) -> str:
    """Shorten any text to 32 hexadecimal characters that fit in a key."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]

"""The slash commands as Discord is told of them. What they do stands in `commands`.

They are data rather than decorated functions: what is wanted is compared with what is registered,
and a use of one is heard, under the listener's hold, where a click is heard too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, Final

from shared.escalation import REASON_LIMIT
from shared.question import QUESTION_LIMIT


class CommandName(StrEnum):
    """What is written behind the slash."""

    PENDING = "pending"
    ANSWER = "answer"
    ASK_BACK = "ask-back"
    CLAIM = "claim"
    RELEASE = "release"
    REASSIGN = "reassign"
    DECLINE = "decline"
    APPROVE = "approve"
    DENY = "deny"
    ON_CALL = "oncall"


class OptionName(StrEnum):
    """What can be given with a command."""

    QUESTION = "question"  # an escalation's id; needed outside a question's own thread
    TEXT = "text"
    PERSON = "person"
    REASON = "reason"
    COMMENT = "comment"
    SCHEDULE = "schedule"
    PAGE = "page"


class OptionKind(IntEnum):
    """Discord's numbers for what an option takes."""

    STRING = 3
    INTEGER = 4
    USER = 6


@dataclass(frozen=True, slots=True)
class Option:
    """One option. `suggests`: the worker offers values while somebody types."""

    name: OptionName
    description: str
    kind: OptionKind = OptionKind.STRING
    required: bool = False
    suggests: bool = False
    longest: int | None = None
    least: int | None = None

    def payload(self) -> dict[str, Any]:
        """Write it as Discord's API takes it."""
        written: dict[str, Any] = {
            "type": int(self.kind),
            "name": str(self.name),
            "description": self.description,
            "required": self.required,
        }
        if self.suggests:
            written["autocomplete"] = True
        if self.longest is not None:
            written |= {"min_length": 1, "max_length": self.longest}
        if self.least is not None:
            written["min_value"] = self.least
        return written


@dataclass(frozen=True, slots=True)
class Command:
    """One slash command; required options come first, as Discord wants them."""

    name: CommandName
    description: str
    options: tuple[Option, ...] = ()

    def payload(self) -> dict[str, Any]:
        """Write it as Discord's API takes it."""
        return {
            "type": 1,
            "name": str(self.name),
            "description": self.description,
            "options": [option.payload() for option in self.options],
        }


QUESTION: Final = Option(
    OptionName.QUESTION, "Which one; not needed in its own thread", suggests=True
)


def _text(name: OptionName, description: str, longest: int, *, required: bool) -> Option:
    return Option(name, description, required=required, longest=longest)


COMMANDS: Final = (
    Command(
        CommandName.PENDING,
        "List the open questions that you may answer",
        (Option(OptionName.PAGE, "Which page of the list", OptionKind.INTEGER, least=1),),
    ),
    Command(
        CommandName.ANSWER,
        "Answer a question",
        (_text(OptionName.TEXT, "Your answer", QUESTION_LIMIT, required=True), QUESTION),
    ),
    Command(
        CommandName.ASK_BACK,
        "Ask the agent something before you answer",
        (
            _text(OptionName.TEXT, "What you need to know", QUESTION_LIMIT, required=True),
            QUESTION,
        ),
    ),
    Command(CommandName.CLAIM, "Say that you are on a question", (QUESTION,)),
    Command(CommandName.RELEASE, "Say that you are no longer on it", (QUESTION,)),
    Command(
        CommandName.REASSIGN,
        "Give a question to somebody else who may answer",
        (
            Option(OptionName.PERSON, "Who shall take it", OptionKind.USER, required=True),
            QUESTION,
        ),
    ),
    Command(
        CommandName.DECLINE,
        "Say that nobody will answer a question",
        (
            _text(OptionName.REASON, "Why; the agent is told", REASON_LIMIT, required=True),
            QUESTION,
        ),
    ),
    Command(
        CommandName.APPROVE,
        "Approve what an agent wants to do",
        (
            QUESTION,
            _text(OptionName.COMMENT, "A comment, which is kept", REASON_LIMIT, required=False),
        ),
    ),
    Command(
        CommandName.DENY,
        "Forbid what an agent wants to do",
        (
            QUESTION,
            _text(OptionName.REASON, "Why; the agent is told", REASON_LIMIT, required=False),
        ),
    ),
    Command(
        CommandName.ON_CALL,
        "Tell who is on call, until when, and who is next",
        (Option(OptionName.SCHEDULE, "One schedule; all if not given", suggests=True),),
    ),
)

_ESSENTIAL: Final = frozenset(
    {
        "type",
        "name",
        "description",
        "options",
        "required",
        "autocomplete",
        "min_length",
        "max_length",
        "min_value",
        "max_value",
        "choices",
        "name_localizations",
        "description_localizations",
        "nsfw",
    }
)
"""What we say of a command, or would have to take back. The rest (ids, versions, who may use it by
the server's own settings) is Discord's."""


def is_registered(found: Iterable[Mapping[str, Any]], wanted: Iterable[Command]) -> bool:
    """Whether these are just the commands that are wanted, in whatever order they are listed."""
    there = sorted((_essence(each) for each in found), key=lambda each: str(each["name"]))
    ours = sorted((_essence(each.payload()) for each in wanted), key=lambda each: str(each["name"]))
    return there == ours


def _essence(said: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is not ours, and what is only said to be not so."""
    essence: dict[str, Any] = {}
    for key in _ESSENTIAL & said.keys():
        value = said[key]
        if key == "options":
            value = [_essence(each) for each in value or ()]
        if value not in (None, False, [], {}, ""):
            essence[key] = value
    return essence

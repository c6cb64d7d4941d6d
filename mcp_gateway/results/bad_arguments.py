"""How bad arguments are worded: each with its field and the limit, none with what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from shared.texts import cut

TOLD_LIMIT: Final = 10
"""Wrong arguments that are named at once."""
NAME_LENGTH: Final = 64
"""Characters of a name that somebody gave, as far as it is said back to them."""


def refusal_of(error: ValidationError, *, within: str = "arguments") -> str:
    """Name each wrong argument and its limit, never its value; the first few, where many are.

    What was sent is as long as a body may be, what is said of it is not: neither a thousand unknown
    arguments nor the name of one comes back in full.
    """
    problems = error.errors(include_input=False, include_url=False)
    said = [
        f"{_place(problem['loc'], within)}: "
        f"{_words(problem['type'], problem['msg'], problem.get('ctx', {}))}"
        for problem in problems[:TOLD_LIMIT]
    ]
    if (left := len(problems) - TOLD_LIMIT) > 0:
        said.append(f"and {left} more")
    return "; ".join(said)


def _place(parts: tuple[str | int, ...], within: str) -> str:
    path = ".".join(cut(str(part), NAME_LENGTH) for part in parts)
    if within == "arguments":
        return path or within
    return f"{within}.{path}" if path else within


def _words(kind: str, message: str, limits: Mapping[str, Any]) -> str:
    match kind:
        # Constraints behind a validator are reported as if every value were a list.
        case "too_long" if limits.get("field_type") == "Value":
            return f"must have at most {limits['max_length']} characters"
        case "too_long":
            return f"must have at most {limits['max_length']} entries"
        case "too_short":
            return f"must have at least {limits['min_length']} entries"
        case "extra_forbidden":
            return "no such argument"
        case "missing":
            return "is required"
        case "string_unicode":
            return "must be valid Unicode: it contains half of a surrogate pair"
        case _:
            text = message.removeprefix("Value error, ")
            for noun in ("String", "Input", "List", "Value"):
                text = text.removeprefix(f"{noun} ")
            return text.replace("valid tuple", "valid list")

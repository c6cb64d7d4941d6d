"""What people ask back, as requests for input; and what the client's responses tell people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, assert_never

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mcp_gateway.results.bad_arguments import refusal_of
from mcp_gateway.tasks.store import UnusableResponseError
from shared.escalation import Author, Escalation, Remark
from shared.question import QUESTION_LIMIT
from shared.texts import FilledText, digest

DECLINED: Final = "No reply: whoever was asked did not want to say."
DISMISSED: Final = "No reply: whoever was asked put the question aside."

_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "reply": {
            "type": "string",
            "title": "Your reply",
            "description": "For the person who asks; it is passed on as it is.",
            "minLength": 1,
            "maxLength": QUESTION_LIMIT,
        }
    },
    "required": ["reply"],
}


def open_requests(escalation: Escalation) -> dict[str, str]:
    """Find what people asked back and nobody has replied to, by key, in the order of asking.

    A reply that names its key settles that one; any other word of the agent's settles all before
    it.
    """
    wanted: dict[str, str] = {}
    if not escalation.state.is_open:
        return wanted
    for remark in escalation.remarks:
        match remark.author:
            case Author.OPERATOR:
                wanted[_key_of(remark)] = remark.text
            case Author.AGENT:
                settled = [key for key in wanted if source_of(key) == remark.source]
                for key in settled or list(wanted):
                    del wanted[key]
            case _:
                assert_never(remark.author)
    return wanted


def source_of(key: str) -> str:
    """Name where a reply to this request comes from: the same reply is told once."""
    return f"task:{key}"


def elicitation(text: str) -> dict[str, Any]:
    """Write what people want to know as a request for input."""
    return {
        "method": "elicitation/create",
        "params": {
            "mode": "form",
            "message": f"Before answering, a person wants to know: {text}",
            "requestedSchema": _SCHEMA,
        },
    }


class _Content(BaseModel):
    """The form, filled in."""

    model_config = ConfigDict(hide_input_in_errors=True)

    reply: Annotated[FilledText, Field(max_length=QUESTION_LIMIT)]


class _Response(BaseModel):
    """What became of an elicitation."""

    model_config = ConfigDict(hide_input_in_errors=True)

    action: Literal["accept", "decline", "cancel"]
    content: Mapping[str, Any] | None = None


def read_reply(key: str, response: Any) -> str:
    """Put a response into words for people. That nobody replied is told too, or they would wait.

    Raises:
        UnusableResponseError: It is not what was asked for.
    """
    try:
        read = _Response.model_validate(response)
    except ValidationError as error:
        raise _unusable(key, error) from error
    match read.action:
        case "decline":
            return DECLINED
        case "cancel":
            return DISMISSED
        case "accept":
            try:
                return _Content.model_validate(read.content or {}).reply
            except ValidationError as error:
                raise _unusable(f"{key}.content", error) from error


def _unusable(place: str, error: ValidationError) -> UnusableResponseError:
    return UnusableResponseError(refusal_of(error, within=f"inputResponses.{place}"))


def _key_of(remark: Remark) -> str:
    """Make a key of where it was said and what: words that are changed are asked anew."""
    return digest(f"{remark.source}:{remark.text}")[:16]

"""What the page sends, parsed: bounded, typed, and refused with the field and the limit."""

from __future__ import annotations

from typing import Annotated, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request

from shared.escalation import REASON_LIMIT
from shared.question import QUESTION_LIMIT
from shared.texts import FilledText, Text

BODY_LIMIT: Final = 64 * 1024
"""Bytes: 4,000 characters, each of them escaped as two UTF-16 halves, and room to spare."""
NAME_LIMIT: Final = 80


class FormError(Exception):
    """A request that can't be understood."""

    def __init__(self, status: int, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.field = field


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _ReplyForm(_Form):
    source: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{8,64}$")]
    """Made anew by the page for each submission, so that its repetition is recognised."""
    name: Annotated[FilledText, Field(max_length=NAME_LIMIT)] | None = None


class AnswerForm(_ReplyForm):
    """The answer to a question."""

    text: Annotated[FilledText, Field(max_length=QUESTION_LIMIT)]


class DeclineForm(_ReplyForm):
    """The word that nobody will answer."""

    reason: Annotated[Text, Field(max_length=REASON_LIMIT)] | None = None


class LoginForm(_Form):
    """The desk's password."""

    password: Annotated[str, Field(max_length=1_000)]


FormT = TypeVar("FormT", bound=_Form)


async def read_form(request: Request, form: type[FormT]) -> FormT:
    """Read a JSON body.

    Raises:
        FormError: Too large, not JSON, or a field that is wrong.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            raise FormError(413, f"the request must not be larger than {BODY_LIMIT} bytes")
    try:
        return form.model_validate_json(bytes(body))
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in problem["loc"])
        message = problem["msg"].removeprefix("Value error, ")
        raise FormError(
            422, f"{field}: {message}" if field else message, field=field or None
        ) from None

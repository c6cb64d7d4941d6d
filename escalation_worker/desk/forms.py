"""What the page sends, parsed: bounded, typed, and refused with the field and the limit."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request

from shared.answer_form import FIELD_LIMIT, FIELDS_LIMIT
from shared.answer_form import NAME_LIMIT as FIELD_NAME_LIMIT
from shared.escalation import REASON_LIMIT
from shared.precedent import PRECEDENTS_LIMIT
from shared.question import QUESTION_LIMIT
from shared.texts import FilledText, Text

BODY_LIMIT: Final = 64 * 1024
"""Bytes: 4,000 characters, each of them escaped as two UTF-16 halves, and room to spare."""
FILLED_IN_LIMIT: Final = 1024 * 1024
"""Bytes: 20 fields of 4,000 characters, escaped likewise."""
NAME_LIMIT: Final = 80
Name = Annotated[FilledText, Field(max_length=NAME_LIMIT)]


class FormError(Exception):
    """A request that can't be understood."""

    def __init__(self, status: int, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.field = field


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    size: ClassVar[int] = BODY_LIMIT
    """Bytes that a request may have."""


class ReplyForm(_Form):
    """What every act of an operator's brings."""

    source: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{8,64}$")]
    """Made anew by the page for each submission, so that its repetition is recognised."""
    name: Name | None = None


class TextForm(ReplyForm):
    """The answer to a question, or what the agent is asked back."""

    text: Annotated[FilledText, Field(max_length=QUESTION_LIMIT)]


class FilledInForm(ReplyForm):
    """The form that the agent wants filled in, as texts by the fields' names."""

    size: ClassVar[int] = FILLED_IN_LIMIT
    values: Annotated[
        dict[
            Annotated[str, Field(max_length=FIELD_NAME_LIMIT)],
            Annotated[Text, Field(max_length=FIELD_LIMIT)],
        ],
        Field(max_length=FIELDS_LIMIT),
    ]


class VoteForm(ReplyForm):
    """One person's word on an approval."""

    approve: bool
    comment: Annotated[Text, Field(max_length=REASON_LIMIT)] | None = None


class ClaimForm(ReplyForm):
    """The word that somebody is on it."""

    take_over: bool = False
    """Also when somebody else has said so."""


class ReleaseForm(ReplyForm):
    """The word that somebody is no longer on it."""


class RecallForm(ReplyForm):
    """The wish to answer as it was answered before."""

    number: Annotated[int, Field(ge=1, le=PRECEDENTS_LIMIT)]


class DeclineForm(ReplyForm):
    """The word that nobody will answer."""

    reason: Annotated[Text, Field(max_length=REASON_LIMIT)] | None = None


class LoginForm(_Form):
    """The desk's password."""

    password: Annotated[str, Field(max_length=1_000)]
    name: Name | None = None
    """Under which this session acts."""


FormT = TypeVar("FormT", bound=_Form)


async def read_form(request: Request, form: type[FormT]) -> FormT:
    """Read a JSON body.

    Raises:
        FormError: Too large, not JSON, or a field that is wrong.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > form.size:
            raise FormError(413, f"the request must not be larger than {form.size} bytes")
    try:
        return form.model_validate_json(bytes(body))
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in problem["loc"])
        message = problem["msg"].removeprefix("Value error, ")
        raise FormError(
            422, f"{field}: {message}" if field else message, field=field or None
        ) from None

"""A form that an agent wants filled in: a flat JSON Schema, and what people write checked by it.

The subset is the one that MCP's elicitation allows (revision 2025-11-25, "Supported schema types"):
one object whose properties are strings, numbers, integers, booleans or choices. People type text;
pydantic turns it into what the schema asks for, and says what is wrong with it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    AnyUrl,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    create_model,
    model_validator,
)

from shared.texts import FilledText, Text, Value, distinct

FIELDS_LIMIT: Final = 20
"""Fields in a form. Discord shows five on a page."""
NAME_LIMIT: Final = 64
LABEL_LIMIT: Final = 200
CHOICES_LIMIT: Final = 25
FIELD_LIMIT: Final = 4_000
"""Characters in one field: the most that a text input of Discord's takes."""

Answer: TypeAlias = str | int | float | bool


class TextFormat(StrEnum):
    """What a text must be."""

    EMAIL = "email"
    URI = "uri"
    DATE = "date"  # 2026-11-22
    DATE_TIME = "date-time"  # 2026-11-22T14:30:00+01:00


class _Field(Value):
    """What all fields have."""

    # As it came, so that it is read back as it was stored.
    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, serialize_by_alias=True
    )

    title: Annotated[FilledText, Field(max_length=LABEL_LIMIT)] | None = None
    description: Annotated[Text, Field(max_length=LABEL_LIMIT)] | None = None


class TextField(_Field):
    """A text."""

    type: Literal["string"]
    min_length: Annotated[int, Field(ge=0, le=FIELD_LIMIT, alias="minLength")] = 0
    max_length: Annotated[int, Field(ge=1, le=FIELD_LIMIT, alias="maxLength")] = FIELD_LIMIT
    format: TextFormat | None = None
    default: Text | None = None

    @model_validator(mode="after")
    def _fits(self) -> TextField:
        if self.min_length > self.max_length:
            raise ValueError("minLength must not be more than maxLength")
        return self


class ChoiceField(_Field):
    """One of a few texts."""

    type: Literal["string"]
    enum: Annotated[
        tuple[Annotated[FilledText, Field(max_length=100)], ...],
        Field(min_length=1, max_length=CHOICES_LIMIT),
        AfterValidator(distinct),
    ]
    enum_names: Annotated[tuple[FilledText, ...] | None, Field(alias="enumNames")] = None
    default: str | None = None

    @model_validator(mode="after")
    def _named(self) -> ChoiceField:
        if self.enum_names is not None and len(self.enum_names) != len(self.enum):
            raise ValueError("enumNames must have as many entries as enum")
        return self


class NumberField(_Field):
    """A number, whole or not."""

    type: Literal["number", "integer"]
    minimum: float | None = None
    maximum: float | None = None
    default: float | None = None

    @model_validator(mode="after")
    def _ordered(self) -> NumberField:
        if None not in (self.minimum, self.maximum) and self.minimum > self.maximum:  # type: ignore[operator]
            raise ValueError("minimum must not be more than maximum")
        return self


class YesNoField(_Field):
    """Yes or no."""

    type: Literal["boolean"]
    default: bool | None = None


FormField: TypeAlias = ChoiceField | TextField | NumberField | YesNoField
FieldName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$", max_length=NAME_LIMIT)]


class AnswerForm(Value):
    """A flat JSON Schema object."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    type: Literal["object"]
    properties: Annotated[dict[FieldName, FormField], Field(min_length=1, max_length=FIELDS_LIMIT)]
    required: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _known(self) -> AnswerForm:
        if unknown := sorted(set(self.required) - set(self.properties)):
            raise ValueError(f"required names what is no property: {', '.join(unknown)}")
        return self

    def label(self, name: str) -> str:
        """Name a field for people."""
        return self.properties[name].title or name

    def read(self, written: Mapping[str, str]) -> FilledIn:
        """Check what somebody wrote, field by field. An empty field counts as left out."""
        values = {name: text.strip() for name, text in written.items() if text.strip()}
        # Told apart before: pydantic names no place for a name with half of a surrogate pair.
        strangers = {
            name.encode(errors="replace").decode(): _in_words("extra_forbidden", "")
            for name in values.keys() - self.properties.keys()
        }
        try:
            read = self._model().model_validate(
                {name: text for name, text in values.items() if name in self.properties}
            )
        except ValidationError as error:
            problems = {
                str(problem["loc"][0]): _in_words(problem["type"], problem["msg"])
                for problem in error.errors(include_input=False, include_url=False)
            }
            return FilledIn({}, problems | strangers)
        if strangers:
            return FilledIn({}, strangers)
        return FilledIn(read.model_dump(mode="json", exclude_none=True, by_alias=True), {})

    def _model(self) -> type[BaseModel]:
        fields: dict[str, Any] = {}
        for number, (name, each) in enumerate(self.properties.items()):
            kind = _type_of(each)
            needed = name in self.required
            # Python names are made up: a property may be called like a method of pydantic's.
            fields[f"field_{number}"] = (
                kind if needed else kind | None,
                Field(default=... if needed else None, alias=name),
            )
        return create_model(
            "Form", __config__=ConfigDict(extra="forbid", hide_input_in_errors=True), **fields
        )


class FilledIn:
    """What came of a form: values by name, or what is wrong, by name."""

    __slots__ = ("problems", "values")

    def __init__(self, values: dict[str, Answer], problems: dict[str, str]) -> None:
        self.values = values
        self.problems = problems


def _type_of(field: FormField) -> Any:
    """Find the Python type that holds what a field takes."""
    match field:
        case ChoiceField():
            return Literal[field.enum]
        case YesNoField():
            return bool
        case NumberField():
            return _number_type(field)
        case TextField():
            return _text_type(field)


def _number_type(field: NumberField) -> Any:
    low, high = field.minimum, field.maximum
    if field.type == "number":
        return Annotated[float, Field(ge=low, le=high, allow_inf_nan=False)]
    # Limits of whole numbers must be whole: from 0.5 on is from 1 on.
    return Annotated[
        int,
        Field(
            ge=None if low is None else math.ceil(low),
            le=None if high is None else math.floor(high),
        ),
    ]


def _text_type(field: TextField) -> Any:
    match field.format:
        case TextFormat.DATE:
            return date
        case TextFormat.DATE_TIME:
            return AwareDatetime
        case TextFormat.URI:
            return AnyUrl
        case TextFormat.EMAIL:
            pattern = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
        case None:
            pattern = None
    return Annotated[
        Text, Field(min_length=field.min_length, max_length=field.max_length, pattern=pattern)
    ]


def _in_words(kind: str, message: str) -> str:
    match kind:
        case "missing":
            return "must be filled in"
        case "string_pattern_mismatch":
            return "must be an e-mail address"
        case "extra_forbidden":
            return "is no field of this form"
        case _:
            return message.removeprefix("Value error, ").removeprefix("Input ")

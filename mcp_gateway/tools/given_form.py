"""A form as a caller gives it: strict, and with a limit to everything.

What is kept is read more freely, so that a form which an older gateway took stays readable.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Self, cast

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    FiniteFloat,
    Strict,
    Tag,
    model_validator,
)

from shared.answer_form import (
    FIELD_LIMIT,
    FIELDS_LIMIT,
    AnswerForm,
    ChoiceField,
    FieldName,
    NumberField,
    TextField,
    YesNoField,
)
from shared.texts import FilledText, Text, distinct

CHOICE_LIMIT: Final = 100
"""Characters of a choice's name: the label of a row in a select menu of Discord's."""

_KINDS: Final = {"number": "number", "integer": "number", "boolean": "boolean"}

Length = Annotated[int, Strict(), Field(ge=0, le=FIELD_LIMIT)]
Number = Annotated[FiniteFloat, Strict()]


class GivenText(TextField):
    """A text."""

    min_length: Annotated[Length, Field(alias="minLength")] = 0
    max_length: Annotated[Length, Field(ge=1, alias="maxLength")] = FIELD_LIMIT
    default: Annotated[Text, Field(max_length=FIELD_LIMIT)] | None = None


class GivenChoice(ChoiceField):
    """One of a few texts."""

    enum_names: Annotated[
        tuple[Annotated[FilledText, Field(max_length=CHOICE_LIMIT)], ...] | None,
        Field(alias="enumNames"),
    ] = None

    @model_validator(mode="after")
    def _chosen(self) -> Self:
        if self.default is not None and self.default not in self.enum:
            raise ValueError("default must be one of enum")
        return self


class GivenNumber(NumberField):
    """A number, whole or not."""

    minimum: Number | None = None
    maximum: Number | None = None
    default: Number | None = None


class GivenYesNo(YesNoField):
    """Yes or no."""

    default: Annotated[bool, Strict()] | None = None


def _kind(field: object) -> str | None:
    """Tell which kind of field is meant, so that what is wrong is told of that kind alone."""
    if not isinstance(field, Mapping):
        return None
    given = cast("Mapping[object, object]", field)
    kind = given.get("type")
    if kind == "string":
        return "choice" if "enum" in given else "string"
    return _KINDS.get(kind) if isinstance(kind, str) else None


GivenField = Annotated[
    Annotated[GivenChoice, Tag("choice")]
    | Annotated[GivenText, Tag("string")]
    | Annotated[GivenNumber, Tag("number")]
    | Annotated[GivenYesNo, Tag("boolean")],
    Discriminator(
        _kind,
        custom_error_type="field_kind",
        custom_error_message="type must be 'string', 'number', 'integer' or 'boolean'",
    ),
]


class GivenForm(AnswerForm):
    """A flat JSON Schema object."""

    properties: Annotated[  # pyright: ignore[reportIncompatibleVariableOverride] (each is narrower)
        dict[FieldName, GivenField],
        Field(min_length=1, max_length=FIELDS_LIMIT),
    ]
    required: Annotated[
        tuple[FieldName, ...], Field(max_length=FIELDS_LIMIT), AfterValidator(distinct)
    ] = ()


def given_form(schema: dict[str, Any]) -> AnswerForm:
    """Read a form.

    Raises:
        ValidationError: It is not in the subset of JSON Schema that people can be shown.
    """
    GivenForm.model_validate(schema)
    return AnswerForm.model_validate(schema)

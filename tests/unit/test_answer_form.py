from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.answer_form import AnswerForm

FORM = AnswerForm.model_validate(
    {
        "type": "object",
        "properties": {
            "amount": {"type": "number", "minimum": 0, "maximum": 100, "title": "Per cent"},
            "pieces": {"type": "integer", "minimum": 1},
            "until": {"type": "string", "format": "date"},
            "mail": {"type": "string", "format": "email"},
            "page": {"type": "string", "format": "uri"},
            "at": {"type": "string", "format": "date-time"},
            "size": {"type": "string", "enum": ["small", "large"]},
            "sure": {"type": "boolean"},
            "note": {"type": "string", "minLength": 3, "maxLength": 10},
            "copy": {"type": "string"},
        },
        "required": ["amount"],
    }
)


def test_what_people_type_becomes_what_the_schema_asks_for() -> None:
    filled = FORM.read(
        {
            "amount": "12.5",
            "pieces": " 3 ",
            "until": "2026-11-22",
            "mail": "maya@shop.test",
            "page": "https://shop.test/x",
            "at": "2026-11-22T14:30:00+01:00",
            "size": "large",
            "sure": "yes",
            "note": "as usual",
            "copy": "",
        }
    )
    assert filled.problems == {}
    assert filled.values == {
        "amount": 12.5,
        "pieces": 3,
        "until": "2026-11-22",
        "mail": "maya@shop.test",
        "page": "https://shop.test/x",
        "at": "2026-11-22T14:30:00+01:00",
        "size": "large",
        "sure": True,
        "note": "as usual",
    }


def test_a_form_reads_back_as_it_was_stored() -> None:
    assert AnswerForm.model_validate_json(FORM.model_dump_json()) == FORM


@pytest.mark.parametrize(
    ("name", "written", "words"),
    [
        ("amount", "", "must be filled in"),
        ("amount", "lots", "number"),
        ("amount", "101", "less than or equal to 100"),
        ("amount", "nan", "finite"),
        ("pieces", "2.5", "integer"),
        ("pieces", "0", "greater than or equal to 1"),
        ("until", "tomorrow", "date"),
        ("mail", "maya", "e-mail"),
        ("page", "shop", "URL"),
        ("at", "2026-11-22T14:30:00", "timezone"),
        ("size", "medium", "'small' or 'large'"),
        ("sure", "perhaps", "boolean"),
        ("note", "no", "at least 3"),
        ("note", "x" * 11, "at most 10"),
        ("other", "x", "no field"),
    ],
)
def test_what_does_not_fit_is_named_by_its_field(name: str, written: str, words: str) -> None:
    filled = FORM.read({"amount": "1", name: written})
    assert list(filled.problems) == [name]
    assert words in filled.problems[name]
    assert filled.values == {}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "object", "properties": {}}, "at least 1"),
        ({"type": "array", "properties": {"a": {"type": "string"}}}, "object"),
        ({"type": "object", "properties": {"a": {"type": "object"}}}, "string"),
        ({"type": "object", "properties": {"a b": {"type": "string"}}}, "pattern"),
        ({"type": "object", "properties": {"a": {"type": "string", "pattern": "x"}}}, "pattern"),
        (
            {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["b"]},
            "required names what is no property: b",
        ),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "string", "minLength": 5, "maxLength": 2}},
            },
            "minLength must not be more than maxLength",
        ),
        (
            {"type": "object", "properties": {"a": {"type": "number", "minimum": 2, "maximum": 1}}},
            "minimum must not be more than maximum",
        ),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "string", "enum": ["x"], "enumNames": []}},
            },
            "enumNames must have as many entries as enum",
        ),
        (
            {"type": "object", "properties": {f"f{n}": {"type": "string"} for n in range(21)}},
            "at most 20",
        ),
    ],
)
def test_a_schema_outside_the_subset_is_refused(schema: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        AnswerForm.model_validate(schema)


@given(written=st.dictionaries(st.sampled_from([*FORM.properties, "x"]), st.text(max_size=40)))
def test_whatever_is_written_gives_values_or_problems_never_both(written: dict[str, str]) -> None:
    filled = FORM.read(written)
    assert bool(filled.values) != bool(filled.problems)


@pytest.mark.parametrize(
    ("minimum", "fits"), [(0.5, 1), (-0.5, 0), (1e30, 10**31), (-1e30, -(10**29))]
)
def test_limits_of_whole_numbers_may_be_fractions_or_beyond_all_machine_words(
    minimum: float, fits: int
) -> None:
    field = {"type": "integer", "minimum": minimum, "maximum": 1e32}
    form = AnswerForm.model_validate({"type": "object", "properties": {"pieces": field}})
    assert form.read({"pieces": str(fits)}).values == {"pieces": fits}
    assert form.read({"pieces": str(fits - 10**31)}).problems


def test_a_field_whose_name_is_no_unicode_is_none_of_the_forms() -> None:
    problems = FORM.read({"amount": "5", "\ud800": "x", "other": "y"}).problems
    assert problems == {"?": "is no field of this form", "other": "is no field of this form"}

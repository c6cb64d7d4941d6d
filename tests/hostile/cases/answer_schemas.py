"""Forms that nobody could be shown: other schemas, too large ones, bombs."""

from __future__ import annotations

from typing import Any, Final

from hostile.case import ERAS, Case, call, of_both_eras, refused, rows


def _form(properties: Any, **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, **more}


def _field(**field: Any) -> dict[str, Any]:
    return _form({"a": field})


def _text(**more: Any) -> dict[str, Any]:
    return _field(type="string", **more)


def _number(**more: Any) -> dict[str, Any]:
    return _field(type="number", **more)


def _choice(*choices: Any, **more: Any) -> dict[str, Any]:
    return _field(type="string", enum=list(choices), **more)


def _nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        schema = _form({"a": schema})
    return schema


_ANY: Final = {"type": "string"}
_SCHEMAS: Final = rows(
    ("as a text", "string", "answer_schema: ", "valid dictionary"),
    ("as a list", [], "answer_schema: ", "valid dictionary"),
    ("true, as JSON Schema has it", True, "answer_schema: ", "valid dictionary"),
    ("empty", {}, "answer_schema.type: is required"),
    ("of a list", {"type": "array", "items": _ANY}, "answer_schema.type: ", "'object'"),
    ("of two types", {"type": ["object", "null"], "properties": {"a": _ANY}}, "answer_schema.type"),
    ("without properties", {"type": "object"}, "answer_schema.properties: is required"),
    ("of no properties", _form({}), "answer_schema.properties: ", "at least 1"),
    ("with properties as a list", _form([_ANY]), "answer_schema.properties: ", "dictionary"),
    (
        "with 21 fields",
        _form({f"f{n}": _ANY for n in range(21)}),
        "answer_schema.properties: ",
        "20",
    ),
    (
        "with 5,000 fields",
        _form({f"f{n}": _ANY for n in range(5_000)}),
        "answer_schema.properties: ",
        "20",
    ),
    (
        "with 5,000 bad fields",
        _form({f"f{n}": n for n in range(5_000)}),
        "answer_schema.properties",
        "more",
    ),
    ("with a long name", _form({"x" * 65: _ANY}), "answer_schema.properties", "64"),
    ("with a name of 100,000", _form({"x" * 100_000: _ANY}), "answer_schema.properties", "64"),
    ("with a name of spaces", _form({"a b": _ANY}), "answer_schema.properties", "pattern"),
    ("with an empty name", _form({"": _ANY}), "answer_schema.properties"),
    ("with a control in a name", _form({"a\x1b[2J": _ANY}), "answer_schema.properties"),
    ("with NUL in a name", _form({"a\x00": _ANY}), "answer_schema.properties"),
    ("with a line's end behind a name", _form({"a\n": _ANY}), "answer_schema.properties"),
    ("with an unseen name", _form({"\u202e": _ANY}), "answer_schema.properties"),
    ("within another", _nested(3), "answer_schema.properties.a"),
    ("within 20 others", _nested(20), "answer_schema.properties.a"),
    ("with $ref", _form({"a": {"$ref": "#"}}), "answer_schema.properties.a"),
    ("with $ref outside", {"$ref": "http://127.0.0.1:1/x"}, "answer_schema.$ref: no such"),
    ("with $defs", _form({"a": _ANY}, **{"$defs": {}}), "answer_schema.$defs: no such"),
    ("with allOf", _form({"a": _ANY}, allOf=[{}] * 1_000), "answer_schema.allOf: no such"),
    ("with a bomb of patterns", _text(pattern="(a+)+$"), "answer_schema.properties.a", "pattern"),
    ("with patternProperties", _form({"a": _ANY}, patternProperties={"(a*)*b": {}}), "no such"),
    ("with a field null", _field(type="null"), "answer_schema.properties.a"),
    ("with a field of no type", _field(title="A"), "answer_schema.properties.a"),
    ("with a field of a file", _text(format="binary"), "answer_schema.properties.a"),
    ("with a negative length", _text(minLength=-1), "minLength: ", "0"),
    ("with a length of 4,001", _text(maxLength=4_001), "maxLength: ", "4000"),
    ("with a length of 10^4000", _text(minLength=10**4_000), "minLength: "),
    ("with a length of a text", _text(minLength="5"), "minLength: ", "integer"),
    ("with no room", _text(maxLength=0), "maxLength: ", "1"),
    ("with minLength over maxLength", _text(minLength=9, maxLength=3), "maxLength"),
    ("with a title of 201", _text(title="x" * 201), "title: ", "200"),
    ("with a title of a number", _text(title=5), "title: ", "string"),
    ("with an unseen title", _text(title="\u200b"), "title: must not be empty"),
    ("with NUL in a description", _text(description="\x00"), "description: ", "NUL"),
    ("with a description of 201", _text(description="x" * 201), "description: ", "200"),
    ("with a default of 100,000", _text(default="x" * 100_000), "default: ", "4000"),
    ("with a default of a number", _text(default=5), "default: ", "string"),
    ("with NUL in a default", _text(default="\x00"), "default: ", "NUL"),
    ("without choices", _choice(), "enum: ", "at least 1"),
    ("with 26 choices", _choice(*map(str, range(26))), "enum: ", "25"),
    ("with 10,000 choices", _choice(*map(str, range(10_000))), "enum: ", "25"),
    ("with a choice twice", _choice("a", "a"), "enum: ", "twice"),
    ("with a choice of 101", _choice("a", "x" * 101), "enum.1: ", "100"),
    ("with choices of numbers", _choice(1, 2), "enum.0: ", "string"),
    ("with choices of null", _choice(None), "enum.0: ", "string"),
    ("with choices as a text", _field(type="string", enum="abc"), "enum: ", "list"),
    ("with choices of choices", _choice(["a"]), "enum.0: ", "string"),
    ("with too few names", _choice("a", "b", enumNames=["A"]), "enumNames"),
    ("with a name of 101", _choice("a", "b", enumNames=["A", "x" * 101]), "enumNames.1: ", "100"),
    ("with a name of 200,000", _choice("a", enumNames=["x" * 200_000]), "enumNames.0: ", "100"),
    ("with a default of no choice", _choice("a", default="b"), "default"),
    ("with NUL in a choice's default", _choice("a", default="\x00"), "default"),
    ("with minimum over maximum", _number(minimum=2, maximum=1), "minimum"),
    ("with a minimum of a text", _number(minimum="1"), "minimum: ", "number"),
    ("with a minimum of true", _number(minimum=True), "minimum: ", "number"),
    ("with a maximum of 10^400", _number(maximum=10**400), "maximum: "),
    ("with a default of a text", _number(default="1"), "default: ", "number"),
    ("with a yes of a text", _field(type="boolean", default="yes"), "default: ", "boolean"),
    ("that requires what is not there", _form({"a": _ANY}, required=["b"]), "required"),
    ("that requires a text", _form({"a": _ANY}, required="a"), "answer_schema.required: "),
    ("that requires a number", _form({"a": _ANY}, required=[1]), "answer_schema.required.0: "),
    ("that requires one twice", _form({"a": _ANY}, required=["a", "a"]), "required: ", "twice"),
    (
        "that requires one 50,000 times",
        _form({"a": _ANY}, required=["a"] * 50_000),
        "required: ",
        "20",
    ),
    (
        "that requires what has a long name",
        _form({"a": _ANY}, required=["x" * 100_000]),
        "answer_schema",
        "64",
    ),
)

CASES: Final[list[Case]] = [
    *(
        case
        for label, schema, *says in _SCHEMAS
        for case in of_both_eras(
            f"answer_schema {label}",
            "ask_human",
            {"question": "How many?", "answer_schema": schema},
            refused(*says),
        )
    ),
    *(
        Case(
            f"answer_schema {label} ({era})",
            call(era, "ask_human", {"question": "How many?", "answer_schema": schema}),
            refused("answer_schema", *says),
        )
        for era in ERAS
        for label, schema, *says in (
            # Lists and objects may come as texts, for the clients that write them so.
            (
                "in a text, with NaN",
                '{"type": "object", "properties": {"a": {"type": "number", "minimum": NaN}}}',
            ),
            (
                "in a text, with Infinity",
                '{"type": "object", "properties": {"a": {"type": "number", "maximum": 1e999}}}',
            ),
            ("in a text, 100,000 deep", "[" * 100_000),
            ("in a text, 900 deep", '{"a":' * 900 + "1" + "}" * 900),
            ("in a text, 5,000 digits", "[1" + "0" * 5_000 + "]"),
        )
    ),
    *(
        case
        for label, more, *says in rows(
            ("and options", {"options": ["a", "b"]}, "together"),
            ("and only options", {"options_only": True}, "options_only needs options"),
        )
        for case in of_both_eras(
            f"answer_schema {label}",
            "ask_human",
            {"question": "How many?", "answer_schema": _form({"a": _ANY}), **more},
            refused(*says),
        )
    ),
    *of_both_eras(
        "options_only without options",
        "ask_human",
        {"question": "How many?", "options_only": True},
        refused("options_only needs options"),
    ),
]

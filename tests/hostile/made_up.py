"""Strategies: JSON of any kind, and arguments that are nearly right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hypothesis import strategies as st

TEXTS: Final = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=20),
    st.sampled_from(
        ["", " ", "null", "[1]", '{"a": 1}', "\ud800", "\x00", "x" * 5_000, "*", "a:b"]
    ),
)
NUMBERS: Final = st.one_of(
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0, -1, 2**63, -(10**400), 10**4_000, 1e308, 5e-324]),
)
LEAVES: Final = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
ANY: Final = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)

_NAMES: Final = st.sampled_from(
    ["a", "b", "size", "a b", "model_config", "field_0", "_x", "x" * 64]
)
_WORDS: Final = st.sampled_from(["S", "L", "größer", "true", " a ", "\u200b", "x" * 100])
_LENGTHS: Final = st.integers(-1, 4_001)
_MARKS: Final = st.one_of(st.integers(-5, 5), st.floats(-1e20, 1e20), st.just(10**30))


def fields(**made: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Make an object with some of these fields."""
    return st.fixed_dictionaries({}, optional=made)


FIELDS: Final = st.one_of(
    fields(
        type=st.just("string"),
        title=_WORDS,
        description=_WORDS,
        minLength=_LENGTHS,
        maxLength=_LENGTHS,
        format=st.sampled_from(["email", "uri", "date", "date-time"]),
        default=_WORDS,
    ),
    fields(
        type=st.just("string"),
        enum=st.lists(_WORDS, max_size=4),
        enumNames=st.lists(_WORDS, max_size=4),
        default=_WORDS,
    ),
    fields(
        type=st.sampled_from(["number", "integer"]), minimum=_MARKS, maximum=_MARKS, default=_MARKS
    ),
    fields(type=st.just("boolean"), default=st.booleans()),
)
SCHEMAS: Final = st.fixed_dictionaries(
    {"type": st.just("object"), "properties": st.dictionaries(_NAMES, FIELDS, max_size=4)},
    optional={"required": st.lists(_NAMES, max_size=3), "$schema": TEXTS},
)

_ID: Final = st.one_of(st.just("01ARZ3NDEKTSV4RRFFQ69G5FAV"), TEXTS)
_TURNS: Final = st.lists(
    fields(speaker=st.sampled_from(["customer", "agent", "colleague", "x"]), text=TEXTS), max_size=3
)
_LINKS: Final = st.lists(
    fields(title=TEXTS, url=st.one_of(TEXTS, st.just("https://shop.example/o?id=7"))), max_size=3
)
_ATTACHED: Final = {
    "turns": _TURNS,
    "facts": st.dictionaries(TEXTS, LEAVES, max_size=3),
    "links": _LINKS,
    "urgency": st.sampled_from(["low", "normal", "high", "now"]),
    "route": st.sampled_from(["default", "vip"]),
    "conversation_id": TEXTS,
    "idempotency_key": TEXTS,
    "wait_seconds": NUMBERS,
}

ARGUMENTS: Final[Mapping[str, st.SearchStrategy[dict[str, Any]]]] = {
    "ask_human": st.fixed_dictionaries(
        {"question": TEXTS},
        optional={
            "context": TEXTS,
            "options": st.lists(_WORDS, max_size=4),
            "options_only": st.booleans(),
            "answer_schema": SCHEMAS,
            **_ATTACHED,
        },
    ),
    "request_approval": st.fixed_dictionaries(
        {"action": TEXTS},
        optional={"details": TEXTS, "approvals_needed": st.integers(0, 11), **_ATTACHED},
    ),
    "send_to_operator": st.fixed_dictionaries({"escalation_id": _ID, "message": TEXTS}),
    "check_answer": fields(escalation_id=_ID, wait_seconds=NUMBERS),
    "cancel_question": fields(escalation_id=_ID, reason=TEXTS),
    "end_conversation": fields(conversation_id=TEXTS, reason=TEXTS),
    "confirm_delivery": fields(escalation_id=_ID, late_answer=st.booleans()),
    "list_questions": fields(conversation_id=TEXTS, status=TEXTS),
}
"""Each call is right but for a field or two."""


_LISTING: Final[dict[str, Any]] = {"name": "list_questions", "arguments": {}}


@st.composite
def spoiled(draw: st.DrawFn, tool: str) -> dict[str, Any]:
    """Take nearly right arguments, and put anything in the place of some."""
    arguments = draw(ARGUMENTS[tool])
    for name in draw(st.lists(st.sampled_from(sorted(arguments)), max_size=2)) if arguments else []:
        arguments[name] = draw(ANY)
    return arguments


@st.composite
def bodies(draw: st.DrawFn) -> object:
    """Make what is nearly a message."""
    message: dict[str, Any] = {
        "jsonrpc": "2.0",
        "id": draw(st.one_of(st.just(7), ANY)),
        "method": draw(st.one_of(st.sampled_from(["ping", "tools/list", "tools/call"]), ANY)),
        "params": draw(st.one_of(st.just(_LISTING), ANY)),
    }
    for name in draw(st.lists(st.sampled_from(sorted(message)), max_size=2, unique=True)):
        message[name] = draw(ANY)
    for name in draw(st.lists(st.sampled_from(sorted(message)), max_size=1)):
        del message[name]
    return message

"""What tools are called with: each field of the wrong type, over its limit, empty, or not there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hostile.case import (
    CUSTOMER,
    ERAS,
    HANDSHAKE,
    STATELESS,
    Case,
    Right,
    call,
    of_both_eras,
    refused,
    rows,
)

_ID: Final = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
_NO_TEXT: Final[Mapping[str, object]] = {
    "a number": 5,
    "a fraction": 1.5,
    "true": True,
    "a list": ["a"],
    "an object": {"a": "b"},
}
_EMPTY: Final[Mapping[str, str]] = {
    "nothing": "",
    "spaces": " \t\r\n",
    "a zero-width space": "\u200b",
    "a byte-order mark": "\ufeff",
    "marks alone": "\u0301\u0302",
    "Hangul fillers": "\u3164\u115f",
    "controls alone": "\x01\x02\x1b\x7f",
}
_GOOD: Final[Mapping[str, Mapping[str, Any]]] = {
    "ask_human": {"question": f"{CUSTOMER} wants to know"},
    "request_approval": {"action": f"Refund {CUSTOMER}"},
    "send_to_operator": {"escalation_id": _ID, "message": f"It is {CUSTOMER}"},
    "check_answer": {"escalation_id": _ID},
    "cancel_question": {"escalation_id": _ID},
    "end_conversation": {"conversation_id": "c-1"},
    "confirm_delivery": {"escalation_id": _ID},
    "list_questions": {},
}
_TEXTS: Final = (
    # tool, field, its limit, whether it must show something
    ("ask_human", "question", 4_000, True),
    ("ask_human", "context", 4_000, False),
    ("ask_human", "conversation_id", 128, True),
    ("ask_human", "idempotency_key", 128, True),
    ("ask_human", "route", 128, True),
    ("request_approval", "action", 4_000, True),
    ("request_approval", "details", 4_000, False),
    ("request_approval", "idempotency_key", 128, True),
    ("send_to_operator", "escalation_id", 64, True),
    ("send_to_operator", "message", 4_000, True),
    ("check_answer", "escalation_id", 64, True),
    ("cancel_question", "escalation_id", 64, True),
    ("cancel_question", "reason", 500, False),
    ("end_conversation", "conversation_id", 128, True),
    ("end_conversation", "reason", 500, False),
    ("confirm_delivery", "escalation_id", 64, True),
    ("list_questions", "conversation_id", 128, True),
)
_REQUIRED: Final = (
    ("ask_human", "question"),
    ("request_approval", "action"),
    ("send_to_operator", "escalation_id"),
    ("send_to_operator", "message"),
    ("check_answer", "escalation_id"),
    ("cancel_question", "escalation_id"),
    ("end_conversation", "conversation_id"),
    ("confirm_delivery", "escalation_id"),
)


def _with(tool: str, **changed: object) -> dict[str, Any]:
    return {**_GOOD[tool], **changed}


def _one(tool: str, field: str, label: str, value: object, *says: str) -> Case:
    """Without a handshake: with one, the same code reads it."""
    sent = call(STATELESS, tool, _with(tool, **{field: value}))
    return Case(f"{tool} {field}: {label}", sent, refused(f"{field}: ", *says))


def _both(tool: str, field: str, label: str, value: object, *says: str) -> list[Case]:
    arguments = _with(tool, **{field: value})
    return of_both_eras(f"{tool} {field}: {label}", tool, arguments, refused(f"{field}: ", *says))


TEXTS: Final = [
    case
    for tool, field, limit, must_show in _TEXTS
    for case in (
        *(_one(tool, field, label, value, "valid string") for label, value in _NO_TEXT.items()),
        *_both(tool, field, f"{limit + 1} characters", "x" * (limit + 1), f"at most {limit} char"),
        _one(
            tool, field, f"{limit + 1} emoji", "\U0001f600" * (limit + 1), f"at most {limit} char"
        ),
        *_both(tool, field, "NUL", f"a\x00{CUSTOMER}", "must not contain NUL"),
        *(
            _one(tool, field, label, value, "must not be empty")
            for label, value in (_EMPTY.items() if must_show else ())
        ),
        Case(
            f"{tool} {field}: half of a surrogate pair ({HANDSHAKE})",
            call(HANDSHAKE, tool, _with(tool, **{field: "a\ud800b"})),
            Right(400, code=-32700, says=("Parse error",)),
        ),
        Case(
            f"{tool} {field}: half of a surrogate pair ({STATELESS})",
            call(STATELESS, tool, _with(tool, **{field: "a\udfffb"})),
            refused(f"{field}: ", "half of a surrogate pair"),
        ),
    )
]

MISSING: Final = [
    case
    for tool, field in _REQUIRED
    for given in ({name: value for name, value in _GOOD[tool].items() if name != field},)
    for case in (
        *of_both_eras(f"{tool} without {field}", tool, given, refused(f"{field}: is required")),
        *of_both_eras(
            f"{tool} {field}: null",
            tool,
            {**given, field: None},
            refused(f"{field}: ", "valid string"),
        ),
    )
]

UNKNOWN: Final = [
    case
    for tool, good in _GOOD.items()
    for case in (
        *of_both_eras(
            f"{tool} with an argument that there is not",
            tool,
            {**good, "answer": CUSTOMER},
            refused("answer: no such argument"),
        ),
        *of_both_eras(
            f"{tool} with a thousand arguments",
            tool,
            {**good, **{f"{CUSTOMER}{n}": n for n in range(1_000)}},
            refused("no such argument", "more"),
        ),
        *of_both_eras(
            f"{tool} with an argument of a long name",
            tool,
            {**good, "x" * 50_000: 1},
            refused("no such argument", "…"),
        ),
        *of_both_eras(
            f"{tool} with its field in capitals",
            tool,
            {**good, "Escalation_ID": _ID},
            refused("Escalation_ID: no such argument"),
        ),
    )
]

OTHERS: Final = [
    _one(tool, field, label, value, *says)
    for tool, field, label, value, *says in rows(
        *(
            (tool, "wait_seconds", label, value, *says)
            for tool in ("ask_human", "request_approval", "send_to_operator", "check_answer")
            for label, value, *says in rows(
                ("below 0", -0.001, "greater than or equal to 0"),
                ("above 3600", 3600.001, "less than or equal to 3600"),
                ("beyond all numbers", float("1e308"), "3600"),
                ("a text", "5", "valid number"),
                ("true", True, "valid number"),
                ("a list", [5], "valid number"),
            )
        ),
        *(
            (tool, "urgency", label, value, "'low', 'normal' or 'high'")
            for tool in ("ask_human", "request_approval")
            for label, value in rows(
                ("unknown", "now"),
                ("in capitals", "HIGH"),
                ("null", None),
                ("a number", 1),
                ("nothing", ""),
            )
        ),
        *(
            ("ask_human", "options_only", label, value, "valid boolean")
            for label, value in rows(("a text", "true"), ("1", 1), ("null", None), ("a list", []))
        ),
        ("ask_human", "route", "unknown", "vip", "must be one of default"),
        ("ask_human", "route", "null", None, "valid string"),
        ("request_approval", "route", "a pattern", "*", "must be one of default"),
        ("request_approval", "approvals_needed", "0", 0, "greater than or equal to 1"),
        ("request_approval", "approvals_needed", "11", 11, "less than or equal to 10"),
        ("request_approval", "approvals_needed", "-1", -1, "greater than or equal to 1"),
        ("request_approval", "approvals_needed", "a fraction", 1.5, "valid integer"),
        ("request_approval", "approvals_needed", "10^4000", 10**4_000, "10"),
        ("request_approval", "approvals_needed", "true", True, "valid integer"),
        ("request_approval", "approvals_needed", "a text", "2", "valid integer"),
        ("request_approval", "approvals_needed", "null", None, "valid integer"),
        ("confirm_delivery", "late_answer", "a text", "yes", "valid boolean"),
        ("confirm_delivery", "late_answer", "null", None, "valid boolean"),
        ("list_questions", "status", "unknown", "lost", "'pending'"),
        ("list_questions", "status", "a list", ["pending"], "'pending'"),
        ("list_questions", "status", "a number", 0, "'pending'"),
    )
]

TOOLS: Final = [
    Case(f"a tool {name[:40]!r} ({era})", call(era, name, {}), refused("Unknown tool"))
    for era in ERAS
    for name in ("", "ASK_HUMAN", "delete_all", "../ask_human", "x" * 5_000)
]

CASES: Final = [*TEXTS, *MISSING, *UNKNOWN, *OTHERS, *TOOLS]

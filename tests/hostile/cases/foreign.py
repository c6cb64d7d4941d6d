"""Ids of another tenant's, invented ones, and ids that look like other keys of the store."""

from __future__ import annotations

from typing import Any, Final

from hostile.case import ERAS, STATELESS, Case, Right, call, refused

_TOOLS: Final[dict[str, dict[str, Any]]] = {
    "check_answer": {"wait_seconds": 0},
    "cancel_question": {"reason": "mine now"},
    "confirm_delivery": {},
    "send_to_operator": {"message": "hello", "wait_seconds": 0},
}
_UNKNOWN: Final = refused("escalation_id: no question with the id", "is kept for this agent")
_OTHERS: Final = Right(200, is_error=True, says=_UNKNOWN.says, hides=("foreign_key", "bank_key"))

IDS: Final = [
    Case(f"{tool} {name} ({era})", call(era, tool, {**more, "escalation_id": given}), _OTHERS)
    for era in ERAS
    for tool, more in _TOOLS.items()
    for name, given in (
        ("of another tenant", "<<foreign>>"),
        ("of another tenant, asked back", "<<foreign_back>>"),
        ("that never was", "01ARZ3NDEKTSV4RRFFQ69G5FAV"),
    )
]

STRANGE: Final = [
    Case(f"{tool} of {name}", call(STATELESS, tool, {**more, "escalation_id": given}), _UNKNOWN)
    for tool, more in _TOOLS.items()
    for name, given in (
        ("a reply's key", "<<open>>:reply"),
        ("an answer's key", "<<answered>>:reply"),
        ("a lease's key", "<<open>>:lease"),
        ("what was asked back", "<<asked_back>>:back"),
        ("a pattern", "*"),
        ("a path", "../<<open>>"),
        ("a line more", "<<open>>\r\nFLUSHALL"),
        ("two ids", "<<open>> <<answered>>"),
        ("half an id", "<<open>>"[:12]),
        ("an id in braces", "{<<open>>}"),
        ("script", "' .. redis.call('FLUSHALL') .. '"),
        ("a number", "0"),
        ("emoji", "\U0001f600"),
    )
    if name != "half an id"
]

AS_SOMEBODY_ELSE: Final = [
    Case(
        f"{tool} of shop's question with {proof}",
        call(
            STATELESS,
            tool,
            {**more, "escalation_id": "<<open>>"},
            Authorization=f"Bearer <<{proof}>>",
        ),
        _UNKNOWN,
    )
    for tool, more in _TOOLS.items()
    for proof in ("bank_key", "stored_key", "good_token")
]

LISTINGS: Final = [
    Case(
        f"{tool} of another tenant's conversation ({era})",
        call(
            era, tool, {"conversation_id": "open-conversation"}, Authorization="Bearer <<bank_key>>"
        ),
        Right(200, is_error=False, hides=("open",)),
    )
    for era in ERAS
    for tool in ("list_questions", "end_conversation")
]

CASES: Final = [*IDS, *STRANGE, *AS_SOMEBODY_ELSE, *LISTINGS]

"""Calls that come twice, too late, too early, or as what they are not."""

from __future__ import annotations

from typing import Any, Final

from hostile.case import (
    CUSTOMER,
    ERAS,
    HANDSHAKE,
    STATELESS,
    Case,
    Era,
    Right,
    Sent,
    as_json,
    call,
    head,
    meta,
    refused,
    rows,
    usual,
)

_ENDED: Final = refused("escalation_id: this question has ended")
_USED: Final = refused("idempotency_key: it belongs to another question", "<<open>>")
_TAKEN: Final = Right(202)


def _same(status: str, *says: str) -> Right:
    """Expect a result that tells how the question stands, and has changed nothing."""
    return Right(200, is_error=False, says=(f'"status":"{status}"', *says))


def _notification(era: Era, method: str, params: dict[str, Any]) -> Sent:
    params = {**params, "_meta": meta()} if era == STATELESS else params
    body = {"jsonrpc": "2.0", "method": method, "params": params}
    return Sent(head(usual(era, method=method)), as_json(body))


def _message(**message: Any) -> Sent:
    return Sent(head(usual(HANDSHAKE)), as_json({"jsonrpc": "2.0", **message}))


ASKED_AGAIN: Final = [
    case
    for era in ERAS
    for case in (
        Case(
            f"a used key with other words ({era})",
            call(
                era,
                "ask_human",
                {
                    "question": f"{CUSTOMER}, once more?",
                    "idempotency_key": "open-key",
                    "wait_seconds": 0,
                },
            ),
            _same("pending", "<<open>>"),
        ),
        Case(
            f"a used key for an approval ({era})",
            call(
                era,
                "request_approval",
                {"action": "Refund all", "idempotency_key": "open-key", "wait_seconds": 0},
            ),
            _USED,
        ),
        Case(
            f"the same words again ({era})",
            call(
                era,
                "ask_human",
                {
                    "question": f"{CUSTOMER} open?",
                    "conversation_id": "open-conversation",
                    "wait_seconds": 0,
                },
            ),
            _same("pending", "<<open>>"),
        ),
        *(
            Case(
                f"a message to what is {state} ({era})",
                call(
                    era, "send_to_operator", {"escalation_id": f"<<{state}>>", "message": CUSTOMER}
                ),
                _ENDED,
            )
            for state in ("answered", "timed_out", "cancelled")
        ),
        Case(
            f"a message to what was talked out ({era})",
            call(era, "send_to_operator", {"escalation_id": "<<talked_out>>", "message": CUSTOMER}),
            refused("escalation_id: 50 remarks", "limit"),
        ),
        *(
            Case(
                f"cancelling what is {state} ({era})",
                call(era, "cancel_question", {"escalation_id": f"<<{state}>>", "reason": CUSTOMER}),
                _same(state),
            )
            for state in ("answered", "timed_out", "cancelled")
        ),
        *(
            Case(
                f"confirming what is {state} ({era})",
                call(era, "confirm_delivery", {"escalation_id": f"<<{state}>>"}),
                refused("escalation_id: this question has no outcome"),
            )
            for state in ("open", "asked_back", "approval")
        ),
        *(
            Case(
                f"confirming a late answer of what is {state} ({era})",
                call(
                    era, "confirm_delivery", {"escalation_id": f"<<{state}>>", "late_answer": True}
                ),
                refused("escalation_id: this question has no late answer"),
            )
            for state in ("open", "answered", "timed_out")
        ),
        Case(
            f"ending a conversation that never was ({era})",
            call(era, "end_conversation", {"conversation_id": "never", "reason": CUSTOMER}),
            Right(200, is_error=False, says=("No question was open",)),
        ),
    )
]

NOTIFICATIONS: Final = [
    Case(f"{method} as a notification: {name} ({era})", _notification(era, method, params), _TAKEN)
    for era in ERAS
    for method, name, params in rows(
        ("tools/call", "a call", {"name": "ask_human", "arguments": {"question": CUSTOMER}}),
        ("tasks/cancel", "a cancellation", {"taskId": "<<open>>"}),
        ("initialize", "a handshake", {}),
        ("notifications/initialized", "before a handshake", {}),
        ("notifications/cancelled", "another's request", {"requestId": 7}),
        ("notifications/cancelled", "nothing", {}),
        ("notifications/cancelled", "an object", {"requestId": {}}),
        ("notifications/progress", "of nobody's", {"progressToken": 7, "progress": 1}),
        ("notifications/progress", "malformed", {"progressToken": [], "progress": "x"}),
        ("notifications/tasks", "a client's news", {"taskId": "<<open>>", "status": "completed"}),
        ("notifications/unknown", "unknown", {}),
    )
]
"""A notification is never answered, so that all are taken; none does anything."""

RESPONSES: Final = [
    Case(f"{name} ({HANDSHAKE})", sent, _TAKEN)
    for name, sent in rows(
        ("a result that nobody asked for", _message(id=1, result={"answer": CUSTOMER})),
        ("an error that nobody asked for", _message(id=1, error={"code": 1, "message": CUSTOMER})),
    )
]

SESSIONS: Final = [
    Case(
        f"a session that never was ({era})",
        call(
            era, "list_questions", {"conversation_id": "never"}, Mcp_Session_Id="0123456789abcdef"
        ),
        Right(200, is_error=False, headers={"mcp-session-id": ""}),
    )
    for era in ERAS
]
"""There are none, so that the header is passed over, and never said back."""

CASES: Final = [*ASKED_AGAIN, *NOTIFICATIONS, *RESPONSES, *SESSIONS]

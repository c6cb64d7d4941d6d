"""MCP's tasks: ids that are nobody's, headers that say something else, replies that are none."""

from __future__ import annotations

from typing import Any, Final

from hostile.case import CUSTOMER, STATELESS, Case, Right, Sent, request, rows

PARAMS, MISMATCH, CAPABILITY = -32602, -32020, -32021
_METHODS: Final[dict[str, dict[str, Any]]] = {
    "tasks/get": {},
    "tasks/update": {"inputResponses": {}},
    "tasks/cancel": {},
}
_UNKNOWN: Final = Right(400, code=PARAMS, says=("taskId: no such task",), hides=("foreign_key",))
_DONE: Final = Right(200, says=('"resultType":"complete"',))


def _task(method: str, task_id: object, **more: Any) -> Sent:
    named = (
        task_id if isinstance(task_id, str) and task_id.isprintable() and task_id.isascii() else ""
    )
    return request(
        STATELESS, method, {**_METHODS[method], "taskId": task_id, **more}, name=named, tasks=True
    )


def _reply(response: object, *, key: str = "<<back_key>>", task: str = "<<asked_back>>") -> Sent:
    return _task("tasks/update", task, inputResponses={key: response})


def _accepted(**content: object) -> dict[str, Any]:
    return {"action": "accept", "content": content}


def _listen(**wanted: Any) -> Sent:
    return request(STATELESS, "subscriptions/listen", {"notifications": wanted}, tasks=True)


IDS: Final = [
    case
    for method in _METHODS
    for case in (
        *(
            Case(f"{method} {name}", _task(method, task_id), _UNKNOWN)
            for name, task_id in rows(
                ("of another tenant", "<<foreign>>"),
                ("of another tenant, asked back", "<<foreign_back>>"),
                ("that never was", "01ARZ3NDEKTSV4RRFFQ69G5FAV"),
                ("by a reply's key", "<<open>>:reply"),
                ("by a pattern", "*"),
            )
        ),
        *(
            Case(
                f"{method} {name}",
                _task(method, task_id),
                Right(400, code=PARAMS, says=("taskId: ",)),
            )
            for name, task_id in rows(
                ("by a number", 7),
                ("by null", None),
                ("by a list", ["<<open>>"]),
                ("by nothing", ""),
                ("by spaces", "  "),
                ("by 65 characters", "x" * 65),
                ("by NUL", "\x00"),
                ("by half of a surrogate pair", "\ud800"),
            )
        ),
        Case(
            f"{method} without an id",
            request(STATELESS, method, _METHODS[method], name="", tasks=True),
            Right(400, code=PARAMS, says=("taskId: is required",)),
        ),
        Case(
            f"{method} with another Mcp-Name",
            request(
                STATELESS,
                method,
                {**_METHODS[method], "taskId": "<<open>>"},
                name="<<answered>>",
                tasks=True,
            ),
            Right(400, code=MISMATCH, says=("mcp-name",)),
        ),
        Case(
            f"{method} of another tenant, without Mcp-Name",
            request(STATELESS, method, {**_METHODS[method], "taskId": "<<foreign>>"}, tasks=True),
            _UNKNOWN,
        ),
        Case(
            f"{method} by who does not know tasks",
            request(STATELESS, method, {**_METHODS[method], "taskId": "<<open>>"}, name="<<open>>"),
            Right(400, code=CAPABILITY, says=("io.modelcontextprotocol/tasks",)),
        ),
    )
]

REPLIES: Final = [
    *(
        Case(
            f"tasks/update with inputResponses {name}",
            _task("tasks/update", "<<asked_back>>", inputResponses=given),
            Right(400, code=PARAMS, says=("inputResponses: ",)),
        )
        for name, given in rows(
            ("null", None),
            ("as a list", []),
            ("as a text", "L"),
            ("as a number", 1),
        )
    ),
    Case(
        "tasks/update without inputResponses",
        request(
            STATELESS,
            "tasks/update",
            {"taskId": "<<asked_back>>"},
            name="<<asked_back>>",
            tasks=True,
        ),
        Right(400, code=PARAMS, says=("inputResponses: is required",)),
    ),
    *(
        Case(
            f"a reply {name}",
            _reply(response),
            Right(400, code=PARAMS, says=("inputResponses.<<back_key>>", *says)),
        )
        for name, response, *says in rows(
            ("as a text", "L"),
            ("null", None),
            ("as a list", [_accepted(reply="L")]),
            ("without an action", {"content": {"reply": "L"}}, "action: is required"),
            ("of an unknown action", {"action": "approve"}, "'accept', 'decline' or 'cancel'"),
            ("without content", {"action": "accept"}, "content.reply: is required"),
            ("with content as a list", {"action": "accept", "content": ["L"]}, "content"),
            ("without the field", _accepted(size="L"), "content.reply: is required"),
            ("null in its field", _accepted(reply=None), "content.reply: ", "string"),
            ("of a number", _accepted(reply=5), "content.reply: ", "string"),
            ("of nothing", _accepted(reply=""), "content.reply: must not be empty"),
            ("unseen", _accepted(reply="\u200b"), "content.reply: must not be empty"),
            ("with NUL", _accepted(reply=f"{CUSTOMER}\x00"), "content.reply: ", "NUL"),
            ("of 4,001 characters", _accepted(reply="x" * 4_001), "content.reply: ", "4000"),
            ("of half a surrogate pair", _accepted(reply="\ud800"), "content.reply: "),
        )
    ),
    Case(
        "a reply under a key that was used",
        _reply(_accepted(reply="XL"), key="<<used_key>>", task="<<replied>>"),
        _DONE,
    ),
    Case(
        "a reply under another task's key",
        _reply(_accepted(reply="XL"), key="<<foreign_key>>"),
        _DONE,
    ),
    Case("a reply under no key", _reply(_accepted(reply="XL"), key=""), _DONE),
    Case(
        "a thousand replies that nobody waits for",
        _task("tasks/update", "<<asked_back>>", inputResponses={f"k{n}": {} for n in range(1_000)}),
        _DONE,
    ),
    Case("a reply to what has ended", _reply(_accepted(reply="XL"), task="<<answered>>"), _DONE),
    Case("tasks/cancel of what is cancelled", _task("tasks/cancel", "<<cancelled>>"), _DONE),
    Case("tasks/cancel of what is answered", _task("tasks/cancel", "<<answered>>"), _DONE),
]

LISTENING: Final = [
    *(
        Case(f"listening to {name}", _listen(taskIds=given), Right(400, code=PARAMS))
        for name, given in rows(
            ("a task id as a text", "<<open>>"),
            ("numbers", [1]),
            ("null", [None]),
            ("101 tasks", ["<<open>>"] * 101),
            ("an id of 65 characters", ["x" * 65]),
            ("an id of nothing", [""]),
            ("ids by name", {"a": "<<open>>"}),
        )
    ),
    *(
        Case(
            f"listening to {name}",
            _listen(taskIds=given),
            Right(200, hides=("foreign", "foreign_back")),
        )
        for name, given in rows(
            ("another tenant's tasks", ["<<foreign>>", "<<foreign_back>>"]),
            ("what never was", ["01ARZ3NDEKTSV4RRFFQ69G5FAV"]),
        )
    ),
    *(
        Case(
            f"listening with notifications {name}",
            request(STATELESS, "subscriptions/listen", {"notifications": given}, tasks=True),
            Right(400, code=PARAMS),
        )
        for name, given in rows(("as a list", []), ("as a text", "taskIds"), ("null", None))
    ),
    Case(
        "listening to tasks by who does not know them",
        request(STATELESS, "subscriptions/listen", {"notifications": {"taskIds": ["<<open>>"]}}),
        Right(400, code=CAPABILITY),
    ),
]

CASES: Final = [*IDS, *REPLIES, *LISTENING]

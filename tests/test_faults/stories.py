"""Small hand-made histories: a question that goes well, to be spoilt by a test in one place."""

from __future__ import annotations

from typing import Any

from faults.history import Event, What

MAYA, NOOR, MALLORY = "1", "2", "9"
NAMES = {MAYA: "Maya", NOOR: "Noor", MALLORY: "Mallory"}
THREAD = "5000"
ID = "01A"
TOKEN = "Q1x1"
DEADLINE = 100.0

Line = dict[str, Any]


def campaign(**changes: Any) -> Event:
    fields = {"plan": "by hand", "seed": 1, "operators": [MAYA, NOOR], **changes}
    return Event(0.0, What.CAMPAIGN, fields)


def called(at: float, call: int, tool: str = "ask_human", **changes: Any) -> Event:
    fields: Line = {"call": call, "asker": "a", "tool": tool, "token": TOKEN, "gateway": 0}
    known = None if tool == "ask_human" else ID
    return Event(at, What.CALLED, {**fields, "key": "k", "id": known, **changes})


def returned(at: float, call: int, status: str, answer: str | None = None, **changes: Any) -> Event:
    fields: Line = {"call": call, "id": ID, "status": status, "answer": answer}
    return Event(at, What.RETURNED, {**fields, "late_answer": None, **changes})


def failed(at: float, call: int, error: str) -> Event:
    return Event(at, What.FAILED, {"call": call, "error": error})


def let_go(at: float, call: int, became: str | None) -> list[Event]:
    """End the conversation; nothing was open where nothing became of the question."""
    return [
        called(at, call, "end_conversation", id=ID),
        Event(at + 0.1, What.LET_GO, {"call": call, "became": {ID: became} if became else {}}),
    ]


def dropped_well() -> list[Event]:
    """One question whose route drops it when its conversation ends."""
    shown = "✖️ Cancelled: the conversation ended"
    ending = {**outcome("cancelled"), "provenance": "system"}
    return [
        campaign(),
        called(10.0, 1),
        returned(12.0, 1, "pending"),
        *let_go(20.0, 2, "cancelled"),
        called(22.0, 3, "check_answer"),
        returned(22.1, 3, "cancelled"),
        record(ending, 20.0, route="drops"),
        starter(shown, said(2, None, shown)),
        *calm_end(),
    ]


def wrote(at: float, message: int, author: str = MAYA, text: str | None = None) -> Event:
    fields: Line = {"token": TOKEN, "thread": THREAD, "message": str(message), "author": author}
    text = text or f"{NAMES[author]} on {TOKEN}: yes"
    return Event(at, What.WROTE, {**fields, "name": NAMES[author], "written": at, "text": text})


def outcome(state: str, *, author: str = MAYA, text: str | None = None, source: int = 1) -> Line:
    by = {"id": author, "name": NAMES[author]} if state == "answered" else None
    if state == "answered":
        text = text or f"{NAMES[author]} on {TOKEN}: yes"
    decided = str(source) if by else None
    return {"state": state, "text": text, "by": by, "source": decided}


def record(result: Line | None, ended: float | None, **changes: Any) -> Event:
    fields: Line = {
        "id": ID,
        "text": f"May customer {TOKEN} have 10 % off?",
        "state": result["state"] if result else "posted",
        "created": 10.0,
        "deadline": DEADLINE,
        "posting": THREAD,
        "outcome": result,
        "ended": ended,
        "late": None,
        "reply": result,
    }
    return Event(300.0, What.RECORD, {**fields, **changes})


def said(
    message: int, author: str | None, text: str, *, marks: tuple[str, ...] = (), about: str = ""
) -> Line:
    fields: Line = {"id": str(message), "type": 0, "author": author or "bot", "bot": author is None}
    return {**fields, "written": 0.0, "text": text, "about": about or None, "marks": list(marks)}


def starter(shows: str | None, *messages: Line, **changes: Any) -> Event:
    fields: Line = {
        "message": THREAD,
        "id": ID,
        "text": f"May customer {TOKEN} have 10 % off?",
        "shown": 11.0,
        "outcome": shows,
        "opened": 11.1,
        "archived": True,
        "messages": list(messages),
    }
    return Event(300.0, What.STARTER, {**fields, **changes})


def calm_end(*, in_time: bool = True, **left: list[str]) -> list[Event]:
    nothing: dict[str, list[str]] = {"open": [], "unposted": [], "unshown": [], "leaks": []}
    return [
        Event(250.0, What.SETTLED, {"in_time": in_time}),
        Event(301.0, What.LEFT, {**nothing, **left}),
    ]


def answered_well() -> list[Event]:
    """One question: asked, answered by Maya, read twice."""
    answer = f"Maya on {TOKEN}: yes"
    return [
        campaign(),
        called(10.0, 1),
        returned(12.0, 1, "pending"),
        wrote(20.0, 1),
        called(19.0, 2, "check_answer"),
        returned(20.5, 2, "answered", answer),
        record(outcome("answered"), 20.0),
        starter("✅ Answered by Maya after 10 s", said(1, MAYA, answer, marks=("✅",))),
        *calm_end(),
    ]


def timed_out_well() -> list[Event]:
    """One question that nobody answered."""
    shown = "⌛ Nobody answered in time (90 s)"
    return [
        campaign(),
        called(10.0, 1),
        returned(101.5, 1, "timed_out"),
        record(outcome("timed_out"), 101.0),
        starter(shown, said(2, None, shown)),
        *calm_end(),
    ]


def instead(events: list[Event], what: What, *new: Event) -> list[Event]:
    """Put other events in the place of all those of one kind."""
    kept = [event for event in events if event.what is not what]
    return [*kept, *new]


def asked_an_agent(*heard: tuple[float, str], delivered: float | None, **more: Any) -> list[Event]:
    """Let the question that went well be asked by an agent, whose customer heard these words."""
    noted = {"delivered": delivered, "late_delivered": None, **more}
    return [
        *instead(answered_well(), What.RECORD, record(outcome("answered"), 20.0, **noted)),
        Event(9.0, What.SAID, {"token": TOKEN, "text": "10 % off?"}),
        *(Event(at, What.HEARD, {"token": TOKEN, "text": text}) for at, text in heard),
    ]

"""The history of a campaign: one JSON line for each thing that somebody saw or did.

Nothing in it is an opinion. It is written as things happen, so that a campaign that breaks off
leaves what it saw, and it can be checked again without the processes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self


class What(StrEnum):
    """Kinds of events, each with the fields that it carries."""

    CAMPAIGN = "campaign"  # first line. plan, seed, operators (ids of those who may answer)
    CALLED = "called"  # call, asker, tool, token, key, gateway, id (check and cancel)
    RETURNED = "returned"  # call, id, status, answer, late_answer
    LET_GO = "let_go"  # call, became (by id): a conversation's end came back
    FAILED = "failed"  # call, error: a tool's error, or whatever became of the connection
    WROTE = "wrote"  # token, thread, message, author, name, written (Discord's time), text
    EDITED = "edited"  # message, text
    SAID = "said"  # token, text: a customer, to an agent
    HEARD = "heard"  # token, text: the agent, telling its customer an outcome
    HUNG_UP = "hung_up"  # token: a customer, who comes back
    FAULT = "fault"  # component, kind, and what else is known; components as in `Component`
    STARTED = "started"  # component, process
    ENDED_ITSELF = "ended_itself"  # component, process, status: nobody ended it
    CALM = "calm"  # from here on nothing is disturbed
    SETTLED = "settled"  # in_time; unended: questions that clients still wait for
    RECORD = "record"  # of the end: id, text, state, created, deadline, outcome, late, reply, …
    STARTER = "starter"  # of the end: a question's message in Discord, and its thread
    LEFT = "left"  # of the end: open, unposted, unshown (ids), leaks (keys)


class Component(StrEnum):
    """What a fault was done to."""

    GATEWAY = "gateway"
    WORKER = "worker"
    AGENT = "agent"
    REDIS = "redis"
    DISCORD = "discord"


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened. `at` is in seconds since 1970, by the one clock of the machine."""

    at: float
    what: What
    fields: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.fields[name]

    def get(self, name: str) -> Any:
        """Read a field that may be missing."""
        return self.fields.get(name)


class History:
    """Keeps every event, and writes each to a file at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events: list[Event] = []
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", encoding="utf-8")

    def note(self, what: What, **fields: Any) -> None:
        """Write down that something happened now."""
        event = Event(time.time(), what, fields)
        self.events.append(event)
        self._file.write(json.dumps({"at": event.at, "what": what, **fields}) + "\n")
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()


def read(path: Path) -> list[Event]:
    """Read a history back from its file."""
    return list(_events(path))


def _events(path: Path) -> Iterator[Event]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            fields = json.loads(line)
            yield Event(fields.pop("at"), What(fields.pop("what")), fields)

"""A history read back: for each question what clients saw, people wrote, and was left."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from faults.history import Component, Event, What

PENDING = "pending"
UNKNOWN = "no question with the id"
"""What a client is told of an id that is not kept."""
_TOKEN = re.compile(r"\bQ\d+x\d+\b")


@dataclass(slots=True)
class Call:
    """A client's call, and what came of it."""

    called: Event
    ended: Event | None = None

    @property
    def reading(self) -> Event | None:
        """What it returned, if it did."""
        return self.ended if self.ended and self.ended.what is What.RETURNED else None

    @property
    def became(self) -> dict[str, str]:
        """What the agent was told became of its questions, where it ended a conversation."""
        ended = self.ended if self.ended and self.ended.what is What.LET_GO else None
        return ended["became"] if ended else {}

    @property
    def final(self) -> Event | None:
        """The outcome that it returned, if it did."""
        return self.reading if self.reading and self.reading["status"] != PENDING else None


@dataclass(slots=True)
class Message:
    """What a person wrote in a question's thread. An edit gives it one text more."""

    id: int
    thread: str
    author: str
    name: str
    written: float
    texts: list[str]


@dataclass(slots=True)
class Story:
    """Everything about one question. There should be one record and one starter of it."""

    token: str
    calls: list[Call] = field(default_factory=list[Call])
    messages: list[Message] = field(default_factory=list[Message])
    said: Event | None = None
    """A customer said it to an agent; nobody else asks it."""
    hung_up: bool = False
    """They ended the conversation once, and came back."""
    heard: list[Event] = field(default_factory=list[Event])
    """What the agent told of its outcome."""
    records: list[Event] = field(default_factory=list[Event])
    starters: list[Event] = field(default_factory=list[Event])

    @property
    def ids(self) -> set[str]:
        """The ids under which clients and Redis know it."""
        read = {call.reading["id"] for call in self.calls if call.reading}
        return read | {record["id"] for record in self.records}


@dataclass(slots=True)
class Facts:
    """A whole history, sorted."""

    operators: frozenset[str]
    stories: list[Story]
    agent_ends: list[float]
    """When hosts of agents were ended."""
    ended_themselves: list[Event]
    left: Event | None
    settled: bool


def gather(events: Sequence[Event]) -> Facts:  # noqa: C901 (one case for each kind)
    """Sort a history by question."""
    stories: dict[str, Story] = {}

    def story(token: str) -> Story:
        return stories.setdefault(token, Story(token))

    calls: dict[int, Call] = {}
    messages: dict[str, Message] = {}
    kinds: dict[What, list[Event]] = defaultdict(list)
    for event in events:
        kinds[event.what].append(event)
        match event.what:
            case What.CALLED:
                calls[event["call"]] = Call(event)
                story(event["token"]).calls.append(calls[event["call"]])
            case What.RETURNED | What.FAILED | What.LET_GO:
                calls[event["call"]].ended = event
            case What.WROTE:
                messages[event["message"]] = _message(event)
                story(event["token"]).messages.append(messages[event["message"]])
            case What.EDITED:
                messages[event["message"]].texts.append(event["text"])
            case What.SAID:
                story(event["token"]).said = event
            case What.HUNG_UP:
                story(event["token"]).hung_up = True
            case What.HEARD:
                story(event["token"]).heard.append(event)
            case What.RECORD:
                story(_token(event)).records.append(event)
            case What.STARTER:
                story(_token(event)).starters.append(event)
            case _:
                pass
    for each in stories.values():
        # Ids grow with time; two messages of one moment are in Discord's order only by them.
        each.messages.sort(key=lambda message: message.id)
    return Facts(
        operators=frozenset(_only(kinds[What.CAMPAIGN])["operators"]),
        stories=list(stories.values()),
        agent_ends=[
            event.at for event in kinds[What.FAULT] if event["component"] == Component.AGENT
        ],
        ended_themselves=kinds[What.ENDED_ITSELF],
        left=kinds[What.LEFT][0] if kinds[What.LEFT] else None,
        settled=any(event["in_time"] for event in kinds[What.SETTLED]),
    )


def _message(event: Event) -> Message:
    return Message(
        id=int(event["message"]),
        thread=event["thread"],
        author=event["author"],
        name=event["name"],
        written=event["written"],
        texts=[event["text"]],
    )


def _token(event: Event) -> str:
    """Read the token out of a question's text; one without belongs to nobody we know."""
    found = _TOKEN.search(event["text"])
    return found[0] if found else f"unknown {event['id']}"


def _only(events: Iterable[Event]) -> Event:
    (event,) = events
    return event

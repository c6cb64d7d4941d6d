"""How much a campaign did, and how long things took: a pure function over its history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from faults.facts import Story, gather
from faults.history import Component, Event, What

ENDS = frozenset({"kill", "crash", "stop"})
"""Kinds of faults that end a process."""
BEFORE_SECONDS = 10.0
"""How far before a wait began the fault may lie that it followed."""
FEW = 2


@dataclass(frozen=True, slots=True)
class Wait:
    """How long one question waited for something, and what had happened before."""

    seconds: float
    token: str
    after: str


@dataclass(frozen=True, slots=True)
class Waits:
    """All waits of one sort."""

    median: float
    p95: float
    longest: Wait


@dataclass(frozen=True, slots=True)
class Figures:
    """What the table tells besides the violations."""

    questions: int
    calls: int
    failed_calls: int
    messages: int
    states: Counter[str]
    ended: Counter[str]
    """How often processes of each component were ended from outside."""
    injected: Counter[str]
    """All other faults, by component and kind."""
    posting: Waits | None
    """From the first call to the message in Discord."""
    passing_on: Waits | None
    """From an operator's message to the first client that reads it, or customer who hears it."""


def measure(events: Sequence[Event]) -> Figures:
    """Count and time everything."""
    stories = gather(events).stories
    faults = [event for event in events if event.what is What.FAULT]
    ends = [event for event in faults if event["kind"] in ENDS]
    others = [event for event in faults if event["kind"] not in ENDS]
    kinds = Counter(event.what for event in events)
    return Figures(
        questions=len(stories),
        calls=kinds[What.CALLED],
        failed_calls=kinds[What.FAILED],
        messages=kinds[What.WROTE],
        states=Counter(record["state"] for story in stories for record in story.records),
        ended=Counter(Component(event["component"]) for event in ends),
        injected=Counter(f"{event['component']} {event['kind']}" for event in others),
        posting=_waits([_until_posted(story, faults) for story in stories]),
        passing_on=_waits([_until_read(story, faults) for story in stories]),
    )


def _until_posted(story: Story, faults: list[Event]) -> Wait | None:
    if not (story.said or story.calls) or not story.starters:
        return None
    asked = story.said.at if story.said else min(call.called.at for call in story.calls)
    return _wait(story, asked, min(each["shown"] for each in story.starters), faults)


def _until_read(story: Story, faults: list[Event]) -> Wait | None:
    sources = {r["outcome"]["source"] for r in story.records if r["state"] == "answered"}
    written = [each.written for each in story.messages if str(each.id) in sources]
    if story.said:
        read = [each.at for each in story.heard]
    else:
        read = [call.final.at for call in story.calls if call.final]
    return _wait(story, written[0], min(read), faults) if written and read else None


def _wait(story: Story, since: float, until: float, faults: list[Event]) -> Wait:
    """Name the last fault before a wait's end as the one that it followed."""
    before = [each for each in faults if since - BEFORE_SECONDS <= each.at <= until]
    after = "no fault"
    if before:
        last = before[-1]
        where = last.get("process") or last["component"]
        after = f"{last['kind']} of {where}{_point(last)}, {until - last.at:.1f} s before its end"
    return Wait(max(0.0, until - since), story.token, after)


def _point(fault: Event) -> str:
    return f" at {fault.get('point')}" if fault.get("point") else ""


def _waits(found: Sequence[Wait | None]) -> Waits | None:
    waits = sorted((each for each in found if each), key=lambda each: each.seconds)
    if len(waits) < FEW:
        return None
    seconds = [each.seconds for each in waits]
    return Waits(median(seconds), quantiles(seconds, n=20, method="inclusive")[-1], waits[-1])

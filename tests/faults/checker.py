"""Whether a history breaks a promise: a pure function, which sees nothing but the history.

One rule for each way to break one. A rule gets one question's whole story and says, in words for
the person who looks into it, what is wrong; most stories break none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from faults.facts import UNKNOWN, Facts, Message, Story, gather
from faults.history import Event, What
from faults.plan import DROPS
from shared.expiry import UNHEARD

ANSWERED, TIMED_OUT = "answered", "timed_out"
CANCELLED, UNDELIVERABLE = "cancelled", "undeliverable"
FINAL = frozenset({ANSWERED, TIMED_OUT, CANCELLED, UNDELIVERABLE})
"""Of the final states those that a campaign can bring about: nobody declines in Discord."""
SHOWN_AS: dict[str, str] = {
    ANSWERED: "Answered by {name} after",
    TIMED_OUT: "Nobody answered in time",
    CANCELLED: "Cancelled{whose}",
    UNDELIVERABLE: "Could not be delivered",
}
ENDED = "the conversation ended"
CANCELLING = ("cancel_question", "end_conversation")
CHECK_MARK = "✅"
LATE_WORDS = "There is an answer after all"
TELL_SECONDS = 1.0
"""What a host told before the note may take so long to reach the page."""
CLOCK_SECONDS = 0.002
"""Redis keeps whole milliseconds."""


class Promise(StrEnum):
    """What must never happen, as the table names it."""

    LOST = "lost"
    ANSWERED_TWICE = "answered twice"
    POSTED_TWICE = "posted twice"
    WRONG_ANSWER = "wrong answer"
    UNAUTHORISED = "unauthorised accepted"
    WRONG_OUTCOME = "wrong kind of outcome"
    TWO_IDS = "two ids for one key"
    SHOWN_WRONG = "shown otherwise than recorded"
    TOLD_TWICE = "told twice"
    LEAKED = "keys that leak"
    ENDED_ITSELF = "processes that ended by themselves"


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken promise. `token` names the question, if it is about one."""

    promise: Promise
    what: str
    token: str | None = None


Rule = Callable[[Facts, Story], Iterator[tuple[Promise, str]]]


def check(events: Sequence[Event]) -> list[Violation]:
    """Find every broken promise."""
    facts = gather(events)
    found = [
        Violation(promise, what, story.token)
        for story in facts.stories
        for rule in RULES
        for promise, what in rule(facts, story)
    ]
    return [*found, *_about_the_whole(facts)]


def _about_the_whole(facts: Facts) -> Iterator[Violation]:
    for event in facts.ended_themselves:
        status = f"{event['process']} ended with {event['status']}"
        yield Violation(Promise.ENDED_ITSELF, status)
    if facts.left is None:
        yield Violation(Promise.LOST, "the campaign broke off: nothing is known of its end")
        return
    for key in facts.left["leaks"]:
        yield Violation(Promise.LEAKED, f"{key} has no TTL and is no index")
    for index in ("open", "unposted", "unshown"):
        for escalation_id in facts.left[index]:
            yield Violation(Promise.LOST, f"{escalation_id} is still in the index {index!r}")
    if not facts.stories:
        yield Violation(Promise.LOST, "no question was asked: this proves nothing")
    if not facts.settled:
        yield Violation(Promise.LOST, "not everything settled in time")


def _is_kept(facts: Facts, story: Story) -> Iterator[tuple[Promise, str]]:
    """Keep whatever a client was told an id of, until it ends and is read.

    What a customer said may be lost with a host that ended before the gateway had taken it, or
    when they hung up before that and the gateway was away.
    """
    if story.said is not None and not story.records:
        if not story.hung_up and not any(end > story.said.at for end in facts.agent_ends):
            yield Promise.LOST, "the agent never asked what its customer wanted to know"
        return
    kept = {record["id"]: record for record in story.records}
    for escalation_id in story.ids:
        if escalation_id not in kept:
            yield Promise.LOST, f"no record of {escalation_id}, which a client was told of"
        elif kept[escalation_id]["state"] not in FINAL:
            yield Promise.LOST, f"{escalation_id} is {kept[escalation_id]['state']} for ever"
    for call in story.calls:
        if call.ended and call.ended.what is What.FAILED and UNKNOWN in call.ended["error"]:
            yield Promise.LOST, f"call {call.called['call']} was told that it is not known"
    if not any(call.final for call in story.calls):
        yield Promise.LOST, "no client ever read an outcome, however often it asked"


def _answer_in_time_counts(facts: Facts, story: Story) -> Iterator[tuple[Promise, str]]:
    """Take what an operator wrote before the deadline, whatever came in between.

    Only where nobody listened for all of `UNHEARD` after the deadline may it be lost.
    """
    for record in story.records:
        if record["state"] not in {TIMED_OUT, UNDELIVERABLE}:
            continue
        first = _first_allowed(facts, story, record)
        if first is None or first.written >= record["deadline"] - CLOCK_SECONDS:
            continue
        if record["ended"] < record["deadline"] + UNHEARD.total_seconds():
            early = record["deadline"] - first.written
            wrote = f"{first.name} answered {early:.3f} s before the deadline"
            yield Promise.LOST, f"{wrote}, and it ended as {record['state']}"


def _one_outcome(_: Facts, story: Story) -> Iterator[tuple[Promise, str]]:
    """Show everybody who reads an outcome the same one; the reply key holds it too."""
    for escalation_id in story.ids:
        readings = {
            (call.final["status"], call.final["answer"])
            for call in story.calls
            if call.final and call.final["id"] == escalation_id
        }
        if len(readings) > 1:
            yield Promise.ANSWERED_TWICE, f"clients read {sorted(map(str, readings))}"
        for record in story.records:
            outcome = record["outcome"]
            if record["id"] != escalation_id or outcome is None:
                continue
            kept = (outcome["state"], outcome["text"])
            if readings - {kept}:
                yield Promise.ANSWERED_TWICE, f"{kept} is recorded, {readings} was read"
            if record["reply"] is None:
                yield Promise.LOST, "the reply key is gone although the record is kept"
            elif record["reply"] != outcome:
                yield Promise.ANSWERED_TWICE, "the reply key and the record differ"


def _one_id(_: Facts, story: Story) -> Iterator[tuple[Promise, str]]:
    """Know a question by one id: its client always asks with the same key."""
    if len(story.ids) > 1:
        yield Promise.TWO_IDS, f"one key gave {sorted(story.ids)}"


def _shown_once(_: Facts, story: Story) -> Iterator[tuple[Promise, str]]:
    """Show nobody a question, or what is said about it, twice."""
    for escalation_id, times in Counter(each["id"] for each in story.starters).items():
        if times > 1:
            yield Promise.POSTED_TWICE, f"{times} messages show {escalation_id}"
    for starter in story.starters:
        said = Counter(
            (each["text"], each["about"])
            for each in starter["messages"]
            if each["bot"] and each["text"]
        )
        for (text, _about), times in said.items():
            if times > 1:
                yield Promise.POSTED_TWICE, f"the bot said {times} times: {text!r}"


def _answer_is_an_operators(facts: Facts, story: Story) -> Iterator[tuple[Promise, str]]:
    """Pass on, word for word, the first that an operator wrote in this question's thread."""
    for record in story.records:
        if (outcome := record["outcome"]) is not None and record["state"] == ANSWERED:
            yield from _judge(facts, story, record, outcome)
        if (late := record["late"]) is not None:
            yield from _judge(facts, story, record, late)


def _judge(
    facts: Facts, story: Story, record: Event, outcome: dict[str, Any]
) -> Iterator[tuple[Promise, str]]:
    if outcome["by"]["id"] not in facts.operators:
        yield Promise.UNAUTHORISED, f"{outcome['by']['name']} answered: {outcome['text']!r}"
        return
    if story.token not in outcome["text"]:
        yield Promise.WRONG_ANSWER, f"the answer is another question's: {outcome['text']!r}"
        return
    source = next((each for each in story.messages if str(each.id) == outcome["source"]), None)
    if source is None or source.author != outcome["by"]["id"]:
        yield Promise.WRONG_ANSWER, f"nobody wrote the answer {outcome['text']!r}"
        return
    if outcome["text"] not in source.texts:
        yield Promise.WRONG_ANSWER, f"{source.texts} was written, {outcome['text']!r} passed on"
    first = _first_allowed(facts, story, record)
    if first is not None and first.id != source.id:
        before = f"{first.name} had written {first.texts} before"
        yield Promise.WRONG_ANSWER, f"{outcome['text']!r} was taken, although {before}"


def _kind_of_outcome(facts: Facts, story: Story) -> Iterator[tuple[Promise, str]]:
    """End each question for its own reason, and at its time."""
    for record in story.records:
        match record["state"]:
            case "timed_out" if record["ended"] < record["deadline"] - CLOCK_SECONDS:
                early = record["deadline"] - record["ended"]
                yield Promise.WRONG_OUTCOME, f"timed out {early:.3f} s before its deadline"
            case "timed_out" if _read_before(story, record["deadline"]):
                yield Promise.WRONG_OUTCOME, "a client read the time-out before the deadline"
            case "timed_out" if record["posting"] is None:
                yield Promise.WRONG_OUTCOME, "timed out although nobody could see it"
            case "cancelled" if not _was_cancelled(story, record):
                yield Promise.WRONG_OUTCOME, "cancelled although no agent cancelled it"
            case "undeliverable" if _open_before(story, record["ended"]):
                yield Promise.WRONG_OUTCOME, "undeliverable although there was a thread for it"
            case "undeliverable" if record["ended"] < record["deadline"] - CLOCK_SECONDS:
                early = record["deadline"] - record["ended"]
                yield Promise.WRONG_OUTCOME, f"given up {early:.3f} s before its deadline"
            case _:
                pass


def _let_go_as_told(_: Facts, story: Story) -> Iterator[tuple[Promise, str]]:
    """Let go of a question as its route says when its conversation ends, and as the agent is told.

    What was dropped is answered to nobody; what was kept goes on to an outcome of its own.
    """
    for record in story.records:
        drops = record.get("route") == DROPS
        for call in story.calls:
            match call.became.get(record["id"]):
                case "cancelled" if record["state"] != CANCELLED:
                    state = record["state"]
                    yield Promise.WRONG_OUTCOME, f"said to be dropped, and it is {state}"
                case "kept" if drops:
                    yield Promise.WRONG_OUTCOME, "kept although its route drops it"
                case "cancelled" if not drops and not _was_cancelled(story, record):
                    yield Promise.WRONG_OUTCOME, "dropped although its route keeps it"
                case _:
                    pass


def _is_told_once(_: Facts, story: Story) -> Iterator[tuple[Promise, str]]:
    """Tell a customer each outcome, have it noted, and then never tell it again.

    A host that dies after its last word and before the note leaves it to the next one to tell it
    once more: what matters is the moment of the note.
    """
    if story.said is None:
        return
    for record in story.records:
        late = [each for each in story.heard if each["text"].startswith(LATE_WORDS)]
        first = [each for each in story.heard if each not in late]
        yield from _noted_once(first, record["outcome"], record["delivered"])
        yield from _noted_once(late, record["late"], record["late_delivered"])
        if not story.heard and record["state"] in FINAL:
            yield Promise.LOST, f"the customer never heard that it is {record['state']}"


def _noted_once(
    told: list[Event], news: object, noted: float | None
) -> Iterator[tuple[Promise, str]]:
    if noted is None:
        if told and news is not None:
            yield Promise.LOST, "the customer was told, and nobody noted it"
        return
    for each in told:
        if each.at > noted + TELL_SECONDS:
            yield Promise.TOLD_TWICE, f"told {each.at - noted:.1f} s after it was noted as told"


def _shown_as_recorded(_: Facts, story: Story) -> Iterator[tuple[Promise, str]]:
    """Show in Discord the outcome that is recorded, and mark the message that was the answer."""
    kept = {record["id"]: record for record in story.records}
    for starter in story.starters:
        record = kept.get(starter["id"])
        if record is None or record["state"] not in SHOWN_AS:
            continue
        outcome = record["outcome"]
        name = outcome["by"]["name"] if outcome["by"] else ""
        whose = f": {ENDED}" if _is_dropped(record) else " by the agent"
        expected = SHOWN_AS[record["state"]].format(name=name, whose=whose)
        shown = starter["outcome"] or "no outcome"
        if expected not in shown:
            yield Promise.SHOWN_WRONG, f"{record['state']} is recorded, {shown!r} is shown"
        if record["state"] != ANSWERED:
            continue
        marked = [each["id"] for each in starter["messages"] if CHECK_MARK in each["marks"]]
        if marked != [outcome["source"]]:
            yield Promise.SHOWN_WRONG, f"{outcome['source']} was taken, {marked} is marked"


def _read_before(story: Story, deadline: float) -> bool:
    finals = [call.final for call in story.calls if call.final]
    return any(each["status"] == TIMED_OUT and each.at < deadline for each in finals)


def _open_before(story: Story, ended: float) -> bool:
    """Tell whether people could answer. What was on its way then may come to light afterwards."""
    opened = [each["opened"] for each in story.starters if each["opened"] is not None]
    return any(at < ended - CLOCK_SECONDS for at in opened)


def _was_cancelled(story: Story, record: Event) -> bool:
    """Tell whether its agent cancelled it, or ended its conversation where the route drops it."""
    tools = {"cancel_question"} if record.get("route") != DROPS else {*CANCELLING}
    return any(
        call.called["tool"] in tools and call.called["id"] == record["id"] for call in story.calls
    )


def _is_dropped(record: Event) -> bool:
    return record["state"] == CANCELLED and record["outcome"].get("provenance") == "system"


def _first_allowed(facts: Facts, story: Story, record: Event) -> Message | None:
    """Find the first message in this question's own thread by somebody who may answer."""
    return next(
        (
            message
            for message in story.messages
            if message.author in facts.operators and message.thread == record["posting"]
        ),
        None,
    )


RULES: tuple[Rule, ...] = (
    _is_kept,
    _answer_in_time_counts,
    _one_outcome,
    _one_id,
    _shown_once,
    _answer_is_an_operators,
    _kind_of_outcome,
    _let_go_as_told,
    _shown_as_recorded,
    _is_told_once,
)

"""What can become of a question, and how a customer is told, in words of our own.

Each outcome has a text of its own, and none reads like another, so that silence is never taken for
an answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never


class Ending(StrEnum):
    """How a question stands when there is something to say about it."""

    NEEDS_INFO = "needs_info"  # a person asks back; not final, the customer is to reply
    ANSWERED = "answered"  # a person answered; `answer` holds their words
    APPROVED = "approved"  # people allowed what was asked for; `answer` holds their comment
    DENIED = "denied"  # a person forbade it; likewise
    DECLINED = "declined"  # a person looked at it and said no to answering
    ANSWERED_LATE = "answered_late"  # a person answered after the deadline
    TIMED_OUT = "timed_out"  # nobody answered before the deadline
    CANCELLED = "cancelled"  # it was taken back
    UNDELIVERABLE = "undeliverable"  # it could not be shown to anybody
    UNREACHABLE = "unreachable"  # the gateway is away; not final, we go on trying


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that a colleague sent along. It is spoken of by its name; a page shows the link."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """Something to tell the customer about one question."""

    ending: Ending
    ticket: str
    question: str
    answer: str | None = None
    answered_by: str | None = None
    reason: str | None = None
    escalation_id: str | None = None
    """By which the gateway knows the question; none if it never took it."""
    delivered: bool = False
    """Whether the customer knows it already: another agent of the conversation told it."""
    asked_back: str | None = None
    """What a person wants to know before answering."""
    files: tuple[SentFile, ...] = ()
    """What came with the answer; where `answer` is None, they are all of it."""

    @property
    def is_final(self) -> bool:
        """Whether nothing more will come for this question."""
        return self.ending not in {Ending.UNREACHABLE, Ending.NEEDS_INFO}

    @property
    def quoted(self) -> str | None:
        """The words of a person that the customer must hear, if there are any."""
        return self.answer or self.asked_back


def in_plain_words(outcome: Outcome) -> str:
    """Say the outcome to a customer without any model. An answer stands in it word for word."""
    about = f"“{_shortened(outcome.question)}”"
    who = outcome.answered_by or "a colleague"
    because = f" The reason given: {outcome.reason}" if outcome.reason else ""
    match outcome.ending:
        case Ending.NEEDS_INFO:
            return (
                f"Before my colleague can answer {about}, they would like to know: "
                f"{outcome.asked_back}"
            )
        case Ending.APPROVED | Ending.DENIED:
            said = f" {_capital(who)} says: {outcome.answer}" if outcome.answer else ""
            return f"{_decided(outcome.ending)} {about}.{said}"
        case Ending.ANSWERED:
            return f"I have heard back about {about}. {_capital(_said(who, outcome))}"
        case Ending.ANSWERED_LATE:
            return (
                f"There is an answer after all about {about}. It came late: {_said(who, outcome)}"
            )
        case Ending.DECLINED:
            return f"I'm sorry, {who} could not say yes to {about}.{because}"
        case Ending.TIMED_OUT:
            return (
                f"I'm sorry, nobody could answer {about} in time, so I have neither a yes nor a "
                "no for you. Shall I ask again?"
            )
        case Ending.CANCELLED:
            return f"The question {about} was taken back, so no answer will come.{because}"
        case Ending.UNDELIVERABLE:
            return f"I'm sorry, I could not get {about} to any of my colleagues.{because}"
        case Ending.UNREACHABLE:
            return (
                f"I can't get through to my colleagues about {about} right now. I keep trying, "
                "and you will hear from me as soon as I do."
            )
        case _:
            assert_never(outcome.ending)


def _said(who: str, outcome: Outcome) -> str:
    """Quote an answer, and name the files that came with it."""
    names = " and ".join(each.name for each in outcome.files)
    if outcome.answer is None:
        return f"{who} has sent {names}." if names else f"{who} has answered without a word."
    return f"{who} {f'has sent {names} and ' if names else ''}says: {outcome.answer}"


def _decided(ending: Ending) -> str:
    if ending is Ending.APPROVED:
        return "Good news, my colleagues have approved"
    return "I'm sorry, the team has decided against"


def _shortened(text: str, limit: int = 120) -> str:
    words = " ".join(text.split())
    return words if len(words) <= limit else f"{words[: limit - 1].rstrip()}…"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

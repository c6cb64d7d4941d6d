"""Values that tests start from."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from shared.escalation import (
    DEFAULT_BOT,
    Ask,
    Author,
    ChannelKind,
    Escalation,
    Outcome,
    Person,
    Posting,
    Provenance,
    Remark,
    State,
    Vote,
)
from shared.question import Question

MAYA = Person(id="111", name="Maya")
JON = Person(id="222", name="Jon")


def an_ask(
    text: str = "May I give 10 % off?",
    *,
    agent: str = "shop",
    key: str | None = None,
    conversation_id: str | None = None,
    timeout: float = 600,
    **shape: Any,
) -> Ask:
    """Make a question on its way in."""
    return Ask(
        agent=agent,
        question=Question(text=text, conversation_id=conversation_id, **shape),
        idempotency_key=key,
        timeout=timedelta(seconds=timeout),
        retention=timedelta(hours=1),
    )


def an_outcome(
    escalation: Escalation,
    state: State = State.ANSWERED,
    *,
    at: datetime,
    text: str | None = "Yes, 10 %.",
    source: str | None = "m1",
) -> Outcome:
    """Make an ending; a person's answer unless told otherwise."""
    answered = state is State.ANSWERED
    return Outcome(
        state=state,
        at=at,
        seconds=(at - escalation.created_at).total_seconds(),
        provenance=Provenance.PERSON if answered else Provenance.SYSTEM,
        text=text if answered else None,
        by=MAYA if answered else None,
        channel=ChannelKind.DISCORD if answered else None,
        source=source,
    )


def a_posting(reference: str = "9001", *, bot: str = DEFAULT_BOT) -> Posting:
    """Make a place where a question is shown."""
    return Posting(channel=ChannelKind.DISCORD, place="500", reference=reference, bot=bot)


def a_remark(
    author: Author = Author.OPERATOR,
    *,
    at: datetime,
    text: str = "Which size?",
    source: str = "r1",
) -> Remark:
    """Make something said before the answer."""
    by = MAYA if author is Author.OPERATOR else None
    return Remark(author=author, text=text, at=at, by=by, source=source)


def a_vote(by: Person = MAYA, *, at: datetime, approve: bool = True) -> Vote:
    """Make one person's word on an approval."""
    return Vote(approve=approve, by=by, at=at, source=f"click of {by.name}")

"""A question of this conversation that nobody has settled yet, and how its standing reads."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from customer_agent.gateway_client import AttachedFile, ListedQuestion, Standing, Status
from customer_agent.outcomes import Ending, Outcome, SentFile
from shared.background import Background

_ENDINGS: Final = {
    Status.ANSWERED: Ending.ANSWERED,
    Status.APPROVED: Ending.APPROVED,
    Status.DENIED: Ending.DENIED,
    Status.DECLINED: Ending.DECLINED,
    Status.TIMED_OUT: Ending.TIMED_OUT,
    Status.CANCELLED: Ending.CANCELLED,
    Status.UNDELIVERABLE: Ending.UNDELIVERABLE,
}


_LATER: Final = {Ending.TIMED_OUT: Ending.ANSWERED_LATE, Ending.ANSWERED: Ending.CORRECTED}
"""What has become of a question about which a person said something after its end."""
_WITH_WORDS: Final = frozenset({Ending.ANSWERED, Ending.APPROVED, Ending.DENIED})


@dataclass(slots=True)
class OpenQuestion:
    """A question, by the ticket under which the customer's model knows it."""

    ticket: str
    question: str
    context: str | None = None
    background: Background | None = None
    """As it was when the question came up: who asks again with its key asks the same."""
    escalation_id: str | None = None
    """Not known before the gateway has accepted it."""
    accepted: asyncio.Event = field(default_factory=asyncio.Event)
    resumed: bool = False
    """An earlier agent asked it."""
    asked_back: str = ""
    """What people wait to hear from the customer, as far as the customer was asked."""
    replies: list[str] = field(default_factory=list[str])
    """What the customer replied and nobody has passed on yet."""
    replied: asyncio.Event = field(default_factory=asyncio.Event)
    correctable_until: datetime | None = None
    """Until when a correction of its answer may come, as far as the gateway has said."""
    hopeful: bool = True
    """Whether a late answer is awaited: not where it had ended long before this agent knew it."""

    def reply(self, text: str) -> None:
        """Have this passed on."""
        self.replies.append(text)
        self.replied.set()

    def passed_on(self, count: int) -> None:
        """Note that so many replies are with the people now, who no longer wait."""
        del self.replies[:count]
        self.asked_back = ""
        if not self.replies:
            self.replied.clear()

    def newly_asked_back(self, standing: Standing) -> Outcome | None:
        """Read what the customer was not asked yet; None if there is nothing."""
        wanted = standing.asked_back or ""
        # While we don't reply, what people add stands behind what they asked before.
        news = wanted.removeprefix(self.asked_back).strip()
        self.asked_back = wanted
        if standing.status is not Status.NEEDS_INFO or not news:
            return None
        return Outcome(
            Ending.NEEDS_INFO,
            self.ticket,
            self.question,
            asked_back=news,
            escalation_id=standing.escalation_id,
        )


def resumed(listed: ListedQuestion, *, hopeful: bool) -> OpenQuestion:
    """Take over what an earlier agent of the conversation asked."""
    return OpenQuestion(
        ticket=f"Q-{listed.escalation_id[-8:].upper()}",
        question=listed.question,
        escalation_id=listed.escalation_id,
        resumed=True,
        correctable_until=listed.correctable_until,
        hopeful=hopeful,
    )


def outcome_of(standing: Standing, entry: OpenQuestion) -> Outcome | None:
    """Read a settled standing; None while it is open."""
    ending = _ENDINGS.get(standing.status)
    if ending is None:
        return None
    late = standing.late_answer is not None or standing.late_attachments
    if ending in _LATER and late:
        return Outcome(
            _LATER[ending],
            entry.ticket,
            entry.question,
            answer=standing.late_answer,
            files=_sent(standing.late_attachments),
            answered_by=standing.late_answered_by.name if standing.late_answered_by else None,
            escalation_id=standing.escalation_id,
            delivered=standing.delivered,
        )
    return Outcome(
        ending,
        entry.ticket,
        entry.question,
        # Only people's answers count as such, whatever else a fallback may have filled in.
        answer=standing.answer if ending in _WITH_WORDS else None,
        files=_sent(standing.attachments),
        answered_by=standing.answered_by.name if standing.answered_by else None,
        reason=standing.reason,
        escalation_id=standing.escalation_id,
        delivered=standing.delivered,
    )


def _sent(attached: tuple[AttachedFile, ...]) -> tuple[SentFile, ...]:
    """Take over what leads to the web; a page must not be made to follow anything else."""
    web = ("https://", "http://")
    return tuple(SentFile(each.name, each.url) for each in attached if each.url.startswith(web))

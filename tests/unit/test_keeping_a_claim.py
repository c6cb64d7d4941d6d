"""Who is on a question that waits for Send, and writes there, is not silent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from support.make import JON, an_ask

from escalation_worker.answering import Answering
from escalation_worker.discussing import Discussing
from escalation_worker.operators import Operators
from escalation_worker.sending import Sending
from escalation_worker.writing import Writing
from shared.escalation import DEFAULT_BOT, Escalation
from shared.memory.discussion import MemoryDiscussion
from shared.memory.escalations import MemoryEscalations
from shared.ports.hold import Hold
from shared.ports.replies import InboundReply, ReplyVerdict
from shared.routes.facts import facts_of
from unit.test_answering import OPERATORS, a_reply
from unit.test_sending import FORM, SEND

BOTH = Operators(people=OPERATORS.people | {JON.id})


class Place:
    """A question that waits for Send, and where people write under it."""

    def __init__(self) -> None:
        self.store = MemoryEscalations()
        answering = Answering(self.store, BOTH)
        self.discussing = Discussing(self.store, MemoryDiscussion(self.store), BOTH)
        sending = Sending(self.store, BOTH, answering, lambda _: SEND)
        self.writing = Writing(answering, self.discussing, sending)

    async def claimed(self, **shape: Any) -> InboundReply:
        """Let somebody ask, and Maya be on it; give the click."""
        asked = (await self.store.accept(an_ask(**shape))).escalation
        click = a_reply(asked)
        assert await self.discussing.claim(click) is ReplyVerdict.CLAIMED
        return click

    async def active(self, click: InboundReply) -> timedelta:
        """Tell how long after this click whoever is on it was last active."""
        claim = facts_of(await self.now(click)).claim
        assert claim is not None
        return claim.active_at - click.at

    async def now(self, click: InboundReply) -> Escalation:
        """Read the question."""
        found = await self.store.get(click.escalation_id)
        assert found is not None
        return found


def later(click: InboundReply, text: str = "Let me look", **who: Any) -> InboundReply:
    """Make a message of ten minutes after a click."""
    return replace(click, text=text, source="m2", at=click.at + timedelta(minutes=10), **who)


@pytest.mark.parametrize(
    ("shape", "verdict"),
    [
        ({}, ReplyVerdict.WRITTEN),
        ({"form": FORM}, ReplyVerdict.WRITTEN_IN_VAIN),
        ({"approvals_needed": 2}, ReplyVerdict.WRITTEN_IN_VAIN),
    ],
)
async def test_who_is_on_it_and_writes_is_not_silent(
    shape: dict[str, Any], verdict: ReplyVerdict
) -> None:
    place = Place()
    click = await place.claimed(**shape)
    assert await place.active(click) == timedelta(0)
    assert await place.writing.wrote(later(click)) is verdict
    assert await place.active(click) == timedelta(minutes=10)


@pytest.mark.parametrize("person", [JON.id, "999"], ids=["colleague", "stranger"])
async def test_what_others_write_keeps_nobodys_claim(person: str) -> None:
    place = Place()
    click = await place.claimed()
    await place.writing.wrote(later(click, person_id=person))
    assert await place.active(click) == timedelta(0)


async def test_who_says_again_that_they_are_on_it_is_not_silent() -> None:
    place = Place()
    click = await place.claimed()
    assert await place.discussing.claim(later(click)) is ReplyVerdict.REPEATED
    assert await place.active(click) == timedelta(minutes=10)
    jons = later(click, person_id=JON.id, person_name=JON.name)
    assert await place.discussing.claim(jons) is ReplyVerdict.CLAIMED_ALREADY
    assert await place.active(click) == timedelta(minutes=10)


async def test_what_a_relieved_listener_hears_keeps_no_claim() -> None:
    place = Place()
    click = await place.claimed()
    place.store.fences[DEFAULT_BOT, 0] = 2
    assert await place.writing.wrote(later(click, hold=Hold(0, 1))) is ReplyVerdict.WRITTEN
    assert await place.active(click) == timedelta(0)
    await place.writing.wrote(later(click, hold=Hold(0, 2)))
    assert await place.active(click) == timedelta(minutes=10)

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from support.make import JON, MAYA, an_ask

from escalation_worker.discussing import Discussing
from escalation_worker.operators import Chosen, Operators
from shared.escalation import Claim, Escalation
from shared.memory.discussion import MemoryDiscussion
from shared.memory.escalations import MemoryEscalations
from shared.ports.clock import utc_now
from shared.ports.hold import Hold
from shared.ports.replies import InboundReply, ReplyVerdict
from shared.redis_adapter.records import from_hash
from shared.routes.facts import facts_of
from unit.test_answering import a_reply

OPERATORS = Operators(people=frozenset({MAYA.id}), roles=frozenset({"7"}))
HOLD = Hold(0, 0)
JON_WITH_ROLE = Chosen(JON, frozenset({"7"}))


@pytest.fixture
def store() -> MemoryEscalations:
    return MemoryEscalations()


@pytest.fixture
def discussing(store: MemoryEscalations) -> Discussing:
    return Discussing(store, MemoryDiscussion(store), OPERATORS)


@pytest.fixture
async def asked(store: MemoryEscalations) -> Escalation:
    return (await store.accept(an_ask())).escalation


def jons(reply: InboundReply, source: str) -> InboundReply:
    """Make the same act Jon's."""
    return replace(
        reply,
        person_id=JON.id,
        person_name=JON.name,
        person_roles=frozenset({"7"}),
        source=source,
    )


async def test_the_same_choice_twice_counts_once_even_after_it_was_released(
    store: MemoryEscalations, discussing: Discussing, asked: Escalation
) -> None:
    reply = a_reply(asked, hold=HOLD, source="s1")
    assert await discussing.reassign(reply, JON_WITH_ROLE) is ReplyVerdict.REASSIGNED
    assert await discussing.reassign(reply, JON_WITH_ROLE) is ReplyVerdict.REPEATED
    assert await discussing.release(jons(reply, "s2")) is ReplyVerdict.RELEASED
    assert await discussing.reassign(reply, JON_WITH_ROLE) is ReplyVerdict.REPEATED
    read = await store.get(asked.id)
    assert read is not None
    assert (read.claim, read.assignments) == (None, 1)


async def test_the_same_claim_twice_does_not_end_what_came_between(
    store: MemoryEscalations, discussing: Discussing, asked: Escalation
) -> None:
    reply = a_reply(asked, hold=HOLD, source="s1")
    assert await discussing.claim(reply) is ReplyVerdict.CLAIMED
    assert await discussing.release(a_reply(asked, hold=HOLD, source="s2")) is ReplyVerdict.RELEASED
    assert await discussing.claim(reply) is ReplyVerdict.REPEATED
    assert await discussing.claim(a_reply(asked, hold=HOLD, source="s3")) is ReplyVerdict.CLAIMED
    assert await discussing.release(a_reply(asked, hold=HOLD, source="s2")) is ReplyVerdict.REPEATED
    read = await store.get(asked.id)
    assert read is not None
    assert read.claim is not None


async def test_a_desks_page_may_repeat_itself_and_means_it(
    discussing: Discussing, asked: Escalation
) -> None:
    reply = a_reply(asked)
    for _ in range(2):
        assert await discussing.claim(reply) is ReplyVerdict.CLAIMED
        assert await discussing.claim(reply) is ReplyVerdict.REPEATED
        assert await discussing.release(reply) is ReplyVerdict.RELEASED


@pytest.mark.parametrize("chosen", [None, Chosen(JON), Chosen(JON, frozenset({"8"}))])
async def test_only_who_may_answer_is_given_a_question(
    discussing: Discussing, asked: Escalation, chosen: Chosen | None
) -> None:
    assert await discussing.reassign(a_reply(asked), chosen) is ReplyVerdict.CANNOT_TAKE_IT


@pytest.mark.parametrize("chosen", [None, JON_WITH_ROLE])
async def test_only_who_may_answer_gives_it(
    discussing: Discussing, asked: Escalation, chosen: Chosen | None
) -> None:
    stranger = a_reply(asked, person="999")
    assert await discussing.reassign(stranger, chosen) is ReplyVerdict.NOT_ALLOWED
    assert discussing.may_reassign(asked, stranger) is ReplyVerdict.NOT_ALLOWED


async def test_an_assigned_claim_goes_silent_as_any_other(
    store: MemoryEscalations, discussing: Discussing, asked: Escalation
) -> None:
    reply = a_reply(asked)
    await discussing.reassign(reply, JON_WITH_ROLE)
    read = await store.get(asked.id)
    assert read is not None
    claim = facts_of(read).claim
    assert claim is not None
    assert (claim.by, claim.at, claim.active_at) == (JON, reply.at, reply.at)


def test_a_claim_of_an_older_version_is_still_read() -> None:
    at = utc_now()
    old = Claim.model_validate({"by": MAYA.model_dump(), "at": at.isoformat()})
    assert old == Claim(by=MAYA, at=at)
    question = an_ask().question
    fields = {
        "id": "1",
        "agent": "shop",
        "question": question.model_dump_json(),
        "state": "claimed",
        "created_ms": "0",
        "deadline_ms": "1000",
        "kept_until_ms": str(int(timedelta(hours=1).total_seconds() * 1000)),
        "claim": old.model_dump_json(exclude={"assigned_by", "source"}),
    }
    read = from_hash(fields)
    assert (read.claim, read.assignments) == (old, 0)

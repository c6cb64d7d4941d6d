"""People act on a question before its message is there, and the worker that posts it dies."""

from __future__ import annotations

import asyncio

import pytest
from discord_double import defaults
from discord_double.reading import text_of
from redis.asyncio import Redis
from support.discord_views import answer_text, starter_of, structured, until_outcome, until_told
from support.make import JON, a_remark

from e2e.conftest import Fleet
from e2e.test_crash_points import assert_shown_once, until_dead, until_nothing_is_due
from shared.crash_points import VARIABLE, CrashPoint
from shared.escalation import Claim, Person
from shared.ports.clock import utc_now
from shared.redis_adapter.discussion import RedisDiscussion

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

NOOR = Person(id=str(defaults.NOOR_ID), name="Noor")


@pytest.mark.parametrize(
    "point", [CrashPoint.POSTING_LEASED, CrashPoint.STARTER_NOTED, CrashPoint.POSTING_NOTED]
)
async def test_it_is_posted_all_the_same_and_whoever_was_given_it_is_called(
    fleet: Fleet, point: CrashPoint
) -> None:
    await fleet.add_gateway()
    question = f"Dies at {point.replace('_', ' ')}?"
    async with asyncio.timeout(100), fleet.client() as agent:
        asked = await agent.call_tool("ask_human", {"question": question, "wait_seconds": 0})
        escalation_id = str(structured(asked)["escalation_id"])
        async with Redis.from_url(fleet.redis_url, decode_responses=True) as redis:
            discussion, now = RedisDiscussion(redis, fleet.keys), utc_now()
            await discussion.claim(escalation_id, Claim(by=NOOR, at=now, assigned_by=JON))
            await discussion.remark(escalation_id, a_remark(at=now))
        doomed = fleet.make_worker({VARIABLE: point})
        doomed.start()
        await until_dead(doomed)
        await fleet.add_worker()
        thread = await fleet.double.until_thread(question)
        told = await until_told(fleet.double, thread, "Jon asks you")
        assert told.mentions.users == [defaults.NOOR_ID]
        await until_nothing_is_due(fleet, still_open=1)
        assert "Noor (asked by Jon)" in text_of(starter_of(fleet.double, thread))
        await fleet.double.person("Noor").write(thread, "once")
        await until_outcome(fleet.double, thread, "Answered by Noor")
        answered = await agent.call_tool("check_answer", {"escalation_id": escalation_id})
        assert answer_text(answered) == "once"
        await until_nothing_is_due(fleet)
        assert_shown_once(fleet.double, thread, question)

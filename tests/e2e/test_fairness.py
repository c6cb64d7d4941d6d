"""One agent asks as fast as it may; another's question is posted before nearly all of that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import pytest
from discord_double.ratelimit import RateLimits
from redis.asyncio import Redis
from support import processes
from support.flood import Agent, Asked, Posted, agent

from e2e.conftest import Fleet
from escalation_worker.turns import AT_ONCE

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

KEYS = {"flood": "flood-key-0123456789", "calm": "calm-key-0123456789"}


async def start(fleet: Fleet, *, workers: int, **extra: str) -> list[str]:
    """Start two gateways that know both agents; give their addresses."""
    keys = {"GATEWAY_API_KEYS": ",".join(f"{name}:{key}" for name, key in KEYS.items()), **extra}
    await asyncio.gather(*(fleet.add_gateway(keys) for _ in range(2)))
    await asyncio.gather(*(fleet.add_worker() for _ in range(workers)))
    return [processes.gateway_url(each) for each in fleet.gateways]


async def overtaken_by(flooding: Agent, posted: Posted, asked: Asked) -> tuple[int, int]:
    """Wait for a question; tell how many of the flood's went before it, and how many still wait."""
    at = await posted.until(asked)
    theirs = {each.id for each in flooding.asked}
    times = [moment for each, moment in posted.all().items() if each in theirs]
    return sum(asked.accepted < each <= at for each in times), len(theirs) - len(times)


def shown(fleet: Fleet) -> int:
    """Tell how many of an agent's replies people can see."""
    messages = (message for thread in fleet.double.threads for message in thread.messages)
    return sum("The agent replies" in message.content for message in messages)


async def test_a_flood_over_both_gateways_holds_up_nobody_and_loses_nothing(fleet: Fleet) -> None:
    slowly = RateLimits().with_rule(r"POST /channels/[^/]+/messages$", 5, 1.0)
    fleet.double.settings.rate_limits = slowly
    urls = await start(fleet, workers=2)
    posted, flood = Posted(fleet.double), 120
    # Those under way when a question comes, and what else is posted while that one is.
    few = 3 * AT_ONCE * len(fleet.workers)
    async with (
        asyncio.timeout(150),
        agent(urls, KEYS["calm"]) as calm,
        agent(urls, KEYS["flood"]) as flooding,
        asyncio.TaskGroup() as group,
    ):
        running = group.create_task(flooding.flood(flood))
        seen: list[tuple[int, int]] = []
        while not running.done():
            asked = await calm.ask(f"Calm {len(seen)}?")
            seen.append(await overtaken_by(flooding, posted, asked))
        assert max(waiting for _, waiting in seen) > few, "it was no flood"
        assert max(went_before for went_before, _ in seen) <= few, seen
        await running
        while not {each.id for each in flooding.asked} <= posted.all().keys():
            await asyncio.sleep(0.1)
    assert len({each.id for each in flooding.asked}) == flood
    assert len(posted.all()) == flood + len(seen)


async def test_a_flood_of_replies_holds_up_nobodys_question_and_is_all_shown(fleet: Fleet) -> None:
    urls = await start(fleet, workers=1)
    posted, topics, replies = Posted(fleet.double), 12, 300
    async with (
        asyncio.timeout(120),
        agent(urls, KEYS["calm"]) as calm,
        agent(urls, KEYS["flood"]) as flooding,
        Redis.from_url(fleet.redis_url, decode_responses=True) as redis,
        asyncio.TaskGroup() as group,
    ):
        for number in range(topics):
            await posted.until(await flooding.ask(f"Topic {number}?"))
        slowly = RateLimits().with_rule(r"POST /channels/[^/]+/messages$", 5, 1.0)
        fleet.double.settings.rate_limits = slowly
        running = group.create_task(flooding.reply(replies))
        seen: list[tuple[int, int]] = []
        while not running.done():
            before = shown(fleet)
            await posted.until(await calm.ask(f"Calm {len(seen)}?"))
            after = shown(fleet)
            seen.append((after - before, flooding.replied - after))
            jobs: list[str] = await redis.zrange(fleet.keys.queue, 0, -1)
            showing = [each for each in jobs if ":show_outcome:" in each]
            assert len(showing) <= 2 * topics, "one that waits for each, and one under way"
        few = 12 * AT_ONCE  # about as many as are shown in two seconds
        assert max(waiting for _, waiting in seen) > few, "it was no flood"
        assert max(went_before for went_before, _ in seen) <= few, seen
        await running
        while shown(fleet) < replies:
            await asyncio.sleep(0.1)
    assert shown(fleet) == replies


async def test_where_a_channel_takes_a_message_a_second_the_flood_waits_and_the_other_does_not(
    fleet: Fleet,
) -> None:
    """As Discord has it: five messages in five seconds, however many wait."""
    fleet.double.settings.rate_limits = RateLimits.strict()
    urls = await start(fleet, workers=1)
    posted = Posted(fleet.double)
    async with (
        asyncio.timeout(120),
        agent(urls, KEYS["calm"]) as calm,
        agent(urls, KEYS["flood"]) as flooding,
    ):
        await flooding.flood(60)
        for number in range(2):
            asked = await calm.ask(f"Calm {number}?")
            went_before, waiting = await overtaken_by(flooding, posted, asked)
            assert waiting > 20
            assert went_before <= 2 * AT_ONCE
    fleet.workers[0].kill()  # it would wait for what stands in Discord's line


async def test_what_a_flood_leaves_in_redis_is_bounded_by_what_an_agent_may_have_open(
    fleet: Fleet,
) -> None:
    most = 30
    urls = await start(fleet, workers=0, GATEWAY_OPEN_QUESTIONS=str(most))
    async with (
        asyncio.timeout(60),
        agent(urls, KEYS["flood"]) as flooding,
        Redis.from_url(fleet.redis_url, decode_responses=True) as redis,
    ):

        async def keys() -> int:
            found = cast("AsyncIterator[str]", redis.scan_iter(f"*{fleet.keys.prefix}:*"))
            return len([each async for each in found])

        await flooding.flood(most)
        full = await keys()
        client = flooding.clients[0]
        for number in range(2 * most):
            arguments = {"question": f"More {number}?", "wait_seconds": 0}
            refused = await client.call_tool("ask_human", arguments)
            assert refused.is_error
        assert await keys() <= full
        assert await redis.zcard(fleet.keys.open) == most

"""A worker that begins, or is told of a changed file, sees to the policies of open questions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest
from support.policy_runs import NOON, a_route

from escalation_worker.reloading import Reloading
from shared.escalation import ChannelKind, Posting
from unit.test_escalating import TWO_TIERS, World, asks_back

OLD = TWO_TIERS
SOONER = OLD.replace('claim_wait = "5m"', 'claim_wait = "1m"')
REMINDS_SOONER = OLD.replace('["2m", "4m"]', '["90s", "4m"]')
REMINDS_LATER = OLD.replace('["2m", "4m"]', '["3m", "4m"]')
WITH_TOM = OLD.replace('users = ["maya"]', 'users = ["maya", "tom"]', 1)


@asynccontextmanager
async def begun(world: World, channel: ChannelKind) -> AsyncGenerator[Reloading]:
    """Let a worker begin, which sees to all open questions."""

    async def open_postings() -> Mapping[str, Posting]:
        posting = (await world.now()).posting
        assert posting is not None
        shown = posting.model_copy(update={"channel": channel})
        return {(await world.now()).id: shown}

    reloading = Reloading(
        world.routes, world.store, open_postings, world.policies, clock=world.clock
    )
    running = asyncio.create_task(reloading.run())
    try:
        await settled()
        yield reloading
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def settled() -> None:
    """Let it come to where it waits: in memory nothing else makes it wait."""
    for _ in range(5):
        await asyncio.sleep(0)


async def a_minute_old() -> World:
    """Make a question that a worker has followed for a minute; its next look is at two."""
    world = World(OLD)
    asked = await world.ask()
    await world.run_until(minutes=1)
    assert world.policies.looks == {asked.id: NOON + timedelta(minutes=2)}
    return world


@pytest.mark.parametrize("channel", list(ChannelKind))
@pytest.mark.parametrize(
    ("file", "next_look"),
    [
        (SOONER, timedelta(minutes=1)),
        (WITH_TOM, timedelta(minutes=1)),
        (REMINDS_SOONER, timedelta(seconds=90)),
        (REMINDS_LATER, timedelta(minutes=2)),  # finds nothing due, and looks again then
        (OLD, timedelta(minutes=2)),
    ],
    ids=["due now", "somebody is added", "due sooner", "due later", "unchanged"],
)
async def test_a_policy_that_a_restart_brings_is_looked_at_when_it_first_asks_for_something(
    file: str, next_look: timedelta, channel: ChannelKind
) -> None:
    world = await a_minute_old()
    world.route = a_route(file)
    world.routes.reload()
    async with begun(world, channel):
        assert list(world.policies.looks.values()) == [NOON + next_look]


async def test_who_is_added_by_a_restart_is_called_at_once() -> None:
    world = await a_minute_old()
    world.route = a_route(WITH_TOM)
    world.routes.reload()
    async with begun(world, ChannelKind.DISCORD):
        await world.run_until(minutes=1)
    assert world.told == ["1m call 2 tom"]


async def test_a_file_that_comes_while_it_runs_is_seen_to_likewise() -> None:
    world = await a_minute_old()
    async with begun(world, ChannelKind.DISCORD) as reloading:
        world.route = a_route(SOONER)
        reloading.told()
        await settled()
        assert list(world.policies.looks.values()) == [NOON + timedelta(minutes=1)]


async def test_nothing_is_looked_at_that_waits_for_its_agent() -> None:
    world = await a_minute_old()
    await asks_back(world)
    world.policies.looks.clear()
    world.route = a_route(SOONER)
    world.routes.reload()
    async with begun(world, ChannelKind.DISCORD):
        assert world.policies.looks == {}

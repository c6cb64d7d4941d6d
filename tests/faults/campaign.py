"""One campaign from start to end: everybody acts, everything settles, all is written down.

What is checked afterwards stands in the history alone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import cast

from discord_double import defaults
from redis.asyncio import Redis

from faults.askers import Asker, Caller, McpAsker
from faults.chaos import Chaos
from faults.customers import Customer
from faults.ending import known_ids, note_discord, note_redis, still_due
from faults.fleet import Fleet
from faults.history import Event, History, What
from faults.operators import TOKEN, Operators
from faults.plan import Plan

TELL_SECONDS = 15.0
"""How often a long campaign says how it goes."""
QUIET_SECONDS = 1.0
"""How long nothing must be due before everything counts as settled."""


async def run(
    plan: Plan,
    seed: int,
    folder: Path,
    *,
    mutation: str | None = None,
    tell: Callable[[str], None] | None = None,
) -> list[Event]:
    """Run a campaign; its history and the logs of its processes stay in `folder`."""
    with History(folder / "history.jsonl") as history:
        history.note(
            What.CAMPAIGN,
            plan=plan.name,
            seed=seed,
            mutation=mutation,
            operators=[str(id_) for id_ in defaults.OPERATORS.values()],
        )
        fleet = Fleet(plan, folder, history, mutation=mutation)
        try:
            await fleet.start()
            async with asyncio.TaskGroup() as group:
                telling = group.create_task(_tell(history, tell)) if tell else None
                await _act(plan, seed, fleet, history)
                if telling:
                    telling.cancel()
        finally:
            await asyncio.to_thread(fleet.end)
    return history.events


async def _act(plan: Plan, seed: int, fleet: Fleet, history: History) -> None:
    calm = asyncio.Event()
    askers: Sequence[Asker] = [
        *(McpAsker(number, plan, seed, fleet, history, calm) for number in range(plan.askers)),
        *(Customer(number, plan, seed, fleet, history, calm) for number in range(plan.customers)),
    ]
    async with asyncio.TaskGroup() as group:
        operators = group.create_task(Operators(plan, seed, fleet, history).run())
        asking = {group.create_task(asker.run()) for asker in askers}
        await Chaos(plan, seed, fleet, history).run()
        history.note(What.CALM)
        calm.set()
        in_time = await _settle(plan, fleet, asking)
        history.note(What.SETTLED, in_time=in_time)
        for task in (operators, *asking):
            task.cancel()
    async with Redis.from_url(fleet.redis_url, decode_responses=True) as redis:
        await _read_all(redis, fleet, history)
        await note_redis(redis, fleet, history)
    await note_discord(fleet, history)


async def _settle(plan: Plan, fleet: Fleet, asking: set[asyncio.Task[None]]) -> bool:
    """Wait until every client has its outcomes and nothing is due; False if it takes too long."""
    try:
        async with asyncio.timeout(plan.settle_seconds):
            await asyncio.wait(asking)
            async with Redis.from_url(fleet.redis_url, decode_responses=True) as redis:
                quiet_since = time.monotonic()
                while time.monotonic() < quiet_since + QUIET_SECONDS:
                    if any((await still_due(redis, fleet)).values()):
                        quiet_since = time.monotonic()
                    await asyncio.sleep(0.1)
    except TimeoutError:
        return False
    return True


async def _read_all(redis: Redis, fleet: Fleet, history: History) -> None:
    """Let a client read every question of which anybody was ever told, through each gateway."""
    tokens: dict[str, str] = {}
    asked = {event["call"]: event["token"] for event in history.events if event.what is What.CALLED}
    for event in history.events:
        if event.what is What.RETURNED:
            tokens[event["id"]] = asked[event["call"]]
    for escalation_id in await known_ids(redis, fleet):
        record = fleet.keys.record(escalation_id)
        text = await cast("Awaitable[str | None]", redis.hget(record, "question"))
        if escalation_id not in tokens and text and (token := TOKEN.search(text)):
            tokens[escalation_id] = token[0]
    auditor = Caller("auditor", fleet, history)
    for escalation_id, token in tokens.items():
        reading = {"escalation_id": escalation_id, "wait_seconds": 0.0}
        async with asyncio.TaskGroup() as group:
            for gateway in range(len(fleet.gateways)):
                group.create_task(auditor.call(gateway, "check_answer", token, reading))


async def _tell(history: History, tell: Callable[[str], None]) -> None:
    """Say now and then how it goes."""
    began = time.monotonic()
    while True:
        await asyncio.sleep(TELL_SECONDS)
        asked = {event["token"] for event in history.events if event.what is What.CALLED}
        faults = sum(event.what is What.FAULT for event in history.events)
        wrote = sum(event.what is What.WROTE for event in history.events)
        calm = any(event.what is What.CALM for event in history.events)
        tell(
            f"{time.monotonic() - began:4.0f} s: {len(asked)} questions, {wrote} messages, "
            f"{faults} faults{', settling' if calm else ''}"
        )

"""What is done to the fleet: one act after the other at random moments, several at a time.

An act has its processes to itself while it lasts and leaves them running at its end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from itertools import count
from random import Random
from typing import assert_never

import httpx2

from faults.fleet import Fleet, Slot, free
from faults.history import Component, History, What
from faults.plan import Act, Plan, choose, dice

PAUSE_SECONDS = (5.5, 8.0)
"""A lease lasts 5 s, a listener's slot 3 s."""
UNHEARD_SECONDS = (2.0, 4.0)
REQUESTS = (
    ("POST", r"/channels/\d+/messages$"),
    ("POST", r"/threads$"),
    ("PATCH", r"/channels/"),
    ("GET", r"/messages"),
    ("GET", r"/threads"),
    ("PUT", r"/reactions/"),
    (".*", ""),
)
DISCONNECTIONS: tuple[tuple[str, Mapping[str, object]], ...] = (
    ("disconnect", {"code": 4000}),
    ("disconnect", {"code": 4009}),
    ("cut", {}),
    ("reconnect", {}),
    ("invalidate", {"resumable": True}),
    ("invalidate", {"resumable": False}),
    ("refuse", {"times": 2}),
)


class Chaos:
    """Disturbs by the plan."""

    def __init__(self, plan: Plan, seed: int, fleet: Fleet, history: History) -> None:
        self._plan = plan
        self._fleet = fleet
        self._history = history
        self._seed = seed

    async def run(self) -> None:
        """Disturb for as long as the plan says, then bring everything up again."""
        by = dice(self._seed, "chaos")
        async with (
            httpx2.AsyncClient(base_url=f"{self._fleet.double_url}/_double", timeout=10) as double,
            asyncio.TaskGroup() as acts,
        ):
            try:
                async with asyncio.timeout(self._plan.seconds):
                    for number in count(1):
                        await asyncio.sleep(by.uniform(*self._plan.between_acts))
                        self._fleet.notice_ends()
                        if self._plan.acts:
                            own = dice(self._seed, "chaos", number)
                            act = choose(self._plan.acts, own)
                            acts.create_task(self._perform(act, own, double), name=act)
            except TimeoutError:
                pass
        async with httpx2.AsyncClient() as double:
            await double.delete(f"{self._fleet.double_url}/_double/faults")
        self._fleet.notice_ends()

    async def _perform(  # noqa: C901, PLR0912 (one case for each act)
        self, act: Act, by: Random, double: httpx2.AsyncClient
    ) -> None:
        fleet = self._fleet
        away = by.uniform(*self._plan.down_seconds)
        match act:
            case Act.KILL_GATEWAY:
                await self._kill(fleet.gateways, by, away)
            case Act.KILL_WORKER:
                await self._kill(fleet.workers, by, away)
            case Act.KILL_ALL_WORKERS:
                await self._kill_all_workers(by.uniform(*UNHEARD_SECONDS))
            case Act.KILL_REDIS:
                await fleet.kill_redis(away)
            case Act.BLACKOUT:
                async with asyncio.TaskGroup() as group:
                    group.create_task(fleet.kill_redis(away))
                    group.create_task(self._kill(fleet.gateways, by, away))
                    group.create_task(self._kill(fleet.workers, by, away))
            case Act.STOP_GATEWAY:
                await self._stop(fleet.gateways, by)
            case Act.STOP_WORKER:
                await self._stop(fleet.workers, by)
            case Act.PAUSE_WORKER:
                if slot := _any(fleet.workers, by):
                    async with slot.lock:
                        await fleet.pause(slot, by.uniform(*PAUSE_SECONDS))
            case Act.CRASH_GATEWAY:
                await self._crash(fleet.gateways, self._plan.gateway_crash_points, by, away)
            case Act.CRASH_WORKER:
                await self._crash(fleet.workers, self._plan.worker_crash_points, by, away)
            case Act.KILL_AGENT:
                await self._kill(fleet.agents, by, away)
            case Act.STOP_AGENT:
                await self._stop(fleet.agents, by)
            case Act.CRASH_AGENT:
                await self._crash(fleet.agents, self._plan.agent_crash_points, by, away)
            case Act.CUT_REDIS:
                await fleet.cut_redis()
            case Act.DISCORD_FAILS:
                own = self._plan.discord_faults
                fault = by.choice(own) if own else _any_fault(by)
                self._note_discord(str(fault["kind"]), fault)
                (await double.post("/faults", json=fault)).raise_for_status()
            case Act.DISCORD_DISCONNECTS:
                how, body = by.choice(DISCONNECTIONS)
                self._note_discord(f"gateway {how}", body)
                (await double.post(f"/gateway/{how}", json=body)).raise_for_status()
            case _:
                assert_never(act)

    async def _kill(self, slots: list[Slot], by: Random, away: float) -> None:
        if slot := _any(slots, by):
            async with slot.lock:
                await self._fleet.kill(slot)
                await asyncio.sleep(away)
                await self._fleet.restart(slot)

    async def _stop(self, slots: list[Slot], by: Random) -> None:
        if slot := _any(slots, by):
            async with slot.lock:
                await self._fleet.stop(slot)
                await self._fleet.restart(slot)

    async def _crash(
        self, slots: list[Slot], points: tuple[str, ...], by: Random, away: float
    ) -> None:
        if slot := _any(slots, by):
            async with slot.lock:
                await self._fleet.crash(slot, by.choice(points))
                await asyncio.sleep(away)
                await self._fleet.restart(slot)

    async def _kill_all_workers(self, away: float) -> None:
        """Leave a while in which people write and nobody hears it."""
        workers = self._fleet.workers
        for slot in workers:
            await slot.lock.acquire()
        try:
            for slot in workers:
                await self._fleet.kill(slot)
            self._fleet.nobody_listens.set()
            await asyncio.sleep(away)
            self._fleet.nobody_listens.clear()
            await asyncio.gather(*(self._fleet.restart(slot) for slot in workers))
        finally:
            for slot in workers:
                slot.lock.release()

    def _note_discord(self, kind: str, about: Mapping[str, object]) -> None:
        others = {name: value for name, value in about.items() if name != "kind"}
        self._history.note(What.FAULT, component=Component.DISCORD, kind=kind, **others)


def _any(slots: list[Slot], by: Random) -> Slot | None:
    """Choose among those that no other act has."""
    found = free(slots)
    return by.choice(found) if found else None


def _any_fault(by: Random) -> dict[str, object]:
    """Throw for a fault of Discord's REST API."""
    method, path = by.choice(REQUESTS)
    fault: dict[str, object] = {"method": method, "path": path, "times": by.randint(1, 3)}
    match by.randrange(6):
        case 0 | 1:
            status = by.choice((500, 502, 503, 503, 504))
            return {**fault, "kind": "fail", "status": status, "after_effect": by.random() < 0.5}
        case 2:
            return {**fault, "kind": "drop", "after_effect": by.random() < 0.5}
        case 3:
            seconds = round(by.uniform(0.5, 6.0), 1)
            return {
                **fault,
                "kind": "slow",
                "seconds": seconds,
                "after_effect": by.random() < 0.5,
            }
        case 4:
            seconds = round(by.uniform(0.3, 2.0), 1)
            return {
                **fault,
                "kind": "rate_limit",
                "seconds": seconds,
                "is_global": by.random() < 0.3,
            }
        case _:
            # Without Via it is what Cloudflare sends to an address that it has shut out.
            return {**fault, "kind": "rate_limit", "seconds": 1.0, "via": False, "times": 1}

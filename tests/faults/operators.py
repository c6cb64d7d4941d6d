"""People in Discord: two operators and one who may not answer.

They see what people see, the messages and threads of a channel, and write in the threads. Every
answer names the question's token and is unlike any other, so that a wrong one is recognised.
"""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

import httpx2

from faults.fleet import Fleet
from faults.history import History, What
from faults.plan import Answering, Plan, choose, dice

TOKEN = re.compile(r"\bQ\d+x\d+\b")
_DEADLINE = re.compile(r"<t:(\d+):R>")
LOOK_SECONDS = 0.15
PATIENCE = 12.0
"""Nobody is silent or waits where there is more time than this, or nothing would ever end."""
_PATIENT = frozenset({Answering.NEVER, Answering.LATE, Answering.LAST_MOMENT})
MAYA, NOOR, MALLORY = "Maya", "Noor", "Mallory"


@dataclass(frozen=True, slots=True)
class _Seen:
    """A question as people see it."""

    thread: str
    token: str
    deadline: float

    @property
    def left(self) -> float:
        """How many seconds there are still to answer."""
        return max(0.0, self.deadline - time.time())


def _look_at(starter: dict[str, Any]) -> _Seen:
    """Read the message that a thread was made from."""
    embed: dict[str, Any] = starter["embeds"][0]
    token = TOKEN.search(embed["description"])
    deadline = _DEADLINE.search("".join(field["value"] for field in embed["fields"]))
    assert token is not None, embed
    assert deadline is not None, embed
    return _Seen(starter["id"], token[0], float(deadline[1]))


class Operators:
    """Treats every question that appears."""

    def __init__(self, plan: Plan, seed: int, fleet: Fleet, history: History) -> None:
        self._plan = plan
        self._seed = seed
        self._fleet = fleet
        self._history = history
        self._answers = count(1)
        self._client = httpx2.AsyncClient(base_url=f"{fleet.double_url}/_double", timeout=10)

    async def run(self) -> None:
        """Look for new threads and treat each; ends only by being cancelled."""
        seen, starters = 0, dict[str, dict[str, Any]]()
        async with self._client, asyncio.TaskGroup() as group:
            while True:
                wanted = {"after": seen, "name": "^(MESSAGE|THREAD)_CREATE$"}
                events = (await self._client.get("/history", params=wanted)).json()
                for event in events:
                    seen = event["number"]
                    data: dict[str, Any] = event["data"]
                    if event["name"] == "MESSAGE_CREATE" and data.get("embeds"):
                        starters[data["id"]] = data
                    elif event["name"] == "THREAD_CREATE" and data["id"] in starters:
                        group.create_task(self._treat(_look_at(starters[data["id"]])))
                await asyncio.sleep(LOOK_SECONDS)

    async def _treat(self, seen: _Seen) -> None:  # noqa: C901 (one case for each manner)
        """Do what is to be done about one question."""
        by = dice(self._seed, "operators", seen.token)
        manner = choose(self._plan.answering, by)
        somebody = by.choice((MAYA, NOOR))
        if manner in _PATIENT and seen.left > PATIENCE:
            manner = Answering.PROMPT
        if manner not in {Answering.UNHEARD, Answering.LAST_MOMENT}:
            await asyncio.sleep(by.uniform(*self._plan.thinking))
        match manner:
            case Answering.PROMPT:
                await self._write(somebody, seen)
            case Answering.TWO_AT_ONCE:
                await asyncio.gather(self._write(MAYA, seen), self._write(NOOR, seen))
            case Answering.INTRUDER_FIRST:
                await self._write(MALLORY, seen)
                await asyncio.sleep(by.uniform(0.0, 0.8))
                await self._write(somebody, seen)
            case Answering.IN_SUCCESSION:
                for _ in range(3):
                    await self._write(somebody, seen)
                    await asyncio.sleep(by.choice((0.0, 0.3)))
            case Answering.EDITED:
                written = await self._write(somebody, seen)
                await asyncio.sleep(by.uniform(*self._plan.rereading))
                await self._edit(somebody, seen, written)
            case Answering.UNHEARD:
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(seen.left - 1.5, PATIENCE)):
                        await self._fleet.nobody_listens.wait()
                await self._write(somebody, seen)
            case Answering.LAST_MOMENT:
                await asyncio.sleep(seen.left - by.uniform(0.05, 0.8))
                await self._write(somebody, seen)
            case Answering.NEVER:
                return
            case Answering.LATE:
                await asyncio.sleep(seen.left + by.uniform(0.5, 4.0))
                await self._write(somebody, seen)

    async def _write(self, name: str, seen: _Seen) -> str | None:
        """Write an answer that is like no other; its message's id, or None if it was refused."""
        text = f"{name} on {seen.token}: yes, answer {next(self._answers)}"
        message = await self._act(name, "write", {"channel_id": seen.thread, "content": text})
        if message is None:
            return None
        self._history.note(
            What.WROTE,
            token=seen.token,
            thread=seen.thread,
            message=message["id"],
            author=message["author"]["id"],
            name=name,
            written=datetime.fromisoformat(message["timestamp"]).timestamp(),
            text=text,
        )
        return str(message["id"])

    async def _edit(self, name: str, seen: _Seen, message_id: str | None) -> None:
        text = f"{name} on {seen.token}: yes, corrected {next(self._answers)}"
        change = {"message_id": message_id, "content": text}
        if message_id is None or (message := await self._act(name, "edit", change)) is None:
            return
        edited = datetime.fromisoformat(message["edited_timestamp"]).timestamp()
        self._history.note(
            What.EDITED, token=seen.token, message=message_id, edited=edited, text=text
        )

    async def _act(self, name: str, act: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """Do something in Discord; None where Discord refuses it."""
        answer = await self._client.post(f"/people/{name}/{act}", json=body)
        return answer.json() if answer.is_success else None

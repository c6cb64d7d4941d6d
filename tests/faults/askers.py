"""Clients of the gateways, which ask without pause and never lose patience.

A client keeps on with each question until it has its outcome: after an error it asks again with
the same idempotency key, or with `check_answer` once it knows the id, of any gateway. What it
called and what came back goes into the history.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any, Protocol, cast

from mcp import Client

from faults.fleet import Fleet
from faults.history import History, What
from faults.plan import DROPS, KEEPS, Asking, Plan, choose, dice

PENDING = "pending"
CALL_MARGIN = 10.0
"""How much longer than its `wait_seconds` a call may take before its client hangs up."""


class Asker(Protocol):
    """Whoever asks questions: an MCP client here; an agent with a customer would be another."""

    async def run(self) -> None:
        """Ask until the campaign is calm, then end when every question has its outcome."""
        ...


@dataclass(frozen=True, slots=True)
class Reading:
    """What came back from a call that worked."""

    id: str
    status: str


class Caller:
    """Makes calls, each over a connection of its own, and writes each into the history."""

    _numbers = count(1)

    def __init__(self, name: str, fleet: Fleet, history: History) -> None:
        self._name = name
        self._fleet = fleet
        self._history = history

    async def call(
        self, gateway: int, tool: str, token: str, arguments: dict[str, Any]
    ) -> Reading | None:
        """Call a tool about one question; None where it failed."""
        number, content = await self._made(
            gateway, tool, token, arguments, known=arguments.get("escalation_id")
        )
        if content is None:
            return None
        self._history.note(
            What.RETURNED,
            call=number,
            id=content["escalation_id"],
            status=content["status"],
            answer=content["answer"],
            late_answer=content["late_answer"],
        )
        return Reading(content["escalation_id"], content["status"])

    async def hang_up(self, gateway: int, token: str, conversation: str, known: str) -> bool:
        """End the conversation in which the known question is open; False where that failed."""
        number, content = await self._made(
            gateway, "end_conversation", token, {"conversation_id": conversation}, known=known
        )
        if content is None:
            return False
        became = {each["escalation_id"]: each["became"] for each in content["questions"]}
        self._history.note(What.LET_GO, call=number, became=became)
        return True

    async def _made(
        self, gateway: int, tool: str, token: str, arguments: dict[str, Any], *, known: str | None
    ) -> tuple[int, dict[str, Any] | None]:
        """Make a call; give its number, and what came back unless it failed."""
        number = next(self._numbers)
        self._history.note(
            What.CALLED,
            call=number,
            asker=self._name,
            tool=tool,
            token=token,
            gateway=gateway,
            key=arguments.get("idempotency_key"),
            id=known,
        )
        limit = arguments.get("wait_seconds", 0.0) + CALL_MARGIN
        try:
            async with asyncio.timeout(limit), Client(self._fleet.gateway_url(gateway)) as client:
                result = await client.call_tool(tool, arguments)
        except Exception as error:  # noqa: BLE001 (a gateway that dies shows itself in many ways)
            self._history.note(What.FAILED, call=number, error=_name(error))
            return number, None
        content = result.structured_content
        if result.is_error or content is None:
            words = "".join(getattr(part, "text", "") for part in result.content)
            self._history.note(What.FAILED, call=number, error=words)
            return number, None
        return number, content


class McpAsker:
    """One client, with one question at a time."""

    def __init__(
        self,
        number: int,
        plan: Plan,
        seed: int,
        fleet: Fleet,
        history: History,
        calm: asyncio.Event,
    ) -> None:
        self._name = f"asker-{number}"
        self._number = number
        self._plan = plan
        self._seed = seed
        self._calm = calm
        self._caller = Caller(self._name, fleet, history)

    async def run(self) -> None:
        """See `Asker.run`."""
        for number in count(1):
            if self._calm.is_set():
                return
            token = f"Q{self._number}x{number}"
            by = dice(self._seed, "asker", token)
            await self._follow(token, by)
            await asyncio.sleep(by.uniform(0.0, 0.6))

    async def _follow(self, token: str, by: Random) -> None:
        """Ask one question and keep on until it has ended."""
        manner = choose(self._plan.asking, by)
        gateway = by.randrange(len(self._plan.timeouts))
        hangs_up = manner is Asking.HANGS_UP
        question = {
            "route": by.choice((KEEPS, DROPS)) if hangs_up else KEEPS,
            "question": f"May customer {token} have 10 % off?",
            "conversation_id": self._name,
            "idempotency_key": f"key-{token}",
        }
        reading: Reading | None = None
        cancel_after = by.randint(1, 3) if manner is Asking.CANCELS else None
        while reading is None or reading.status == PENDING:
            waits = 10.0 if manner is Asking.PATIENT else by.choice((0.0, 0.3, 1.0, 2.0))
            waits = 0.0 if hangs_up else waits  # before anybody has answered
            known = reading.id if reading else None
            if known is not None and cancel_after == 0:
                cancelling = {"escalation_id": known, "reason": "no longer wanted"}
                came = await self._caller.call(gateway, "cancel_question", token, cancelling)
            elif known is not None and (manner is Asking.BRIEF or by.random() < 0.5):
                checking = {"escalation_id": known, "wait_seconds": waits}
                came = await self._caller.call(gateway, "check_answer", token, checking)
            else:
                asking = {**question, "wait_seconds": waits}
                came = await self._caller.call(gateway, "ask_human", token, asking)
            reading = came or reading
            if cancel_after:
                cancel_after -= 1
            if came is None:
                await asyncio.sleep(by.uniform(0.05, 0.4))
            elif hangs_up:
                await self._be_away(token, came.id, by)
                hangs_up = False
            elif came.status == PENDING and waits == 0.0:
                await asyncio.sleep(by.uniform(0.1, 0.4))
            gateway = by.randrange(len(self._plan.timeouts))
        if manner is Asking.ASKS_AGAIN:
            for other in range(len(self._plan.timeouts)):
                again = {**question, "wait_seconds": 0.0}
                await self._caller.call(other, "ask_human", token, again)

    async def _be_away(self, token: str, known: str, by: Random) -> None:
        """End the conversation, however often that takes, and come back after a while."""
        gateways = len(self._plan.timeouts)
        while not await self._caller.hang_up(by.randrange(gateways), token, self._name, known):
            await asyncio.sleep(by.uniform(0.05, 0.4))
        # Or longer than people think: then the answer comes while nobody waits for it.
        await asyncio.sleep(by.choice((0.0, 0.5, 2.5)))


def _name(error: BaseException) -> str:
    """Name an error by what it is inside: the client wraps it in groups."""
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        return _name(group.exceptions[0])
    return type(error).__name__

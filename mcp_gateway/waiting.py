"""Waiting for an answer, for as long as it is safe.

A wait that ends without an outcome is no failure: the question goes on, and the next call takes up
the wait again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from mcp_gateway.caller import Caller
from mcp_gateway.standing import Standing
from shared.crash_points import CrashPoint, crash_point
from shared.errors import StoreUnavailableError
from shared.escalation import Escalation, Outcome, Remark, State
from shared.ports.waiting import Reply, ReplyWaiter
from shared.shares import Shares
from shared.telemetry import get_logger

log = get_logger(__name__)

PROGRESS_SECONDS: Final = 5.0
HOLDS_FOR_A_QUESTION: Final = 2
"""How many calls of an agent are held here, for each question that it may have open: one that broke
off may not be noticed before the next one waits."""

OnProgress = Callable[[float, float], Awaitable[None]]
"""Told now and then how many seconds have passed, and of how many."""


@dataclass(frozen=True, slots=True)
class Hold:
    """How long a call may be held. `seconds=None`: until the question has ended."""

    seconds: float | None
    on_progress: OnProgress | None = None


def most_held(caller: Caller) -> int:
    """Tell how many calls of an agent may be held at one gateway."""
    return HOLDS_FOR_A_QUESTION * caller.limits.open_questions


class Waiting:
    """The calls that are held at this gateway."""

    def __init__(self, waiter: ReplyWaiter, standing: Standing) -> None:
        self._waiter = waiter
        self._standing = standing
        self._held = Shares()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Let every held call return what it knows; new ones are not held."""
        self._stopping.set()

    async def until_stopping(self) -> None:
        """Return once held calls are let go of."""
        await self._stopping.wait()

    async def wait(self, caller: Caller, escalation: Escalation, hold: Hold) -> Escalation:
        """Wait, unless as many of its agent's calls are held here as may be.

        Each takes a connection and some memory: without a bound one agent could have all of them.
        A call that is not held comes back at once with the truth, as after any wait.
        """
        with self._held.take(caller.identity, most=most_held(caller)) as room:
            return await self._wait_on(escalation, hold if room else Hold(0.0))

    async def _wait_on(self, escalation: Escalation, hold: Hold) -> Escalation:
        if not escalation.state.is_open:
            return await self._standing.handed_over(escalation)
        if escalation.state is State.NEEDS_INFO:
            hold = Hold(0.0)  # it waits for the agent, not for people
        # A second more, because waits and deadlines go by different clocks.
        until_ended = self._standing.until_ended(escalation).total_seconds() + 1.0
        seconds = until_ended if hold.seconds is None else min(hold.seconds, until_ended)
        started, reply = time.monotonic(), None
        while (left := started + seconds - time.monotonic()) > 0 and not self._stopping.is_set():
            step = min(left, PROGRESS_SECONDS) if hold.on_progress else left
            if (reply := await self._reply_within(escalation.id, step)) is not None:
                crash_point(CrashPoint.REPLY_READ_BEFORE_RESPONSE)
                break
            if hold.on_progress is not None and step < left:
                await hold.on_progress(time.monotonic() - started, seconds)
        try:
            return await self._standing.handed_over(await self._standing.as_it_is(escalation))
        except StoreUnavailableError as error:
            # It is accepted: its caller must get the id, and the outcome if that can't change.
            log.warning("question_unread", escalation_id=escalation.id, reason=str(error))
            return _with(escalation, reply)

    async def _reply_within(self, escalation_id: str, seconds: float) -> Reply | None:
        """Wait for what ends the wait, or until this process is told to stop."""
        waiting = asyncio.ensure_future(self._waiter.wait(escalation_id, seconds=seconds))
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            return waiting.result() if waiting.done() else None
        finally:
            waiting.cancel()
            stopping.cancel()
            await asyncio.gather(waiting, stopping, return_exceptions=True)


def _with(escalation: Escalation, reply: Reply | None) -> Escalation:
    """Put what ended a wait into a record that can't be read again now."""
    match reply:
        case Outcome() if reply.correctable_until is not None:
            return escalation  # it was not handed over, so the next to ask may read another text
        case Outcome():
            return escalation.model_copy(update={"state": reply.state, "outcome": reply})
        case Remark():
            remarks = (*escalation.remarks, reply)
            return escalation.model_copy(update={"state": State.NEEDS_INFO, "remarks": remarks})
        case None:
            return escalation

"""The open questions of one conversation: each waits in the background until it is settled.

`ask` returns at once. A task for each question, owned by the task group that this object is while
it is entered, waits at the gateway and attaches itself again through every restart of it, with
the question's own idempotency key. What comes of it goes to `on_outcome`.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self

from customer_agent.gateway_client import (
    Gateway,
    GatewayError,
    GatewayRefusedKeyError,
    GatewayRejectedError,
    GatewayUnreachableError,
    ListedQuestion,
    Standing,
    Status,
)
from customer_agent.outcomes import Ending, Outcome
from customer_agent.patience import Patience
from shared.telemetry import get_logger

_log = get_logger(__name__)

_HANG_UP_SECONDS: Final = 3.0
_BRISK_SECONDS: Final = 1.0
"""A held call that comes back sooner than this, still open, is not asked again before it."""


@dataclass(slots=True)
class _Open:
    """A question that nobody has settled yet."""

    ticket: str
    question: str
    context: str | None = None
    escalation_id: str | None = None
    resumed: bool = False
    task: asyncio.Task[None] | None = field(default=None, repr=False)


class TooManyQuestionsError(Exception):
    """This conversation has as many open questions as people can be bothered with."""


class ConversationEndedError(Exception):
    """The customer is gone, so nothing is asked any more."""


class OpenQuestions:
    """Asks, waits, and reports. Enter it before asking; leaving it ends all waiting."""

    def __init__(
        self,
        gateway: Gateway,
        *,
        conversation_id: str,
        on_outcome: Callable[[Outcome], None],
        on_change: Callable[[int], None],
        patience: Patience,
        most: int = 10,
    ) -> None:
        self._gateway = gateway
        self._conversation_id = conversation_id
        self._on_outcome = on_outcome
        self._on_change = on_change
        self._patience = patience
        self._most = most
        self._open: dict[str, _Open] = {}
        self._tasks = asyncio.TaskGroup()
        self._ended = False
        self._outage_since: float | None = None
        self._outage_told = False
        # What was open before us must be known before we ask anything ourselves: a question of
        # our own would otherwise be taken for one that an earlier agent left.
        self._resumed = asyncio.Event()
        self._resuming: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._open)

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        self._resuming = self._tasks.create_task(self._resume(), name="resume-questions")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended = True
        self._stop_waiting()
        await self._tasks.__aexit__(kind, error, trace)

    def ask(self, question: str, context: str | None) -> str:
        """Ask a person, and return the ticket at once. An open question is not asked twice.

        Raises:
            TooManyQuestionsError: Too many are open already.
            ConversationEndedError: The customer is gone.
        """
        if self._ended:
            raise ConversationEndedError
        for known in self._open.values():
            if known.question.casefold() == question.casefold():
                return known.ticket
        if len(self._open) >= self._most:
            raise TooManyQuestionsError
        entry = _Open(f"Q-{secrets.token_hex(4).upper()}", question, context)
        self._follow(entry)
        return entry.ticket

    async def hang_up(self, *, cancel: bool) -> None:
        """Stop waiting because the customer is gone, and take the questions back if wanted.

        Takes a few seconds at most; what could not be taken back runs into its deadline.
        """
        self._ended = True
        left = [each.escalation_id for each in self._open.values() if each.escalation_id]
        count = len(self._open)
        self._stop_waiting()
        if not cancel or not count:
            _log.info("questions_left", conversation_id=self._conversation_id, open_questions=count)
            return
        try:
            async with asyncio.timeout(_HANG_UP_SECONDS):
                # A question may have been accepted although its id never reached us.
                listed = await self._gateway.list_questions(self._conversation_id)
                also = [each.escalation_id for each in listed if each.status.is_open]
                for escalation_id in dict.fromkeys([*left, *also]):
                    await self._gateway.cancel(escalation_id, reason="The customer has left.")
        except (GatewayError, TimeoutError) as error:
            _log.warning(
                "questions_not_cancelled",
                conversation_id=self._conversation_id,
                problem=str(error) or "timed out",
            )
            return
        _log.info("questions_cancelled", conversation_id=self._conversation_id, count=count)

    def _stop_waiting(self) -> None:
        for task in (self._resuming, *(entry.task for entry in self._open.values())):
            if task is not None:
                task.cancel()
        self._open.clear()

    def _follow(self, entry: _Open) -> None:
        self._open[entry.ticket] = entry
        entry.task = self._tasks.create_task(self._wait_for(entry), name=f"wait-{entry.ticket}")
        self._on_change(len(self._open))

    async def _wait_for(self, entry: _Open) -> None:
        """Wait until the question is settled, and report it."""
        try:
            outcome = await self._settle(entry)
        except GatewayRejectedError as error:
            outcome = Outcome(Ending.UNDELIVERABLE, entry.ticket, entry.question, reason=str(error))
        self._open.pop(entry.ticket, None)
        _log.info(
            "question_settled",
            ticket=entry.ticket,
            escalation_id=entry.escalation_id,
            ending=outcome.ending,
        )
        self._on_outcome(outcome)
        self._on_change(len(self._open))

    async def _settle(self, entry: _Open) -> Outcome:
        loop, attempt = asyncio.get_running_loop(), 0
        await self._resumed.wait()
        # The first call holds nothing, so that the id is known before anything can go wrong.
        hold = 0.0
        while True:
            began = loop.time()
            try:
                standing = await self._look(entry, hold)
            except GatewayUnreachableError as error:
                await asyncio.sleep(self._note_outage(error, attempt, entry))
                attempt += 1
                continue
            attempt = 0
            self._note_recovery()
            if entry.escalation_id is None:
                _log.info(
                    "question_asked", ticket=entry.ticket, escalation_id=standing.escalation_id
                )
                entry.escalation_id = standing.escalation_id
            if (outcome := _outcome_of(standing, entry)) is not None:
                return outcome
            if hold and (early := _BRISK_SECONDS - (loop.time() - began)) > 0:
                await asyncio.sleep(early)
            hold = self._patience.hold

    async def _look(self, entry: _Open, hold: float) -> Standing:
        if entry.resumed and entry.escalation_id is not None:
            return await self._gateway.check(entry.escalation_id, wait_seconds=hold)
        return await self._gateway.ask(
            entry.question,
            context=entry.context,
            conversation_id=self._conversation_id,
            idempotency_key=f"{self._conversation_id}:{entry.ticket}",
            wait_seconds=hold,
        )

    async def _resume(self) -> None:
        """Find what an earlier agent of this conversation left: open, or settled and untold."""
        attempt = 0
        while not self._ended:
            try:
                listed = await self._gateway.list_questions(self._conversation_id)
            except GatewayRejectedError as error:
                _log.warning("questions_not_resumed", problem=str(error))
                break
            except GatewayUnreachableError as error:
                await asyncio.sleep(self._note_outage(error, attempt, None))
                attempt += 1
                continue
            self._note_recovery()
            for each in sorted(listed, key=lambda one: one.asked_at):
                if each.status.is_open or self._is_worth_telling(each):
                    _log.info("question_resumed", escalation_id=each.escalation_id)
                    self._follow(_resumed(each))
            break
        self._resumed.set()

    def _is_worth_telling(self, listed: ListedQuestion) -> bool:
        fresh = datetime.now(UTC) - listed.asked_at < self._patience.resume
        return fresh and listed.status is not Status.CANCELLED

    def _note_outage(
        self, error: GatewayUnreachableError, attempt: int, entry: _Open | None
    ) -> float:
        """Log an outage once, tell the customer once when it lasts; seconds to the next try."""
        now = asyncio.get_running_loop().time()
        if self._outage_since is None:
            self._outage_since = now
            _log.warning("gateway_unreachable", problem=str(error))
        waited = now - self._outage_since
        if entry and not self._outage_told and waited >= self._patience.unreachable:
            self._outage_told = True
            self._on_outcome(Outcome(Ending.UNREACHABLE, entry.ticket, entry.question))
        if isinstance(error, GatewayRefusedKeyError):
            return self._patience.refused_retry
        return self._patience.retry_after(attempt)

    def _note_recovery(self) -> None:
        if self._outage_since is not None:
            _log.info("gateway_reachable_again")
        self._outage_since, self._outage_told = None, False


def _resumed(listed: ListedQuestion) -> _Open:
    return _Open(
        ticket=f"Q-{listed.escalation_id[-8:].upper()}",
        question=listed.question,
        escalation_id=listed.escalation_id,
        resumed=True,
    )


_ENDINGS: Final = {
    Status.ANSWERED: Ending.ANSWERED,
    Status.DECLINED: Ending.DECLINED,
    Status.TIMED_OUT: Ending.TIMED_OUT,
    Status.CANCELLED: Ending.CANCELLED,
    Status.UNDELIVERABLE: Ending.UNDELIVERABLE,
}


def _outcome_of(standing: Standing, entry: _Open) -> Outcome | None:
    """Read a settled standing; None while it is open."""
    ending = _ENDINGS.get(standing.status)
    if ending is None:
        return None
    return Outcome(
        ending,
        entry.ticket,
        entry.question,
        # Only an answered question has an answer, whatever else a fallback may have filled in.
        answer=standing.answer if ending is Ending.ANSWERED else None,
        answered_by=standing.answered_by.name if standing.answered_by else None,
        reason=standing.reason,
    )

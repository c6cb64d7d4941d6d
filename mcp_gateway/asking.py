"""The use-case: ask, wait while it is safe, come back with the truth.

Knows nothing of MCP. A wait that ends without an outcome is no failure: the question goes on,
and the same call, or `check`, takes up the wait again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from mcp_gateway.caller import Caller
from mcp_gateway.conversations import MOST, LetGo, let_go, taken_up
from mcp_gateway.images import read_images
from mcp_gateway.terms import Terms
from shared.crash_points import CrashPoint, crash_point
from shared.errors import (
    EndedError,
    NothingToDeliverError,
    StoreUnavailableError,
    TooManyAtOnceError,
    TooManyRemarksError,
    UnknownEscalationError,
    UsedKeyError,
)
from shared.escalation import (
    REMARKS_LIMIT,
    Ask,
    Author,
    Escalation,
    News,
    Outcome,
    Provenance,
    Remark,
    State,
)
from shared.expiry import ABANDONED, expired
from shared.made_keys import is_made
from shared.ports.answer_files import AnswerFiles
from shared.ports.clock import Clock, utc_now
from shared.ports.discussion import Discussion
from shared.ports.escalations import EscalationStore
from shared.ports.waiting import Reply, ReplyWaiter
from shared.question import Question
from shared.routes.route import CallerGone
from shared.routes_in_force import InForce
from shared.shares import Lines, Shares
from shared.telemetry import get_logger
from shared.texts import digest

log = get_logger(__name__)

PROGRESS_SECONDS: Final = 5.0
LISTED: Final = 100
"""Questions in one listing."""
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


def _every_one(_: Escalation) -> bool:
    """Want them all."""
    return True


class Asking:
    """What an agent can do with questions. Every method sees only its tenant's own."""

    def __init__(
        self,
        store: EscalationStore,
        waiter: ReplyWaiter,
        discussion: Discussion,
        *,
        terms: InForce[Terms],
        retention: timedelta,
        files: AnswerFiles | None = None,
        grace: timedelta = ABANDONED,
        clock: Clock = utc_now,
    ) -> None:
        self._store = store
        self._waiter = waiter
        self._discussion = discussion
        self.terms = terms
        self._retention = retention
        self._files = files
        self._grace = grace
        self._clock = clock
        self._held = Shares()
        self._listing = Lines()
        self._stopping = asyncio.Event()

    def stop_waiting(self) -> None:
        """Let every held call return what it knows; new ones are not held."""
        self._stopping.set()

    async def until_stopping(self) -> None:
        """Return once held calls are let go of."""
        await self._stopping.wait()

    async def ask(
        self, caller: Caller, question: Question, *, idempotency_key: str | None, hold: Hold
    ) -> Escalation:
        """Ask a person, and wait for the answer as long as `hold` says.

        Raises:
            TooManyOpenError: The agent has as many open questions as it may.
            UsedKeyError: The key belongs to something else, and one of both is an approval.
            StoreUnavailableError: Nothing was accepted.
            StoreUncertainError: It may have been accepted; asking again joins it.
        """
        crash_point(CrashPoint.ASK_BEFORE_ACCEPTED)
        accepted = await self._store.accept(
            Ask(
                agent=caller.agent,
                tenant=caller.tenant,
                open_limit=caller.limits.open_questions,
                question=question,
                idempotency_key=idempotency_key,
                joins=is_made(idempotency_key),
                timeout=self.terms.of(question.route).timeout,
                retention=self._retention,
            )
        )
        crash_point(CrashPoint.ASK_AFTER_ACCEPTED)
        # Models make up keys like "refund", and a yes to one refund is none to the next.
        if not accepted.escalation.question.may_share_an_answer(question):
            raise UsedKeyError(accepted.escalation.id)
        escalation = await taken_up(self._store, accepted.escalation)
        log.info(
            "question_joined" if accepted.joined else "question_accepted",
            escalation_id=escalation.id,
            agent=caller.agent,
            route=question.route,
        )
        return await self._wait(caller, escalation, hold)

    async def check(self, caller: Caller, escalation_id: str, *, hold: Hold) -> Escalation:
        """Take up the wait again.

        Raises:
            UnknownEscalationError: Not kept, or another tenant's.
        """
        escalation = await taken_up(self._store, await self._own(caller, escalation_id))
        return await self._wait(caller, escalation, hold)

    async def look(self, caller: Caller, escalation_id: str) -> Escalation:
        """Read how a question stands. To look at it is not yet to wait for it.

        Raises:
            UnknownEscalationError: Not kept, or another tenant's.
        """
        escalation = await self._ended_if_abandoned(await self._own(caller, escalation_id))
        return await self._handed_over(escalation)

    async def count_open(self, caller: Caller) -> int:
        """Count the open questions that the caller itself asked."""
        return await self._store.count_open(caller.tenant, caller.agent)

    async def cancel(self, caller: Caller, escalation_id: str, *, reason: str | None) -> Escalation:
        """Say that the answer is no longer wanted; an outcome that came first stands.

        Raises:
            UnknownEscalationError: Not kept, or another tenant's.
        """
        escalation = await self._own(caller, escalation_id)
        now = self._clock()
        concluded = await self._store.conclude(
            escalation_id,
            Outcome(
                state=State.CANCELLED,
                at=now,
                seconds=(now - escalation.created_at).total_seconds(),
                provenance=Provenance.AGENT,
                reason=reason,
            ),
        )
        if concluded is None:
            raise UnknownEscalationError(escalation_id)
        if concluded.applied:
            log.info("question_cancelled", escalation_id=escalation_id, agent=caller.agent)
        return await self._handed_over(concluded.escalation)

    async def end_conversation(
        self, caller: Caller, conversation_id: str, *, reason: str | None
    ) -> list[LetGo]:
        """Let go of the tenant's open questions of a conversation, as their routes say.

        Raises:
            StoreUncertainError: Perhaps of some only; see `conversations.let_go`.
        """

        def policy_of(question: Question) -> CallerGone:
            return self.terms.of(question.route).caller_gone

        return await let_go(
            self._store, policy_of, caller, conversation_id, reason=reason, clock=self._clock
        )

    async def tell_operator(
        self,
        caller: Caller,
        escalation_id: str,
        message: str,
        *,
        hold: Hold,
        source: str | None = None,
    ) -> Escalation:
        """Tell people something about an open question, and take up the wait again.

        The same message is told once, unless a person asked back in between; where it has a
        `source`, the first message of that is told.

        Raises:
            UnknownEscalationError: Not kept, or another tenant's.
            EndedError: The question has ended, so nobody waits for this.
            TooManyRemarksError: Enough has been said; people must decide.
        """
        escalation = await taken_up(self._store, await self._own(caller, escalation_id))
        asked_back = sum(each.author is Author.OPERATOR for each in escalation.remarks)
        remark = Remark(
            author=Author.AGENT,
            text=message,
            at=self._clock(),
            source=source or digest(f"{asked_back}:{message}"),
        )
        noted = await self._discussion.remark(escalation_id, remark)
        if noted is None:
            raise UnknownEscalationError(escalation_id)
        told = noted.escalation
        if not noted.applied and all(each.source != remark.source for each in told.remarks):
            if not told.state.is_open:
                raise EndedError(told.state)
            raise TooManyRemarksError(REMARKS_LIMIT)
        if noted.applied:
            log.info("operator_told", escalation_id=escalation_id, agent=caller.agent)
        return await self._wait(caller, told, hold)

    async def confirm_delivery(self, caller: Caller, escalation_id: str, news: News) -> Escalation:
        """Note that the customer knows the outcome, or the late answer. Safe to repeat.

        Raises:
            UnknownEscalationError: Not kept, or another tenant's.
            NothingToDeliverError: There is no such news.
        """
        escalation = await self._own(caller, escalation_id)
        if (escalation.outcome if news is News.OUTCOME else escalation.late_answer) is None:
            raise NothingToDeliverError(news)
        noted = await self._store.note_delivery(escalation_id, news)
        if noted is None:
            raise UnknownEscalationError(escalation_id)
        if noted.applied:
            log.info("news_delivered", escalation_id=escalation_id, agent=caller.agent, news=news)
        return await self._handed_over(noted.escalation)

    async def list_questions(
        self,
        caller: Caller,
        *,
        conversation_id: str | None,
        states: frozenset[State] | None,
        wanted: Callable[[Escalation], bool] = _every_one,
    ) -> list[Escalation]:
        """List the tenant's kept questions, newest first: at most `LISTED` that are `wanted`.

        An agent's listings are made one after the other, since each may read a thousand records:
        as many at once as it may call would leave no time for other agents.

        Raises:
            TooManyAtOnceError: As many stand in line as it may call at once.
        """
        line, most = (caller.tenant, caller.agent), caller.limits.burst
        async with self._listing.turn(line, most=most) as has_turn:
            if not has_turn:
                raise TooManyAtOnceError("listings", most)
            found = await self._store.list_for_tenant(
                caller.tenant, conversation_id=conversation_id, states=states, most=MOST
            )
            listed = [each for each in found if wanted(each)][:LISTED]
            # Likewise: an answer can be corrected for minutes, so few need more than a look.
            return [await self._handed_over(each) for each in listed]

    async def images(self, escalation: Escalation) -> Mapping[str, str]:
        """Give the images that came with an answer; see `read_images`."""
        return await read_images(self._files, escalation) if self._files else {}

    async def _own(self, caller: Caller, escalation_id: str) -> Escalation:
        escalation = await self._store.get(escalation_id)
        # Another tenant's question is as unknown as one that never was.
        if escalation is None or escalation.owner != caller.tenant:
            raise UnknownEscalationError(escalation_id)
        return escalation

    async def _wait(self, caller: Caller, escalation: Escalation, hold: Hold) -> Escalation:
        """Wait, unless as many of its agent's calls are held here as may be.

        Each takes a connection and some memory: without a bound one agent could have all of them.
        A call that is not held comes back at once with the truth, as after any wait.
        """
        most = HOLDS_FOR_A_QUESTION * caller.limits.open_questions
        with self._held.take((caller.tenant, caller.agent), most=most) as room:
            return await self._wait_on(escalation, hold if room else Hold(0.0))

    async def _wait_on(self, escalation: Escalation, hold: Hold) -> Escalation:
        if not escalation.state.is_open:
            return await self._handed_over(escalation)
        if escalation.state is State.NEEDS_INFO:
            hold = Hold(0.0)  # it waits for the agent, not for people
        # A second more, because waits and deadlines go by different clocks.
        until_ended = (escalation.deadline + self._grace - self._clock()).total_seconds() + 1.0
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
            return await self._handed_over(await self._as_it_stands(escalation))
        except StoreUnavailableError as error:
            # It is accepted: its caller must get the id, and the outcome if that can't change.
            log.warning("question_unread", escalation_id=escalation.id, reason=str(error))
            return _with(escalation, reply)

    async def _as_it_stands(self, escalation: Escalation) -> Escalation:
        """Read it again, and end it if no worker lives that would have."""
        return await self._ended_if_abandoned(await self._store.get(escalation.id) or escalation)

    async def _ended_if_abandoned(self, current: Escalation) -> Escalation:
        now = self._clock()
        if not current.state.is_open or now < current.deadline + self._grace:
            return current
        end = self.terms.of(current.question.route).end
        concluded = await self._store.conclude(current.id, expired(current, now, end))
        if concluded is None:
            return current
        if concluded.applied:
            log.warning(
                "question_ended_without_worker",
                escalation_id=current.id,
                state=concluded.escalation.state,
            )
        return concluded.escalation

    async def _handed_over(self, escalation: Escalation) -> Escalation:
        """Settle an answer before its agent reads it, so that whoever reads it reads the same.

        Only an answer that people may still correct needs it, each time that it is read: no other
        outcome ever changes.
        """
        if not escalation.is_to_be_handed_over:
            return escalation
        handed_over = await self._store.hand_over(escalation.id)
        crash_point(CrashPoint.ANSWER_HANDED_OVER)
        if handed_over is None:
            raise UnknownEscalationError(escalation.id)
        return handed_over

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

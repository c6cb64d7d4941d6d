"""The use-case: ask, wait while it is safe, come back with the truth.

Knows nothing of MCP. How it waits is in `waiting`, how a question stands in `standing`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from mcp_gateway.caller import Caller
from mcp_gateway.conversations import MOST, LetGo, let_go, taken_up
from mcp_gateway.images import read_images
from mcp_gateway.standing import Standing
from mcp_gateway.terms import Terms
from mcp_gateway.waiting import Hold, Waiting
from shared.crash_points import CrashPoint, crash_point
from shared.errors import (
    EndedError,
    NothingToDeliverError,
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
from shared.expiry import ABANDONED
from shared.made_keys import is_made
from shared.ports.answer_files import AnswerFiles
from shared.ports.clock import Clock, utc_now
from shared.ports.discussion import Discussion
from shared.ports.escalations import EscalationStore
from shared.ports.waiting import ReplyWaiter
from shared.question import Question
from shared.routes.route import CallerGone
from shared.routes_in_force import InForce
from shared.shares import Lines
from shared.telemetry import get_logger
from shared.texts import digest

log = get_logger(__name__)

LISTED: Final = 100
"""Questions in one listing."""


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
        self._discussion = discussion
        self.terms = terms
        self._retention = retention
        self._files = files
        self._clock = clock
        self._standing = Standing(store, terms, grace=grace, clock=clock)
        self._waiting = Waiting(waiter, self._standing)
        self._listing = Lines()

    def stop_waiting(self) -> None:
        """Let every held call return what it knows; new ones are not held."""
        self._waiting.stop()

    async def until_stopping(self) -> None:
        """Return once held calls are let go of."""
        await self._waiting.until_stopping()

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
        return await self._waiting.wait(caller, escalation, hold)

    async def check(self, caller: Caller, escalation_id: str, *, hold: Hold) -> Escalation:
        """Take up the wait again.

        Raises:
            UnknownEscalationError: Not kept, or another tenant's.
        """
        escalation = await taken_up(self._store, await self._own(caller, escalation_id))
        return await self._waiting.wait(caller, escalation, hold)

    async def look(self, caller: Caller, escalation_id: str) -> Escalation:
        """Read how a question stands. To look at it is not yet to wait for it.

        Raises:
            UnknownEscalationError: Not kept, or another tenant's.
        """
        escalation = await self._standing.ended_if_abandoned(await self._own(caller, escalation_id))
        return await self._standing.handed_over(escalation)

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
        return await self._standing.handed_over(concluded.escalation)

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
        return await self._waiting.wait(caller, told, hold)

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
        return await self._standing.handed_over(noted.escalation)

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
        most = caller.limits.burst
        async with self._listing.turn(caller.identity, most=most) as has_turn:
            if not has_turn:
                raise TooManyAtOnceError("listings", most)
            found = await self._store.list_for_tenant(
                caller.tenant, conversation_id=conversation_id, states=states, most=MOST
            )
            listed = [each for each in found if wanted(each)][:LISTED]
            # Likewise: an answer can be corrected for minutes, so few need more than a look.
            return [await self._standing.handed_over(each) for each in listed]

    async def images(self, escalation: Escalation) -> Mapping[str, str]:
        """Give the images that came with an answer; see `read_images`."""
        return await read_images(self._files, escalation) if self._files else {}

    async def _own(self, caller: Caller, escalation_id: str) -> Escalation:
        escalation = await self._store.get(escalation_id)
        # Another tenant's question is as unknown as one that never was.
        if escalation is None or escalation.owner != caller.tenant:
            raise UnknownEscalationError(escalation_id)
        return escalation

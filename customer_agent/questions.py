"""The open questions of one conversation: each waits in the background until it is settled.

`ask` returns at once. A task for each question, owned by the task group that this object is while
it is entered, waits at the gateway and attaches itself again through every restart of it, with
the question's own idempotency key. What comes of it goes to `on_outcome`.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self, assert_never

from customer_agent.afterwards import may_go_on, wait_for_more
from customer_agent.gateway_client import (
    TEXT_LIMIT,
    Gateway,
    GatewayRejectedError,
    GatewayUnreachableError,
    ListedQuestion,
    Standing,
    Status,
)
from customer_agent.letting_go import LettingGo
from customer_agent.open_question import OpenQuestion, outcome_of, resumed
from customer_agent.outage import Outage
from customer_agent.outcomes import Ending, Outcome
from customer_agent.patience import Patience
from customer_agent.refusals import (
    ConversationEndedError,
    NothingAskedError,
    TooManyQuestionsError,
)
from customer_agent.settings import OnHangup
from shared.background import Background
from shared.conversation import name_of_conversation
from shared.crash_points import CrashPoint, crash_point
from shared.telemetry import get_logger

_log = get_logger(__name__)

_HAND_OVER_SECONDS: Final = 3.0
_BRISK_SECONDS: Final = 1.0
"""A held call that comes back sooner than this, still open, is not asked again before it."""


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
        self._open: dict[str, OpenQuestion] = {}
        self._tasks = asyncio.TaskGroup()
        self._waits: set[asyncio.Task[None]] = set()
        self._ended = False
        self._outage = Outage(patience)
        # What was open before us must be known before we ask anything ourselves: a question of
        # our own would otherwise be taken for one that an earlier agent left.
        self._resumed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._open)

    @property
    def _waiting(self) -> int:
        """How many questions wait for colleagues, and not for the customer."""
        return sum(not each.asked_back for each in self._open.values())

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        self._start(self._resume(), "resume-questions")
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

    def ask(self, question: str, context: str | None, background: Background | None = None) -> str:
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
        entry = OpenQuestion(f"Q-{secrets.token_hex(4).upper()}", question, context, background)
        self._follow(entry)
        return entry.ticket

    def reply(self, ticket: str, text: str) -> str:
        """Have the customer's reply passed on to who asked back; return the ticket at once.

        Raises:
            NothingAskedError: Nobody waits for a reply, or it is not clear to which question.
        """
        waiting = [each for each in self._open.values() if each.asked_back]
        entry = next((each for each in waiting if each.ticket == ticket), None)
        if entry is None:
            # A model may have lost the ticket; where there is one question back, it is that one.
            if len(waiting) != 1:
                raise NothingAskedError
            entry = waiting[0]
        entry.reply(text)
        return entry.ticket

    async def hang_up(self, on_hangup: OnHangup) -> None:
        """Stop waiting because the customer is gone, or because another agent takes over (LEAVE).

        Takes a few seconds at most; what could not be let go of runs into its deadline. What is
        not taken back must have reached the gateway, or nobody would know of it.
        """
        self._ended = True
        if on_hangup is not OnHangup.CANCEL:
            await self._until_accepted()
        left = [each.escalation_id for each in self._open.values() if each.escalation_id]
        # What an earlier agent left may not be known to us yet.
        count, unknown = len(self._open), not self._resumed.is_set()
        self._stop_waiting()
        letting_go = LettingGo(self._gateway, self._conversation_id, self._patience)
        match on_hangup:
            case OnHangup.ROUTE if count or unknown:
                await letting_go.as_routes_say()
            case OnHangup.CANCEL if count or unknown:
                await letting_go.cancel(left)
            case OnHangup.ROUTE | OnHangup.CANCEL | OnHangup.LEAVE:
                _log.info(
                    "questions_left",
                    conversation=name_of_conversation(self._conversation_id),
                    open_questions=count,
                )
            case _:
                assert_never(on_hangup)

    async def _until_accepted(self) -> None:
        """Give the gateway a last chance to take what it has not taken yet."""
        untaken = [each for each in self._open.values() if each.escalation_id is None]
        try:
            async with asyncio.timeout(_HAND_OVER_SECONDS):
                for each in untaken:
                    await each.accepted.wait()
        except TimeoutError:
            lost = [each.ticket for each in untaken if each.escalation_id is None]
            _log.error(
                "questions_not_asked",
                conversation=name_of_conversation(self._conversation_id),
                tickets=lost,
            )

    def _stop_waiting(self) -> None:
        for task in self._waits:
            task.cancel()
        self._open.clear()

    def _start(self, wait: Coroutine[Any, Any, None], name: str) -> None:
        task = self._tasks.create_task(wait, name=name)
        self._waits.add(task)
        task.add_done_callback(self._waits.discard)

    def _follow(self, entry: OpenQuestion) -> None:
        self._open[entry.ticket] = entry
        self._start(self._wait_for(entry), f"wait-{entry.ticket}")
        self._on_change(self._waiting)

    async def _wait_for(self, entry: OpenQuestion) -> None:
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
        crash_point(CrashPoint.OUTCOME_KNOWN_TO_AGENT)
        self._report(outcome)
        self._on_change(self._waiting)
        late = entry.hopeful and outcome.ending is Ending.TIMED_OUT
        if late or entry.correctable_until is not None:
            await self._follow_up(entry)

    async def _follow_up(self, entry: OpenQuestion) -> None:
        more = await wait_for_more(self._gateway, entry, self._patience)
        if more is not None:
            self._report(more)

    def _report(self, outcome: Outcome) -> None:
        """Have an outcome told, unless the conversation's other agent told it in the meantime."""
        if outcome.delivered:
            _log.info("outcome_told_before", ticket=outcome.ticket, ending=outcome.ending)
        else:
            self._on_outcome(outcome)

    async def _settle(self, entry: OpenQuestion) -> Outcome:
        loop, attempt = asyncio.get_running_loop(), 0
        await self._resumed.wait()
        # The first call holds nothing, so that the id is known before anything can go wrong.
        hold = 0.0
        while True:
            began = loop.time()
            try:
                standing = await self._look(entry, hold)
            except GatewayUnreachableError as error:
                pause = self._outage.note(error, attempt)
                if self._outage.must_be_told():
                    self._on_outcome(Outcome(Ending.UNREACHABLE, entry.ticket, entry.question))
                await asyncio.sleep(pause)
                attempt += 1
                continue
            attempt = 0
            self._outage.over()
            if entry.escalation_id is None:
                _log.info(
                    "question_asked", ticket=entry.ticket, escalation_id=standing.escalation_id
                )
                entry.escalation_id = standing.escalation_id
                entry.accepted.set()
            entry.correctable_until = standing.correctable_until
            if (outcome := outcome_of(standing, entry)) is not None:
                return outcome
            self._ask_customer(entry, standing)
            if entry.asked_back:
                # The gateway does not hold such a call, and it is not ours to hurry: either the
                # customer replies, or somebody answers without that.
                with suppress(TimeoutError):
                    await asyncio.wait_for(entry.replied.wait(), self._patience.asked_back)
                continue
            if hold and (early := _BRISK_SECONDS - (loop.time() - began)) > 0:
                await asyncio.sleep(early)
            hold = self._patience.hold

    def _ask_customer(self, entry: OpenQuestion, standing: Standing) -> None:
        """Have the customer asked what people want to know, if it is news."""
        waited_for = self._waiting
        if (wanted := entry.newly_asked_back(standing)) is not None:
            _log.info("asked_back", ticket=entry.ticket, escalation_id=entry.escalation_id)
            self._on_outcome(wanted)
        if self._waiting != waited_for:
            self._on_change(self._waiting)

    async def _look(self, entry: OpenQuestion, hold: float) -> Standing:
        if entry.replies and entry.escalation_id is not None:
            return await self._pass_on(entry, entry.escalation_id)
        if entry.resumed and entry.escalation_id is not None:
            return await self._gateway.check(entry.escalation_id, wait_seconds=hold)
        return await self._gateway.ask(
            entry.question,
            context=entry.context,
            background=entry.background,
            conversation_id=self._conversation_id,
            idempotency_key=f"{self._conversation_id}:{entry.ticket}",
            wait_seconds=hold,
        )

    async def _pass_on(self, entry: OpenQuestion, escalation_id: str) -> Standing:
        """Tell people what the customer replied. Only this task does, so nothing overtakes it."""
        count, reply = len(entry.replies), "\n".join(entry.replies)
        try:
            standing = await self._gateway.reply(escalation_id, reply[:TEXT_LIMIT])
        except GatewayRejectedError as error:
            # It has ended, which the next look tells; or as much was said as may be.
            _log.warning("reply_not_passed_on", ticket=entry.ticket, problem=str(error))
            entry.replies.clear()
            entry.replied.clear()
            return await self._gateway.check(escalation_id, wait_seconds=0)
        _log.info("reply_passed_on", ticket=entry.ticket, escalation_id=escalation_id)
        entry.passed_on(count)
        self._on_change(self._waiting)
        return standing

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
                await asyncio.sleep(self._outage.note(error, attempt))
                attempt += 1
                continue
            self._outage.over()
            for each in sorted(listed, key=lambda one: one.asked_at):
                self._take_up(each)
            break
        self._resumed.set()

    def _take_up(self, listed: ListedQuestion) -> None:
        """Go on where the earlier agent stopped: to wait, to tell, or to hope for more."""
        now = datetime.now(UTC)
        fresh = now - listed.asked_at < self._patience.resume
        # A route may give people hours: they are not late before its deadline.
        late_since = listed.deadline or listed.asked_at
        hopeful = listed.status.is_open or now - late_since < self._patience.late_hope
        entry = resumed(listed, hopeful=hopeful)
        untold = not listed.delivered and listed.status is not Status.CANCELLED
        if listed.status.is_open or (fresh and untold):
            _log.info("question_resumed", escalation_id=listed.escalation_id)
            self._follow(entry)
        elif fresh and may_go_on(listed, hopeful=hopeful):
            self._start(self._follow_up(entry), f"wait-late-{entry.ticket}")

"""The use-case: a question's policy, followed. Nothing of it is in memory: all is in the record.

Each step is done first and noted then, so that one whose worker died in between is done again, and
done once: the channel recognises a call by its words, and the note is refused where the record is
not as it was found.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol, assert_never

from shared.errors import ChannelRejectedError
from shared.escalation import Escalation, Person, PolicyProgress
from shared.ports.clock import Clock, utc_now
from shared.ports.escalations import Concluded, EscalationStore
from shared.ports.policies import PolicyLog
from shared.routes.facts import facts_of
from shared.routes.fields import Role
from shared.routes.policy import plan
from shared.routes.route import Route
from shared.routes.steps import (
    End,
    EnterTier,
    Notify,
    ReleaseClaim,
    Remind,
    Step,
    note,
)
from shared.routes_in_force import InForce
from shared.telemetry import get_logger

log = get_logger(__name__)

STEPS_AT_ONCE: Final = 100
"""More than any policy has due at one time."""
END_AGAIN: Final = timedelta(seconds=1)
"""Until an end is tried again that waits for what people wrote to be heard."""


@dataclass(frozen=True, slots=True)
class Call:
    """People to be called to a question that is shown."""

    number: int
    """From 1, so that no two calls of a question are the same."""
    users: tuple[Person, ...]
    roles: tuple[Role, ...]
    channel: str | None
    """None: where the question is shown."""
    is_reminder: bool


class CallPeople(Protocol):
    """Calls people, once for each call however often it is asked to."""

    async def __call__(self, escalation: Escalation, call: Call) -> None:
        """Call them.

        Raises:
            ChannelUnavailableError: Try again later.
            ChannelRejectedError: They can't be called; somebody has to mend a setting.
        """
        ...


EndIt = Callable[[Escalation, End], Awaitable[bool]]
"""Ends a question that nobody answered; False where that must wait a little."""


class Escalating:
    """Does what is due by a question's policy."""

    def __init__(
        self,
        store: EscalationStore,
        policies: PolicyLog,
        routes: InForce[Route],
        call_people: CallPeople,
        end: EndIt,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._store = store
        self._policies = policies
        self._routes = routes
        self._call_people = call_people
        self._end = end
        self._clock = clock

    async def follow(self, escalation_id: str) -> None:
        """Do what is due, and see to it that somebody looks again when more is.

        Raises:
            ChannelUnavailableError: Try again later; what was done is noted.
            StoreUnavailableError: Likewise.
        """
        escalation = await self._store.get(escalation_id)
        for _ in range(STEPS_AT_ONCE):
            if escalation is None or not escalation.state.is_open:
                break
            now, route = self._clock(), self._routes.of(escalation.question.route)
            facts = facts_of(escalation)
            if facts.posted_at is None:
                return  # whoever posts it goes on with this
            due = plan(route, escalation.question.urgency, facts, now)
            if now >= escalation.deadline or not due.steps:
                beyond = now >= escalation.deadline
                again = None if beyond else next_look(route, escalation, now)
                await self._policies.look_again(escalation.id, again)
                return
            step = due.steps[0]
            if not isinstance(step, End):
                escalation = await self._do(escalation, step, now)
            elif await self._end(escalation, step):
                escalation = await self._store.get(escalation.id)
            else:
                await self._policies.look_again(escalation.id, now + END_AGAIN)
                return
        else:
            raise AssertionError("a policy that never has done all that is due")
        await self._policies.look_again(escalation_id, None)

    async def _do(
        self,
        escalation: Escalation,
        step: EnterTier | Notify | Remind | ReleaseClaim,
        now: datetime,
    ) -> Escalation | None:
        """Do one step and note it; return the record as it stands then."""
        match step:
            case Notify() | Remind():
                return await self._call(escalation, step, now)
            case EnterTier() | ReleaseClaim():
                return await self._note(escalation, step, now)
            case _:
                assert_never(step)

    async def _call(
        self, escalation: Escalation, step: Notify | Remind, now: datetime
    ) -> Escalation | None:
        call = Call(
            number=escalation.progress.calls + 1,
            users=step.users,
            roles=step.roles,
            channel=step.channel,
            is_reminder=isinstance(step, Remind),
        )
        if not _is_called_by_its_message(escalation, step):
            try:
                await self._call_people(escalation, call)
            except ChannelRejectedError as error:
                # Noted all the same: the next tier should not wait for what somebody must mend.
                log.error(  # noqa: TRY400 (one clear line)
                    "call_refused", escalation_id=escalation.id, tier=step.tier + 1, mend=str(error)
                )
        return await self._note(escalation, step, now, calls=call.number)

    async def _note(
        self, escalation: Escalation, step: Step, now: datetime, *, calls: int | None = None
    ) -> Escalation | None:
        before = escalation.progress
        progress = PolicyProgress(
            steps=before.steps + 1,
            calls=before.calls if calls is None else calls,
            tier=note(facts_of(escalation), step, now).tier,
        )
        release = isinstance(step, ReleaseClaim)
        noted = await self._policies.note_progress(escalation, progress, release=release)
        if noted is None:
            return None
        _tell(noted, step, escalation.id)
        return noted.escalation


def first_call(route: Route, escalation: Escalation, now: datetime) -> Notify | None:
    """Tell whom a question's own message calls: those who are notified first, if there."""
    facts = replace(facts_of(escalation), posted_at=now)
    steps = plan(route, escalation.question.urgency, facts, now).steps
    calls = [step for step in steps if isinstance(step, Notify)]
    return calls[0] if calls and calls[0].channel is None else None


def next_look(route: Route, escalation: Escalation, now: datetime) -> datetime | None:
    """Tell when its policy is to be looked at; now, if something is due.

    None: not before something changes, or its deadline comes, which has a job of its own.
    """
    due = plan(route, escalation.question.urgency, facts_of(escalation), now)
    if due.steps:
        return now
    again = due.look_again
    return None if again is None or again >= escalation.deadline else again


def _is_called_by_its_message(escalation: Escalation, step: Notify | Remind) -> bool:
    """Whether these people were called already, when the question was posted."""
    posting = escalation.posting
    return (
        isinstance(step, Notify)
        and step.channel is None
        and escalation.progress.calls == 0
        and posting is not None
        and step.targets <= set(posting.called)
    )


def _tell(noted: Concluded, step: Step, escalation_id: str) -> None:
    if not noted.applied:
        return
    tier = noted.escalation.progress.tier
    log.info(
        "policy_step",
        escalation_id=escalation_id,
        step=type(step).__name__,
        tier=None if tier is None else tier.index + 1,
    )

"""The use-case: a conversation ends, or is taken up again. Nothing of it is kept but on questions.

What becomes of an open question then is its route's to say: it is cancelled, or it goes on and
remembers that nobody waits for it. An answer to it is kept as any other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, assert_never

from mcp_gateway.caller import Caller
from shared.crash_points import CrashPoint, crash_point
from shared.errors import StoreUnavailableError, StoreUncertainError
from shared.escalation import OPEN_STATES, Escalation, Outcome, Provenance, State
from shared.ports.clock import Clock
from shared.ports.escalations import Concluded, EscalationStore
from shared.question import Question
from shared.routes.route import CallerGone
from shared.telemetry import get_logger

log = get_logger(__name__)

MOST: Final = 1_000
"""Questions that are looked for: as far as a listing looks."""
ENDED: Final = "the conversation ended"

PolicyOf = Callable[[Question], CallerGone]
"""Tells what becomes of a question of which nobody waits for the answer."""


class Became(StrEnum):
    """What became of a question that was open when its conversation ended."""

    CANCELLED = "cancelled"  # its route drops what nobody waits for
    KEPT = "kept"  # it goes on, and its answer is kept
    HAD_ENDED = "had_ended"  # its own outcome came first, and stands


@dataclass(frozen=True, slots=True)
class LetGo:
    """An open question of a conversation that ended, as it stands now."""

    escalation: Escalation
    became: Became


async def let_go(
    store: EscalationStore,
    policy_of: PolicyOf,
    caller: Caller,
    conversation_id: str,
    *,
    reason: str | None,
    clock: Clock,
) -> list[LetGo]:
    """Let go of a tenant's open questions of a conversation. Safe to repeat.

    Raises:
        StoreUnavailableError: Nothing was done.
        StoreUncertainError: Some of them may be let go of; doing it again completes it.
    """
    crash_point(CrashPoint.CONVERSATION_END_HEARD)
    opened = await store.list_for_tenant(
        caller.tenant, conversation_id=conversation_id, states=OPEN_STATES, most=MOST
    )
    done: list[LetGo] = []
    for each in opened:
        try:
            one = await _let_go_of(store, each, policy_of(each.question), reason, clock)
        except StoreUnavailableError as error:
            if not done:
                raise
            # "Nothing was done" would be wrong for those before it.
            raise StoreUncertainError(str(error)) from error
        crash_point(CrashPoint.CONVERSATION_END_NOTED)
        if one is not None:
            done.append(one)
    return done


async def taken_up(store: EscalationStore, escalation: Escalation) -> Escalation:
    """Note that somebody waits for the answer again, where the conversation had ended."""
    if escalation.caller_gone_at is None or not escalation.state.is_open:
        return escalation
    try:
        noted = await store.note_caller(escalation.id, gone=False)
    except StoreUnavailableError as error:
        # Only a hint to people: its failure must not turn an accepted question into an error.
        log.warning("caller_not_noted", escalation_id=escalation.id, reason=str(error))
        return escalation
    if noted is None:
        return escalation
    if noted.applied:
        log.info("caller_back", escalation_id=escalation.id, agent=escalation.agent)
    return noted.escalation


async def _let_go_of(
    store: EscalationStore,
    escalation: Escalation,
    policy: CallerGone,
    reason: str | None,
    clock: Clock,
) -> LetGo | None:
    """Let go of one question; None where it is no longer kept."""
    match policy:
        case CallerGone.DROP:
            cancelled = _cancellation(escalation, reason, clock)
            done, became = await store.conclude(escalation.id, cancelled), Became.CANCELLED
        case CallerGone.KEEP:
            done, became = await store.note_caller(escalation.id, gone=True), Became.KEPT
        case _:
            assert_never(policy)
    if done is None:
        return None
    if done.applied:
        log.info("caller_gone", escalation_id=escalation.id, agent=escalation.agent, became=became)
    return LetGo(done.escalation, _what_became(done, became))


def _what_became(done: Concluded, wanted: Became) -> Became:
    """Tell what became of it: noted before is as good as noted now, another outcome is not."""
    if done.escalation.state is State.CANCELLED:
        return Became.CANCELLED
    return wanted if done.escalation.state.is_open else Became.HAD_ENDED


def _cancellation(escalation: Escalation, reason: str | None, clock: Clock) -> Outcome:
    """Make the outcome that a route has for what nobody waits for. It is the system's word."""
    now = clock()
    return Outcome(
        state=State.CANCELLED,
        at=now,
        seconds=(now - escalation.created_at).total_seconds(),
        provenance=Provenance.SYSTEM,
        reason=f"{ENDED} ({reason})" if reason else ENDED,
    )

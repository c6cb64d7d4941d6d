"""The use-case: what people answered is shown again with the next question that is like it.

Off unless a question's route wants it. A route's questions are seen by the same people, whichever
agent asks them, and so are its precedents.
"""

from __future__ import annotations

from typing import Final

from escalation_worker.unreadable import passing_over_unreadable
from shared.crash_points import CrashPoint, crash_point
from shared.errors import StoreUnavailableError
from shared.escalation import Escalation, Provenance, State
from shared.ports.escalations import EscalationStore
from shared.ports.precedents import Precedents
from shared.precedent import ANSWER_ROOM, ASKED_ROOM, PRECEDENTS_LIMIT, Precedent
from shared.question import Question
from shared.routes.route import Route
from shared.routes_in_force import InForce
from shared.telemetry import get_logger
from shared.texts import cut

log = get_logger(__name__)

FOUND_LIMIT: Final = 10
"""How many are read to find so many that say different things."""


class Remembering:
    """Remembers answers, and looks for them."""

    def __init__(
        self, store: EscalationStore, precedents: Precedents, routes: InForce[Route]
    ) -> None:
        self._store = store
        self._precedents = precedents
        self._routes = routes

    async def recall(self, escalation: Escalation) -> Escalation:
        """Fix which precedents a question shows, if that was not done before.

        What only helps keeps no question back: where it fails, nothing is shown of it.
        """
        route = self._routes.of(escalation.question.route)
        wanted = route.memory and takes_words(escalation.question)
        if not wanted or escalation.precedents is not None:
            return escalation
        try:
            found = await self._find(route, escalation)
            noted = await self._precedents.note_shown(escalation.id, found)
        except StoreUnavailableError as error:
            log.warning("precedents_not_found", escalation_id=escalation.id, reason=str(error))
            return escalation
        crash_point(CrashPoint.PRECEDENTS_NOTED)
        log.debug("precedents_found", escalation_id=escalation.id, count=len(found))
        return escalation if noted is None else noted.escalation

    async def remember(self, escalation: Escalation) -> None:
        """Remember how a question was answered, if it was: safe to repeat.

        Raises:
            StoreUnavailableError: Try again later.
        """
        route = self._routes.of(escalation.question.route)
        if not route.memory or answer_in_words(escalation) is None:
            return
        if await self._precedents.remember(route.name, escalation):
            crash_point(CrashPoint.ANSWER_REMEMBERED)
            log.info("answer_remembered", escalation_id=escalation.id, route=route.name)

    async def forget_expired(self) -> None:
        """Forget what is no longer kept.

        Raises:
            StoreUnavailableError: Try again later.
        """
        if forgotten := await self._precedents.forget_expired():
            log.info("answers_forgotten", count=forgotten)

    async def _find(self, route: Route, escalation: Escalation) -> tuple[Precedent, ...]:
        """Look for what is most alike; of what would be shown alike, only the first."""
        found: dict[tuple[str, str], Precedent] = {}
        for each in await self._precedents.find(route.name, escalation, most=FOUND_LIMIT):
            with passing_over_unreadable(each):
                known = await self._store.get(each)
                if known is not None and (shown := _precedent(known)) is not None:
                    found.setdefault((shown.question.casefold(), shown.answer.casefold()), shown)
            if len(found) == PRECEDENTS_LIMIT:
                break
        return tuple(found.values())


def takes_words(question: Question) -> bool:
    """Whether a question is answered by a text or an option."""
    return question.form is None and question.approvals_needed is None


def answer_in_words(escalation: Escalation) -> str | None:
    """Read a person's answer; None for anything else: approvals, forms, prepared answers.

    Of one that was corrected once an agent had read it, what they said last.
    """
    outcome = escalation.outcome
    if outcome is None or outcome.state is not State.ANSWERED:
        return None
    given = outcome.provenance is Provenance.PERSON and takes_words(escalation.question)
    said_last = escalation.late_answer or outcome
    return said_last.text if given else None


def _precedent(known: Escalation) -> Precedent | None:
    outcome, answer = known.outcome, answer_in_words(known)
    if outcome is None or answer is None:
        return None
    return Precedent(
        id=known.id,
        question=cut(known.question.text, ASKED_ROOM),
        answer=cut(answer, ANSWER_ROOM),
        by=outcome.by.name if outcome.by else "",
        at=outcome.at,
    )

"""How people answer by a route: what makes an answer of what they write, and who must say why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from shared.question import Question
from shared.routes.route import AnswerMode, DecisionReason, Route
from shared.routes_in_force import InForce


@dataclass(frozen=True, slots=True)
class Manner:
    """What a route says about it."""

    answer_mode: AnswerMode = AnswerMode.FIRST_MESSAGE
    decision_reason: DecisionReason = DecisionReason.OPTIONAL

    @property
    def waits_for_send(self) -> bool:
        """Whether a message is only talk, until whoever wrote it presses Send."""
        return self.answer_mode is AnswerMode.SEND_BUTTON

    @property
    def wants_reasons(self) -> bool:
        """Whether an approval and a denial count only with a reason."""
        return self.decision_reason is DecisionReason.REQUIRED


USUAL: Final = Manner()
MannerOf = Callable[[Question], Manner]
"""Tells how a question is answered, by its route as it stands in the file now."""


def manner_of_route(route: Route) -> Manner:
    """Read it off the route."""
    return Manner(route.answer_mode, route.decision_reason)


def usual(_: Question) -> Manner:
    """Let every question be answered as it is where no route says otherwise."""
    return USUAL


def manners_by_route(routes: InForce[Route]) -> MannerOf:
    """Look the manner up in the routes that are in force."""
    return lambda question: manner_of_route(routes.of(question.route))

"""How a question is answered by its route, and what that makes of a message."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from shared.escalation import Escalation
from shared.manner import Manner
from shared.question import Question
from shared.routes.route import Route
from shared.routes_in_force import InForce

USUAL: Final = Manner()
MannerOf = Callable[[Question], Manner]
"""Tells how a question is answered, by its route as it stands in the file now."""
NoteManner = Callable[[str, Manner, datetime | None], Awaitable[None]]
"""Notes what people are shown of it; see `PostingLog.note_manner`."""


def manner_of_route(route: Route) -> Manner:
    """Read it off the route."""
    return Manner(route.answer_mode, route.decision_reason)


def usual(_: Question) -> Manner:
    """Let every question be answered as it is where no route says otherwise."""
    return USUAL


def manners_by_route(routes: InForce[Route]) -> MannerOf:
    """Look the manner up in the routes that are in force."""
    return lambda question: manner_of_route(routes.of(question.route))


def is_talk(escalation: Escalation, in_force: Manner, at: datetime) -> bool:
    """Whether a message of this moment can't be the answer by itself.

    It can where the route and what people were shown agree. Else a route that was just changed
    would pass on what was written under words that said otherwise; also when that is found only
    after people were shown the new ones (`since`).
    """
    shown = escalation.shown
    promised_send = shown.since is not None and at < shown.since
    return in_force.waits_for_send or shown.manner.waits_for_send or promised_send

"""What no single key of a route can be blamed for: parts that contradict each other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from shared.question import Urgency
from shared.routes.fields import in_words
from shared.routes.lines import Path
from shared.routes.route import AtEnd, Route


def contradictions(route: Route) -> Iterator[tuple[Path, str]]:
    """List what is wrong between a route's keys: where, below the route, and what."""
    if route.correction_grace >= route.timeout:
        yield ("correction_grace",), "must be shorter than timeout"
    if route.at_end is AtEnd.FALLBACK and route.fallback_text is None:
        yield ("at_end",), '"fallback" needs a fallback_text'
    if route.at_end is not AtEnd.FALLBACK and route.fallback_text is not None:
        yield ("fallback_text",), 'is never used: at_end is not "fallback"'
    if not route.operators.roles and route.quorum > len(route.operators.users):
        yield ("quorum",), "more people than may answer: add to operators"
    yield from _who_may_not_answer(route)
    yield from _never_reached(route)


def _who_may_not_answer(route: Route) -> Iterator[tuple[Path, str]]:
    """Find people who would be asked and then refused. Who has which role, the file can't tell."""
    if route.operators.roles:
        return
    allowed = {user.id for user in route.operators.users}
    for index, tier in enumerate(route.tiers):
        refused = {user.name for user in tier.people if user.id not in allowed}
        if refused:
            names = ", ".join(sorted(refused))
            yield ("tiers", index), f"notifies who may not answer: {names}; add to operators"


def _never_reached(route: Route) -> Iterator[tuple[Path, str]]:
    """Find tiers that the ones before them leave no time for."""
    for index, tier in enumerate(route.tiers[:-1]):
        if tier.claim_wait is None:
            yield ("tiers", index), "needs claim_wait, or the tiers after it are never reached"
    for urgency in Urgency:
        begins = timedelta(0)
        for index, tier in enumerate(route.tiers[:-1]):
            begins += route.scaled(tier.claim_wait or timedelta(0), urgency)
            if begins >= route.timeout:
                yield (
                    ("tiers", index + 1),
                    (
                        f"is never reached at urgency {urgency}: it would begin after "
                        f"{in_words(begins)}, and timeout is {in_words(route.timeout)}"
                    ),
                )
                break

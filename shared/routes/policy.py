"""The escalation policy: which steps are due now, and when to look again. Pure and total.

`plan` takes one step after another on the facts as they would stand after it, until nothing is due.
So a step that is noted in the facts can't be due twice, and a tier that was missed during an outage
is still entered, with its full waits. The deadline goes before everything else.

While the question waits for the agent (`needs_info`), the policy's clock stands still: people have
done their part. The deadline does not move: the customer waits all the same. Once the customer has
gone nobody is waited for, and the clock goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.escalation import Person
from shared.question import Urgency
from shared.routes.fields import Role
from shared.routes.on_call import next_change, quiet_until, who_is_on
from shared.routes.route import Route, Tier
from shared.routes.schedule import Schedule
from shared.routes.steps import (
    End,
    EnterTier,
    Facts,
    Notify,
    Pause,
    ReleaseClaim,
    Remind,
    Step,
    TierReached,
    note,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now, in this order, and when to ask again if nothing happens before."""

    steps: tuple[Step, ...]
    look_again: datetime | None
    """Later than now; None once the question has ended."""


def plan(route: Route, urgency: Urgency, facts: Facts, now: datetime) -> Plan:
    """Tell which steps are due. All times are in UTC: sums of local ones fail at DST changes."""
    steps: list[Step] = []
    while (step := _Moment(route, urgency, facts, now).next_step()) is not None:
        steps.append(step)
        facts = note(facts, step, now)
    if facts.ended:
        return Plan(tuple(steps), None)
    return Plan(tuple(steps), min(_Moment(route, urgency, facts, now).next_looks()))


def end_of(route: Route) -> End:
    """Tell how a question ends on this route that nobody answered."""
    return End(route.at_end, route.fallback_text)


@dataclass(frozen=True, slots=True)
class _Target:
    """One of a tier's targets at one instant: whom it means now, or when to look again."""

    key: str
    users: tuple[Person, ...] = ()
    roles: tuple[Role, ...] = ()
    quiet: bool = False
    """Somebody may be there, but must not be notified yet."""
    again: datetime | None = None

    @property
    def is_reachable(self) -> bool:
        return bool(self.users or self.roles)


@dataclass(frozen=True, slots=True)
class _Moment:
    """A question's facts at one instant, seen by its route."""

    route: Route
    urgency: Urgency
    facts: Facts
    now: datetime

    def next_step(self) -> Step | None:
        """Find the first step that is due."""
        facts, now = self.facts, self.now
        if facts.ended:
            return None
        if now >= facts.deadline:
            return self._end()
        if self._stands_still():
            return None
        if facts.tier is None:
            return EnterTier(0)
        if facts.claim and _is_past(self._silent_at(), now):
            return ReleaseClaim(facts.claim.by)
        index, tier = self._tier(facts.tier)
        is_last = index + 1 == len(self.route.policy)
        if _is_past(self._over_at(tier, facts.tier), now):
            return self._end() if is_last else EnterTier(index + 1)
        targets = self._targets(tier)
        if self._is_calling(facts.tier):
            if not is_last and _is_nobody_there(facts.tier, targets):
                return EnterTier(index + 1)
            if step := self._notify(index, tier, facts.tier, targets):
                return step
        return self._remind(index, tier, facts.tier, targets)

    def next_looks(self) -> Iterator[datetime]:
        """List the instants after now at which a step may become due."""
        yield self.facts.deadline
        if self._stands_still() or self.facts.tier is None:
            return
        _, tier = self._tier(self.facts.tier)
        instants = [self._silent_at(), self._over_at(tier, self.facts.tier)]
        instants += [due for _, due in self._reminders(tier, self.facts.tier)]
        instants += [target.again for target in self._targets(tier)]
        yield from (instant for instant in instants if instant and instant > self.now)

    def _end(self) -> End:
        return end_of(self.route)

    def _stands_still(self) -> bool:
        """Whether the question is not shown yet, or it is the agent's turn."""
        return self.facts.posted_at is None or any(pause.end is None for pause in self.facts.pauses)

    def _tier(self, reached: TierReached) -> tuple[int, Tier]:
        """Find the tier; the last one if a new file has fewer than the question has seen."""
        tiers = self.route.policy
        index = min(reached.index, len(tiers) - 1)
        return index, tiers[index]

    def _is_calling(self, reached: TierReached) -> bool:
        """Whether its people are wanted: nobody claimed it, or not since the tier was entered."""
        claim = self.facts.claim
        return claim is None or claim.at < reached.entered_at

    def _silent_at(self) -> datetime | None:
        claim = self.facts.claim
        return claim and _after(claim.active_at, self.route.claim_timeout, self.facts.pauses)

    def _over_at(self, tier: Tier, reached: TierReached) -> datetime | None:
        """Tell when the tier has had its time; None if that is not known, or never."""
        claim = self.facts.claim
        if claim is None:
            return self._due(reached.notified_at, tier.claim_wait)
        began = reached.notified_at if self._is_calling(reached) else claim.at
        return self._due(began, tier.answer_wait)

    def _due(self, began: datetime | None, wait: timedelta | None) -> datetime | None:
        if began is None or wait is None:
            return None
        return _after(began, self.route.scaled(wait, self.urgency), self.facts.pauses)

    def _targets(self, tier: Tier) -> list[_Target]:
        return [
            *(_Target(f"user:{user.id}", users=(user,)) for user in tier.users),
            *(_Target(f"role:{role.id}", roles=(role,)) for role in tier.roles),
            *(self._on_call(schedule) for schedule in tier.schedules),
        ]

    def _on_call(self, schedule: Schedule) -> _Target:
        key = f"schedule:{schedule.name}"
        if until := quiet_until(schedule, self.now, self.urgency):
            return _Target(key, quiet=True, again=until)
        if users := who_is_on(schedule, self.now):
            return _Target(key, users=users)
        change = next_change(schedule, self.now)
        return _Target(key, again=change and change.at)

    def _notify(
        self, index: int, tier: Tier, reached: TierReached, targets: list[_Target]
    ) -> Notify | None:
        new = [one for one in targets if one.is_reachable and one.key not in reached.notified]
        if not new:
            return None
        keys = frozenset(target.key for target in new)
        return Notify(index, keys, _users(new), _roles(new), tier.channel)

    def _reminders(self, tier: Tier, reached: TierReached) -> list[tuple[int, datetime]]:
        """List the tier's reminders that were not given yet, by number."""
        dues = (
            (number, self._due(reached.notified_at, wait))
            for number, wait in enumerate(tier.reminders, 1)
            if number > reached.reminders
        )
        return [(number, due) for number, due in dues if due is not None]

    def _remind(
        self, index: int, tier: Tier, reached: TierReached, targets: list[_Target]
    ) -> Remind | None:
        """Give the newest reminder that is due, to whoever claimed it, else to all notified."""
        numbers = [number for number, due in self._reminders(tier, reached) if due <= self.now]
        if not numbers:
            return None
        users, roles = _users(targets), _roles(targets)
        if self.facts.claim and not self._is_calling(reached):
            users, roles = (self.facts.claim.by,), ()
        if not users and not roles:
            return None
        return Remind(index, max(numbers), users, roles, tier.channel)


def _is_past(instant: datetime | None, now: datetime) -> bool:
    return instant is not None and instant <= now


def _is_nobody_there(reached: TierReached, targets: list[_Target]) -> bool:
    """Whether the tier has nobody to notify, and not for quiet hours."""
    return not reached.notified and not any(one.is_reachable or one.quiet for one in targets)


def _users(targets: Iterable[_Target]) -> tuple[Person, ...]:
    """List people once each, however many targets mean them."""
    return tuple({user.id: user for target in targets for user in target.users}.values())


def _roles(targets: Iterable[_Target]) -> tuple[Role, ...]:
    return tuple(role for target in targets for role in target.roles)


def _after(start: datetime, wait: timedelta, pauses: Iterable[Pause]) -> datetime | None:
    """Tell when a wait is over that stands still in pauses; None while it does so open-endedly."""
    due, counted = start + wait, start
    for pause in sorted(pauses, key=lambda one: one.start):
        if pause.start >= due:
            break
        if pause.end is None:
            return None
        if pause.end > (start := max(pause.start, counted)):
            due += pause.end - start
            counted = pause.end
    return due

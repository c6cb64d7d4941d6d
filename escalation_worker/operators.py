"""Who may act on questions. Asked on every reply, click and form; refused by default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

from shared.escalation import Escalation, Person
from shared.ports.escalations import EscalationStore
from shared.ports.replies import InboundReply, ReplyVerdict
from shared.question import Question
from shared.routes.route import Route
from shared.routes_in_force import InForce
from shared.telemetry import get_logger

audit = get_logger("audit")


@dataclass(frozen=True, slots=True)
class Operators:
    """Who may answer: these people, and everybody with one of these roles. Nobody else."""

    people: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()

    def of(self, question: Question) -> Self:  # noqa: ARG002 (whatever is asked)
        """See `WhoMayAct.of`: these may act on every question."""
        return self

    def know(self, person_id: str, roles: frozenset[str]) -> bool:
        """See `WhoMayAct.know`."""
        return self.include(person_id, roles)

    def include(self, person_id: str, roles: frozenset[str]) -> bool:
        """Whether this person may answer."""
        return person_id in self.people or not self.roles.isdisjoint(roles)

    def allow(self, reply: InboundReply) -> bool:
        """Whether this act may be done; a refusal goes into the audit log."""
        if self.include(reply.person_id, reply.person_roles):
            return True
        audit.warning(
            "reply_refused",
            escalation_id=reply.escalation_id,
            person_id=reply.person_id,
            channel=reply.channel,
            source=reply.source,
        )
        return False


@dataclass(frozen=True, slots=True)
class Chosen:
    """Somebody to whom another person gives a question, and the roles by which they may have it."""

    person: Person
    roles: frozenset[str] = frozenset()


class WhoMayAct(Protocol):
    """Knows the operators of each question."""

    def of(self, question: Question) -> Operators:
        """Tell who may act on this question."""
        ...

    def know(self, person_id: str, roles: frozenset[str]) -> bool:
        """Whether there can be any question on which this person may act."""
        ...


class OperatorsByRoute:
    """The operators of a question are those of its route, as it stands in the file now."""

    def __init__(self, routes: InForce[Route]) -> None:
        self._routes = routes

    def of(self, question: Question) -> Operators:
        """See `WhoMayAct.of`."""
        return operators_of(self._routes.of(question.route))

    def know(self, person_id: str, roles: frozenset[str]) -> bool:
        """See `WhoMayAct.know`."""
        return any(operators_of(each).include(person_id, roles) for each in self._routes.routes)


def operators_of(route: Route) -> Operators:
    """Tell who may answer the questions of a route."""
    named = route.operators
    return Operators(
        people=frozenset(user.id for user in named.users),
        roles=frozenset(role.id for role in named.roles),
    )


async def find_allowed(
    store: EscalationStore, operators: WhoMayAct, reply: InboundReply
) -> Escalation | ReplyVerdict:
    """Read the question that somebody acts on; where they may not, tell why."""
    escalation = await store.get(reply.escalation_id)
    if escalation is None:
        return ReplyVerdict.UNKNOWN
    if not operators.of(escalation.question).allow(reply):
        return ReplyVerdict.NOT_ALLOWED
    return escalation


def may_be_given(operators: Operators, chosen: Chosen, reply: InboundReply) -> bool:
    """Whether the chosen person may answer; that they may not goes into the audit log."""
    if operators.include(chosen.person.id, chosen.roles):
        return True
    audit.warning(
        "assignee_refused",
        escalation_id=reply.escalation_id,
        person_id=reply.person_id,
        assignee_id=chosen.person.id,
        channel=reply.channel,
        source=reply.source,
    )
    return False


def person_of(reply: InboundReply) -> Person:
    """Name who acts."""
    return Person(id=reply.person_id, name=reply.person_name)


def note_accepted(reply: InboundReply, act: str, **details: object) -> None:
    """Write an act that counted into the audit log."""
    audit.info(
        "reply_accepted",
        act=act,
        escalation_id=reply.escalation_id,
        person_id=reply.person_id,
        channel=reply.channel,
        source=reply.source,
        **details,
    )

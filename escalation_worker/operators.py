"""Who may act on questions. Asked on every reply, click and form; refused by default."""

from __future__ import annotations

from dataclasses import dataclass

from shared.escalation import Person
from shared.ports import InboundReply
from shared.telemetry import get_logger

audit = get_logger("audit")


@dataclass(frozen=True, slots=True)
class Operators:
    """Who may answer: these people, and everybody with one of these roles. Nobody else."""

    people: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()

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

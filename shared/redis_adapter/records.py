"""How a record looks in Redis: a flat hash of strings, some of them JSON.

Fields that this version does not know are passed over: during an upgrade, newer processes write
beside older ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from pydantic import TypeAdapter

from shared.background import STORED
from shared.errors import UnreadableRecordError
from shared.escalation import (
    Claim,
    Escalation,
    News,
    Outcome,
    PolicyProgress,
    Posting,
    Remark,
    State,
    Vote,
)
from shared.manner import Manner, MannerShown
from shared.ports.escalations import Concluded
from shared.precedent import Precedent
from shared.question import Question

_MANNER = TypeAdapter(Manner)
_REMARKS = TypeAdapter(tuple[Remark, ...])
_VOTES = TypeAdapter(tuple[Vote, ...])
_PRECEDENTS = TypeAdapter(tuple[Precedent, ...])
_FENCED: Final = 2


def to_ms(moment: datetime) -> int:
    """Express a moment as milliseconds since 1970 UTC."""
    return int(moment.timestamp() * 1000)


def from_ms(value: str | int) -> datetime:
    """Read milliseconds since 1970 UTC."""
    return datetime.fromtimestamp(int(value) / 1000, UTC)


def from_hash(fields: Mapping[str, str]) -> Escalation:
    """Read a record as `HGETALL` gives it.

    Raises:
        UnreadableRecordError: It is none that this version can read.
    """
    posting, claim, outcome, late, precedents = (
        fields.get(key) for key in ("posting", "claim", "outcome", "late_answer", "precedents")
    )
    try:
        return Escalation(
            id=fields["id"],
            agent=fields["agent"],
            tenant=fields.get("tenant"),
            question=Question.model_validate_json(fields["question"], context=STORED),
            state=State(fields["state"]),
            created_at=from_ms(fields["created_ms"]),
            deadline=from_ms(fields["deadline_ms"]),
            kept_until=from_ms(fields["kept_until_ms"]),
            posting=Posting.model_validate_json(posting) if posting else None,
            shown=MannerShown(
                manner=_MANNER.validate_json(fields.get("manner", "{}")),
                since=_moment(fields, "shown_since_ms"),
            ),
            claim=Claim.model_validate_json(claim) if claim else None,
            claim_kept_at=_moment(fields, "claim_kept_ms"),
            assignments=int(fields.get("assignments", "0")),
            remarks=_REMARKS.validate_json(fields.get("remarks", "[]")),
            votes=_VOTES.validate_json(fields.get("votes", "[]")),
            progress=PolicyProgress.model_validate_json(fields.get("progress", "{}")),
            precedents=_PRECEDENTS.validate_json(precedents) if precedents else None,
            outcome=Outcome.model_validate_json(outcome) if outcome else None,
            late_answer=Outcome.model_validate_json(late) if late else None,
            handed_over_at=_moment(fields, "outcome_handed_over_ms"),
            late_answer_handed_over_at=_moment(fields, "late_answer_handed_over_ms"),
            grace_over="grace_over" in fields,
            delivered_at=_moment(fields, delivered_field(News.OUTCOME)),
            late_answer_delivered_at=_moment(fields, delivered_field(News.LATE_ANSWER)),
            caller_gone_at=_moment(fields, "caller_gone_ms"),
            departures=int(fields.get("departures", "0")),
        )
    # A field is missing, says what this version does not know, or is no moment.
    except (KeyError, ValueError, OverflowError, OSError) as error:
        raise UnreadableRecordError from error


def manner_as_json(manner: Manner) -> str:
    """Write how a question is answered, as it stands in its record."""
    return _MANNER.dump_json(manner).decode()


def delivered_field(news: News) -> str:
    """Name the field that holds when this news was delivered (ms)."""
    return f"{news}_delivered_ms"


def _moment(fields: Mapping[str, str], name: str) -> datetime | None:
    value = fields.get(name)
    return from_ms(value) if value else None


def from_flat(values: Sequence[str]) -> Escalation:
    """Read a record as a script gives it: names and values in turn."""
    return from_hash(dict(zip(values[::2], values[1::2], strict=True)))


def concluded(applied: int, record: list[str]) -> Concluded | None:
    """Unpack what a script returns that moves an escalation on."""
    if applied < 0:
        return None
    return Concluded(from_flat(record), applied=applied == 1, fenced=applied == _FENCED)

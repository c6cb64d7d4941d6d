"""How a record looks in Redis: a flat hash of strings, some of them JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from shared.escalation import Escalation, Outcome, Posting, Question, State


def to_ms(moment: datetime) -> int:
    """Express a moment as milliseconds since 1970 UTC."""
    return int(moment.timestamp() * 1000)


def from_ms(value: str | int) -> datetime:
    """Read milliseconds since 1970 UTC."""
    return datetime.fromtimestamp(int(value) / 1000, UTC)


def from_hash(fields: Mapping[str, str]) -> Escalation:
    """Read a record as `HGETALL` gives it."""
    posting, outcome, late = (fields.get(key) for key in ("posting", "outcome", "late_answer"))
    return Escalation(
        id=fields["id"],
        agent=fields["agent"],
        question=Question.model_validate_json(fields["question"]),
        state=State(fields["state"]),
        created_at=from_ms(fields["created_ms"]),
        deadline=from_ms(fields["deadline_ms"]),
        kept_until=from_ms(fields["kept_until_ms"]),
        posting=Posting.model_validate_json(posting) if posting else None,
        outcome=Outcome.model_validate_json(outcome) if outcome else None,
        late_answer=Outcome.model_validate_json(late) if late else None,
    )


def from_flat(values: Sequence[str]) -> Escalation:
    """Read a record as a script gives it: names and values in turn."""
    return from_hash(dict(zip(values[::2], values[1::2], strict=True)))

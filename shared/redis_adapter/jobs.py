"""Jobs in arq's own wire format, so that a script can queue one together with what it is about.

A job's body carries an id only. It is JSON: arq's default, pickle, would run whatever somebody
planted in Redis.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from arq.jobs import serialize_job


class JobName(StrEnum):
    """The functions that a worker registers with arq."""

    POST = "post"
    SHOW_OUTCOME = "show_outcome"
    EXPIRE = "expire"
    POLICY = "policy"
    SWEEP = "sweep"


@dataclass(frozen=True, slots=True)
class Job:
    """A job's id and body as arq reads them."""

    id: str
    body: str


def serialize(value: dict[str, Any]) -> bytes:
    """Write arq's mapping as JSON; what JSON lacks (an exception kept as a result) as text."""
    return json.dumps(value, default=repr).encode()


deserialize: Callable[[bytes], dict[str, Any]] = json.loads


def job_prefix(prefix: str, name: JobName, escalation_id: str) -> str:
    """Begin the deterministic id of a job; what follows tells one try from the next."""
    return f"{prefix}:{name}:{escalation_id}:"


def make_job(
    prefix: str, name: JobName, escalation_id: str, *, generation: int, now_ms: int
) -> Job:
    """Make a job about one escalation. The same generation gives the same id."""
    body = serialize_job(name, (escalation_id,), {}, None, now_ms, serializer=serialize)
    return Job(f"{job_prefix(prefix, name, escalation_id)}{generation}", body.decode())

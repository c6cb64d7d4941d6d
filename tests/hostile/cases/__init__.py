"""The bad requests, a file for each kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hostile.case import Case
from hostile.cases import (
    answer_schemas,
    arguments,
    background,
    credentials,
    encodings,
    foreign,
    json_rpc,
    replays,
    revisions,
    sizes,
    tasks,
    transport,
)

BY_KIND: Final[Mapping[str, list[Case]]] = {
    "transport": transport.CASES,
    "JSON-RPC": json_rpc.CASES,
    "revisions": revisions.CASES,
    "credentials": credentials.CASES,
    "arguments": arguments.CASES,
    "background": background.CASES,
    "answer schemas": answer_schemas.CASES,
    "sizes and nesting": sizes.CASES,
    "encodings": encodings.CASES,
    "foreign ids": foreign.CASES,
    "tasks": tasks.CASES,
    "replays and order": replays.CASES,
}
EVERY: Final[list[Case]] = [each for kind in BY_KIND.values() for each in kind]

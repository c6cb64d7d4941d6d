"""What is fuzzed: each takes any bytes, and raises where something is wrong with us."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from pydantic import ValidationError
from support.tool_names import TOOLS

from hostile.case import ERAS, meta
from hostile.doorway import Doorway, headers_of, is_clean
from mcp_gateway.tools.given_form import given_form
from shared.answer_form import AnswerForm
from shared.errors import ConfigurationError
from shared.routes.file import parse_routes

ASKING: Final = frozenset({"ask_human", "request_approval"})

Target = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Requests:
    """Any body to the whole application; the first byte chooses the era."""

    doorway: Doorway

    def __call__(self, data: bytes) -> None:
        """Send it."""
        self.doorway.store.forget()
        era = ERAS[data[0] % len(ERAS)] if data else ERAS[0]
        assert is_clean(self.doorway.post(data[1:], headers_of(era)))


@dataclass(frozen=True, slots=True)
class Arguments:
    """Any JSON for a tool's arguments; the first byte chooses the tool, and the era."""

    doorway: Doorway

    def __call__(self, data: bytes) -> None:
        """Call the tool."""
        self.doorway.store.forget()
        first = data[0] if data else 0
        tool, era = TOOLS[first % len(TOOLS)], ERAS[first // 128]
        envelope = json.dumps(
            {
                "jsonrpc": "2.0",
                "id": 7,
                "method": "tools/call",
                "params": {"name": tool, "_meta": meta(), "arguments": "HERE"},
            }
        )
        body = envelope.encode().replace(b'"HERE"', data[1:] or b"{}")
        reply = self.doorway.post(body, headers_of(era, name=tool))
        assert is_clean(reply)
        assert (self.doorway.store.last is not None) is (tool in ASKING and reply.accepted)


def answer_schemas(data: bytes) -> None:
    """Read any JSON as a form; what is taken can be kept, read again and filled in."""
    try:
        schema: Any = json.loads(data)
    except (ValueError, RecursionError):
        return
    if not isinstance(schema, dict):
        return
    try:
        form = given_form(cast("dict[str, Any]", schema))
    except ValidationError:
        return
    assert AnswerForm.model_validate_json(form.model_dump_json()) == form
    for written in ("", "1", "yes", "2026-11-22", "x" * 5_000):
        form.read(dict.fromkeys(form.properties, written))


def routes(data: bytes) -> None:
    """Read any text as a file of routes."""
    try:
        parse_routes(data.decode())
    except (UnicodeDecodeError, ConfigurationError):
        return


def every(doorway: Doorway) -> Mapping[str, Target]:
    """Name the targets."""
    return {
        "requests": Requests(doorway),
        "arguments": Arguments(doorway),
        "schemas": answer_schemas,
        "routes": routes,
    }

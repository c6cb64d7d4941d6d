"""Where fuzzing begins: the requests of the list, and the examples of routes."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final

from support.processes import ROOT
from support.tool_names import TOOLS

from hostile.case import STATELESS, Case, filled
from hostile.cases import EVERY

SIZE_LIMIT: Final = 4_096
"""Bytes of a seed: what is larger slows down all that grows out of it."""
_FIRST: Final = {False: b"\x00", True: b"\x01"}


def every() -> Mapping[str, list[bytes]]:
    """Make the seeds of each target."""
    places = defaultdict[str, str](lambda: "01ARZ3NDEKTSV4RRFFQ69G5FAV")
    bodies = [(filled(each.sent.body, places), _is_stateless(each)) for each in EVERY]
    calls = [each for body, _ in bodies for each in _calls(body)]
    seeds = {
        "requests": [_FIRST[stateless] + body for body, stateless in bodies],
        "arguments": [
            bytes([TOOLS.index(tool) + 128 * era]) + json.dumps(arguments).encode()
            for tool, arguments in calls
            if tool in TOOLS
            for era in (0, 1)
        ],
        "schemas": [
            json.dumps(arguments["answer_schema"]).encode()
            for _, arguments in calls
            if isinstance(arguments, dict) and "answer_schema" in arguments
        ],
        "routes": [file.read_bytes() for file in (ROOT / "docs" / "examples").glob("*.toml")],
    }
    return {
        name: sorted({each for each in of if len(each) <= SIZE_LIMIT}) for name, of in seeds.items()
    }


def _is_stateless(case: Case) -> bool:
    return f"MCP-Protocol-Version: {STATELESS}".encode() in case.sent.head


def _calls(body: bytes) -> Iterator[tuple[Any, Any]]:
    try:
        params = json.loads(body)["params"]
        yield params["name"], params["arguments"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return

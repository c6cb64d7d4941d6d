"""On which line of a TOML text each key stands: `tomllib` does not tell.

The text is cut into statements, each the fewest lines that `tomllib` takes by themselves, and
`tomllib` also says which keys a statement sets. So there is no second reading of TOML's grammar.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator
from typing import Any

Path = tuple[str | int, ...]
"""The keys that lead to a value, with an index for each array on the way."""


def line_numbers(text: str) -> dict[Path, int]:
    """Map the path of every value in a text that `tomllib` accepts to its line, from 1.

    What stands in an array or an inline table has the line of the key that it belongs to.
    """
    lines: dict[Path, int] = {}
    elements = Counter[Path]()
    table: Path = ()
    for number, statement in _statements(text):
        is_array = statement.startswith("[[")
        if not statement.startswith("["):
            for path in _paths(tomllib.loads(statement)):
                lines.setdefault(table + path, number)
            continue
        table = ()
        keys = _header(tomllib.loads(statement))
        for position, key in enumerate(keys, 1):
            table += (key,)
            lines.setdefault(table, number)
            if is_array and position == len(keys):
                elements[table] += 1
            if elements[table]:
                table += (elements[table] - 1,)
                lines.setdefault(table, number)
    return lines


def find_line(lines: dict[Path, int], path: Path) -> int:
    """Look up where a path stands, or the nearest that leads to it; 1 if there is none."""
    known = (path[:length] for length in range(len(path), 0, -1))
    return next((lines[part] for part in known if part in lines), 1)


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Cut a text into statements, each with the number of its first line."""
    begun: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not begun and line.strip()[:1] in {"", "#"}:
            continue
        begun.append(line)
        statement = "\n".join(begun).strip()
        try:
            tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue  # it goes on in the next line
        yield number - len(begun) + 1, statement
        begun = []


def _header(parsed: dict[str, Any]) -> list[str]:
    """Follow a header's keys: each table holds the next one and nothing else."""
    keys: list[str] = []
    inner: Any = parsed
    while isinstance(inner, dict) and inner:
        (key,) = inner.keys()  # pyright: ignore[reportUnknownVariableType]
        keys.append(str(key))  # pyright: ignore[reportUnknownArgumentType]
        inner = inner[key]  # pyright: ignore[reportUnknownVariableType]
    return keys


def _paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """List the paths of a value and of all that is in it."""
    if path:
        yield path
    if isinstance(value, dict):
        for key, inner in value.items():  # pyright: ignore[reportUnknownVariableType]
            yield from _paths(inner, (*path, str(key)))  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(value, list):
        for index, inner in enumerate(value):  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            yield from _paths(inner, (*path, index))

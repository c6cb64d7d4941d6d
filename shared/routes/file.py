"""Reads a `routes.toml`, and says of all its mistakes at once where they stand and what is right.

A file is taken as a whole or not at all: whoever reloads one keeps what was in force when the new
one raises. No value is repeated in an error but names of the file's own: it may be a pasted token.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, Final, TypeVar, get_args
from zoneinfo import ZoneInfo

from pydantic import BaseModel, TypeAdapter, ValidationError

from shared.errors import ConfigurationError
from shared.escalation import Person
from shared.question import DEFAULT_ROUTE
from shared.routes.checks import contradictions
from shared.routes.fields import Id, Name, Role, Table, did_you_mean
from shared.routes.lines import Path, find_line, line_numbers
from shared.routes.route import Route
from shared.routes.schedule import Schedule

SECTIONS: Final = ("people", "roles", "schedules", "routes")
_SIZE_LIMIT: Final = 200_000

_WORDS: Final = {
    "missing": "is needed",
    "model_type": "must be a table",
    "tuple_type": "must be an array, in [ ]",
    "bool_type": "must be true or false",
    "string_type": "must be a string, in quotes",
    "too_short": "must not be empty",
}

Mistake = tuple[Path, str]
"""Where something is wrong, and what is right there."""

TableT = TypeVar("TableT", bound=Table)
_id: Final = TypeAdapter[str](Id)
_name: Final = TypeAdapter[str](Name)


@dataclass(frozen=True, slots=True)
class Routes:
    """Everything that a file says."""

    routes: Mapping[str, Route]
    schedules: Mapping[str, Schedule]
    name: str
    """What errors call the file."""
    text: str

    def refuse(self, mistakes: Iterable[Mistake]) -> None:
        """Refuse the file if there are any: what it says is well said, but can't be done.

        Raises:
            ConfigurationError: One line for each mistake: file, line, key, and what is right.
        """
        _refuse(self.name, self.text, mistakes)


def load_routes(path: FilePath) -> Routes:
    """Read a file.

    Raises:
        ConfigurationError: It can't be read or something in it is wrong: one line for each mistake.
    """
    try:
        with path.open("rb") as file:
            read = file.read(_SIZE_LIMIT + 1)
        text = read.decode("utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"{path}: can't be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: must be text in UTF-8") from None
    if len(read) > _SIZE_LIMIT:
        raise ConfigurationError(f"{path}: must be at most {_SIZE_LIMIT:,} bytes")
    return parse_routes(text, name=str(path))


def parse_routes(text: str, *, name: str = "routes.toml") -> Routes:
    """Read a file's text; `name` is what errors call the file.

    Raises:
        ConfigurationError: One line for each mistake: file, line, key, and what is right.
    """
    text = text.replace("\r\n", "\n")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what, _, where = str(error).partition(" (at ")
        line = re.match(r"line (\d+)", where)
        number = int(line[1]) if line else text.count("\n") + 1
        raise ConfigurationError(f"{name}:{number}: not valid TOML: {what}") from None
    except RecursionError:
        raise ConfigurationError(f"{name}:1: not valid TOML: nested too deeply") from None
    reader = _Reader(document)
    routes, schedules = reader.read()
    _refuse(name, text, reader.mistakes)
    return Routes(routes, schedules, name, text)


def _refuse(name: str, text: str, mistakes: Iterable[Mistake]) -> None:
    if told := list(mistakes):
        lines = line_numbers(text)
        found = sorted((find_line(lines, path), _dotted(path), words) for path, words in told)
        raise ConfigurationError("\n".join(f"{name}:{n}: {key}: {w}" for n, key, w in found))


@dataclass
class _Reader:
    """Reads the sections in the order in which they refer to each other."""

    document: dict[str, Any]
    mistakes: list[Mistake] = field(default_factory=list[Mistake])

    def read(self) -> tuple[dict[str, Route], dict[str, Schedule]]:
        for key in self.document.keys() - set(SECTIONS):
            self.mistakes.append(((key,), f"unknown table; {did_you_mean(key, SECTIONS)}"))
        # A mistake in a person or a schedule is told once, not again wherever its name is used.
        people = {
            name: Person(id=self._id("people", name), name=name) for name in self._names("people")
        }
        roles = {name: Role(id=self._id("roles", name), name=name) for name in self._names("roles")}
        context: dict[str, Mapping[str, Any]] = {"people": people, "roles": roles}
        schedules = {
            name: self._table(Schedule, ("schedules", name), context)
            or Schedule.model_construct(name=name, time_zone=ZoneInfo("UTC"))
            for name in self._names("schedules")
        }
        context["schedules"] = schedules
        routes: dict[str, Route] = {}
        for name in self._names("routes"):
            if route := self._table(Route, ("routes", name), context):
                routes[name] = route
                self.mistakes += [
                    (("routes", name, *path), words) for path, words in contradictions(route)
                ]
        if DEFAULT_ROUTE not in self._section("routes"):
            self.mistakes.append(
                (("routes",), f"needs a route {DEFAULT_ROUTE!r}, for questions that name none")
            )
        return routes, schedules

    def _section(self, section: str) -> dict[str, Any]:
        value = self.document.get(section, {})
        return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]

    def _names(self, section: str) -> Iterator[str]:
        """List a section's names that are proper ones."""
        if not isinstance(self.document.get(section, {}), dict):
            self.mistakes.append(((section,), _WORDS["model_type"]))
        for name in self._section(section):
            try:
                _name.validate_python(name)
            except ValidationError as error:
                self._note((section, name), error)
            else:
                yield name

    def _id(self, section: str, name: str) -> str:
        try:
            return _id.validate_python(self._section(section)[name])
        except ValidationError as error:
            self._note((section, name), error)
            return name

    def _table(self, kind: type[TableT], path: Path, context: object) -> TableT | None:
        section, name = path
        content: object = self._section(str(section))[str(name)]
        if isinstance(content, dict):
            if "name" in content:
                self.mistakes.append(
                    ((*path, "name"), "unknown key; the name stands in the header")
                )
            content = {**content, "name": name}  # pyright: ignore[reportUnknownVariableType]
        try:
            return kind.model_validate(content, context=context)
        except ValidationError as error:
            self._note(path, error, kind)
            return None

    def _note(self, path: Path, error: ValidationError, kind: type[Table] = Table) -> None:
        for problem in error.errors(include_input=False, include_url=False, include_context=False):
            if problem["type"] == "extra_forbidden":
                *above, key = problem["loc"]
                known = _table_at(kind, above).model_fields.keys() - {"name"}
                words = f"unknown key; {did_you_mean(str(key), known)}"
            else:
                words = _WORDS.get(problem["type"]) or problem["msg"].removeprefix("Value error, ")
                words = words.replace("Input should be", "must be")
            self.mistakes.append(((*path, *problem["loc"]), words))


def _table_at(kind: type[BaseModel], path: list[str | int]) -> type[BaseModel]:
    """Find the kind of table that stands at a path below another."""
    for key in path:
        if isinstance(key, str):
            kind = next(_tables_in(kind.model_fields[key].annotation))
    return kind


def _tables_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _tables_in(part)


def _dotted(path: Path) -> str:
    """Write a path as people do: routes.support.tiers[1].users, counting from 1."""
    parts = (
        f"[{key + 1}]" if isinstance(key, int) else f".{key if key.isprintable() else repr(key)}"
        for key in path
    )
    return "".join(parts).removeprefix(".")

"""Reading JSON of unknown shape: what is not of the expected kind counts as absent."""

from __future__ import annotations

from typing import Any, cast


def as_object(value: object) -> dict[str, Any]:
    """Return a JSON object, or an empty one for anything else."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """Return a JSON array, or an empty one for anything else."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def is_object(value: object) -> bool:
    """Tell whether a value is a JSON object."""
    return isinstance(value, dict)


def is_list(value: object) -> bool:
    """Tell whether a value is a JSON array."""
    return isinstance(value, list)


def objects_in(value: object) -> list[dict[str, Any]]:
    """Return the objects of a JSON array."""
    return [as_object(item) for item in as_list(value) if is_object(item)]

"""Files of routes as small as can be, for processes that tests start."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from discord_double import defaults


def write_routes(path: Path, routes: Mapping[str, Mapping[str, str]]) -> Path:
    """Write a file whose routes ask Maya and the operators' role, with what each says beside it."""
    operators = f"users = [{defaults.MAYA_ID}], roles = [{defaults.OPERATOR_ROLE_ID}]"
    lines: list[str] = []
    for name, more in routes.items():
        lines += [f"[routes.{name}]", f"channels = [{defaults.CHANNEL_ID}]"]
        lines += [f"operators = {{ {operators} }}"]
        lines += [f'{key} = "{value}"' for key, value in more.items()]
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return path


def with_grace(path: Path, *, grace: int, timeout: int = 600) -> Path:
    """Write a file whose one route lets people correct their answers for so many seconds."""
    more = {"timeout": f"{timeout}s", "correction_grace": f"{grace}s"}
    return write_routes(path, {"default": more})

"""A file of routes as small as can be, for processes that tests start."""

from __future__ import annotations

from pathlib import Path

from discord_double import defaults


def with_grace(path: Path, *, grace: int, timeout: int = 600) -> Path:
    """Write a file whose one route lets people correct their answers for so many seconds."""
    path.write_text(
        f"""
[people]
maya = {defaults.MAYA_ID}
[roles]
operators = {defaults.OPERATOR_ROLE_ID}
[routes.default]
channels = [{defaults.CHANNEL_ID}]
operators = {{ users = ["maya"], roles = ["operators"] }}
timeout = "{timeout}s"
correction_grace = "{grace}s"
""",
        encoding="utf-8",
    )
    return path

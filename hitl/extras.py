"""What each command needs to be installed, found out without importing any of it."""

from __future__ import annotations

import importlib.util
from typing import Final

# What each command needs beyond the core, by the extra that installs it.
NEEDS: Final[dict[str, tuple[str, ...]]] = {
    "gateway": ("mcp", "starlette", "uvicorn", "redis", "arq"),
    "worker": ("arq", "redis", "discord", "starlette", "uvicorn", "sse_starlette"),
    "bridge": ("mcp",),
    "agent": ("videosdk", "mcp", "starlette", "uvicorn", "sse_starlette"),
    "all": (
        *("redis", "arq", "mcp", "discord", "videosdk"),
        *("starlette", "uvicorn", "sse_starlette", "httpx2"),
    ),
}


def missing(extra: str) -> list[str]:
    """List the packages of an extra that are not installed, without importing any."""
    return [name for name in NEEDS[extra] if importlib.util.find_spec(name) is None]


def how_to_install(extra: str) -> str:
    """Say what installs an extra. No package index has it: it is installed from its sources."""
    return f'pip install ".[{extra}]" in the project\'s folder'

"""A typed door to the Lua files: each script is read once and called by name."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, cast

from shared.redis_adapter.connection import translated_errors

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.commands.core import AsyncScript

_USES: Final = {
    "_enqueue": frozenset({"accept", "requeue"}),
    "_conclude": frozenset({"conclude", "vote"}),
    "_show": frozenset({"claim", "keep_late_answer", "note_delivery", "remark", "vote"}),
    "_fence": frozenset(
        {
            "claim",
            "conclude",
            "first_notice",
            "keep_late_answer",
            "note_heard",
            "note_heard_until",
            "remark",
            "vote",
        }
    ),
}
_QUEUEING: Final = _USES["_enqueue"] | _USES["_conclude"] | _USES["_show"]
_PARTS: Final = _USES | {"_enqueue": _QUEUEING}
"""What is put in front of which scripts."""


@cache
def source(name: str) -> str:
    """Read a script, with the functions that it uses in front."""
    folder = files("shared.redis_adapter") / "lua"
    parts = [part for part, users in _PARTS.items() if name in users]
    return "".join((folder / f"{each}.lua").read_text(encoding="utf-8") for each in (*parts, name))


class Scripts:
    """Calls scripts on one client."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._scripts: dict[str, AsyncScript] = {}

    async def call(
        self, name: str, keys: Sequence[str], args: Sequence[str | int | float] = ()
    ) -> Any:
        """Run one script.

        Raises:
            StoreUnavailableError: Redis is away or refuses; nothing was done.
            StoreUncertainError: No answer came; the script ran wholly, or not at all.
        """
        script = self._scripts.get(name)
        if script is None:
            script = self._scripts[name] = self._redis.register_script(source(name))
        async with translated_errors(changes=True):
            return cast("Any", await script(keys=list(keys), args=list(args)))

"""A typed door to the Lua files: each script is read once and called by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha1
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, Self, cast

from redis.exceptions import NoScriptError

from shared.errors import StoreUnavailableError, StoreUncertainError, UnreadableRecordError
from shared.redis_adapter.connection import translated_errors, unavailable

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.commands.core import AsyncScript

    from shared.redis_adapter.keys import Keys
    from shared.settings import StoreSettings

_CONCLUDING: Final = frozenset({"conclude", "vote"})
_SHOWING: Final = _CONCLUDING | {
    *("claim", "keep_late_answer", "note_caller", "note_delivery", "note_progress"),
    *("remark", "show_again"),
    *("correct", "end_grace"),
}
_PARTS: Final = {
    "_waits": _SHOWING | {"find_idle", "requeue"},
    "_enqueue": _SHOWING | {"accept", "look_again", "requeue"},
    "_show": _SHOWING,
    "_conclude": _CONCLUDING,
    "_forget_precedents": frozenset({"forget_precedents", "remember"}),
    "_fence": frozenset(
        {
            "claim",
            "conclude",
            "correct",
            "first_notice",
            "keep_claim",
            "keep_draft",
            "keep_files",
            "keep_late_answer",
            "note_heard",
            "note_heard_until",
            "note_read",
            "remark",
            "vote",
        }
    ),
}
"""What is put in front of which scripts, in this order."""
_PROMISING: Final = frozenset(
    {
        *("accept", "conclude", "keep_late_answer", "note_delivery"),
        *("remark", "vote"),
        *("correct", "hand_over"),
        *("lease", "note_manner", "note_posting", "hold_slot"),
        *("keep_access_key", "revoke_access_key"),
    }
)
"""After these somebody relies on what was written: a person is told that it is kept, or is asked in
Discord, or a worker posts or listens. They wait for replicas, where asked to. Otherwise a server
that was replaced and does not know it yet would take a posting into its grave, and the new primary
would not know the thread in which the answer is written."""

_READING: Final = frozenset({"find_idle", "find_precedents", "find_unlisted"})
"""These change nothing, so that nothing is uncertain where no answer comes."""


@dataclass(frozen=True, slots=True)
class Replicas:
    """How many must have a change before it counts, and how long they may take."""

    count: int
    milliseconds: int
    channel: str
    """Nobody listens there; see `Scripts`."""

    @classmethod
    def wanted(cls, settings: StoreSettings, keys: Keys) -> Self | None:
        """Read from the settings whether any are to be waited for."""
        count = settings.redis_wait_replicas
        return cls(count, settings.redis_wait_milliseconds, keys.replicated) if count else None


@cache
def source(name: str) -> str:
    """Read a script, with the functions that it uses in front."""
    folder = files("shared.redis_adapter") / "lua"
    parts = [part for part, users in _PARTS.items() if name in users]
    return "".join((folder / f"{each}.lua").read_text(encoding="utf-8") for each in (*parts, name))


class Scripts:
    """Calls scripts on one client.

    Where `replicas` are to be waited for, the script, a PUBLISH that nobody hears, and WAIT go over
    one connection. The PUBLISH is there because WAIT waits for the connection's own last write: a
    script that found its work done writes nothing, and what it found may not be replicated yet.
    """

    def __init__(self, redis: Redis, *, replicas: Replicas | None = None) -> None:
        self._redis = redis
        self._replicas = replicas
        self._scripts: dict[str, AsyncScript] = {}

    async def call(
        self, name: str, keys: Sequence[str], args: Sequence[str | int | float] = ()
    ) -> Any:
        """Run one script.

        Raises:
            StoreUnavailableError: Redis is away or refuses; nothing was done.
            StoreUncertainError: No answer came; the script ran wholly, or not at all. Or it ran,
                but too few replicas have it.
            UnreadableRecordError: It ran, and the record that it gave back is no text.
        """
        try:
            async with translated_errors(changes=name not in _READING):
                if self._replicas is not None and name in _PROMISING:
                    return await self._replicated(self._replicas, name, keys, args)
                script = self._scripts.get(name)
                if script is None:
                    script = self._scripts[name] = self._redis.register_script(source(name))
                return cast("Any", await script(keys=list(keys), args=list(args)))
        except UnicodeDecodeError as error:
            raise UnreadableRecordError from error

    async def read(self, command: str, key: str) -> Any:
        """Read one key. That nothing is there is believed only of a server that has its replicas.

        One that was replaced and does not know it yet lacks all that came since.

        Raises:
            StoreUnavailableError: Redis is away, or can't be believed.
        """
        async with translated_errors():
            found = await cast("Any", self._redis).execute_command(command, key)
            if found or self._replicas is None:
                return found
        return await self._believed(self._replicas, command, key, whole=False)

    async def read_whole(self, command: str, key: str, *more: str | float) -> Any:
        """Read a list, of which a server that was replaced lacks what came since.

        So none counts but that of a server that has its replicas.

        Raises:
            StoreUnavailableError: Redis is away, or can't be believed.
        """
        if self._replicas is not None:
            return await self._believed(self._replicas, command, key, *more, whole=True)
        async with translated_errors():
            return await cast("Any", self._redis).execute_command(command, key, *more)

    async def _believed(
        self, replicas: Replicas, command: str, *args: str | float, whole: bool
    ) -> Any:
        """Read, and refuse what is not believed: nothing, or where it must be `whole`, anything."""
        async with translated_errors():
            found, confirmed = await self._confirmed(replicas, command, *args)
        if isinstance(found, Exception):
            raise unavailable(found) from found
        if not confirmed and (whole or not found):
            lacking = "may not know all of it" if whole else "does not know of it"
            raise StoreUnavailableError(
                f"Redis {lacking}, but too few replicas confirmed that it is still the primary "
                f"(REDIS_WAIT_REPLICAS={replicas.count})"
            )
        return found

    async def _replicated(
        self,
        replicas: Replicas,
        name: str,
        keys: Sequence[str],
        args: Sequence[str | int | float],
    ) -> Any:
        result, confirmed = await self._confirmed(
            replicas, "EVALSHA", _sha1(name), len(keys), *keys, *args
        )
        if isinstance(result, NoScriptError):
            await self._redis.script_load(source(name))
            return await self._replicated(replicas, name, keys, args)
        if isinstance(result, Exception):
            raise result
        if not confirmed:
            raise StoreUncertainError(
                "Redis has it, but too few replicas confirmed it in time (REDIS_WAIT_REPLICAS="
                f"{replicas.count}), so that a failover might lose it"
            )
        return result

    async def _confirmed(self, replicas: Replicas, *command: str | float) -> tuple[Any, bool]:
        """Give what a command returned, and whether enough replicas have all until then."""
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.execute_command(*command)
            pipe.publish(replicas.channel, "")
            pipe.execute_command("WAIT", replicas.count, replicas.milliseconds)
            # Errors come as values: redis-py's own raising would write the arguments, a
            # customer's words, into the message.
            result, _, having = await pipe.execute(raise_on_error=False)
        # An error here: the server is no primary any more, and let go of whoever waited.
        return result, not isinstance(having, Exception) and having >= replicas.count


@cache
def _sha1(name: str) -> str:
    """Name a script as the server does."""
    return sha1(source(name).encode(), usedforsecurity=False).hexdigest()

"""What was written in one chat, numbered, so that a page that reconnects misses nothing."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncGenerator, Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from customer_agent.outcomes import SentFile

_KEPT: Final = 1_000


class Who(StrEnum):
    """Whose line it is."""

    CUSTOMER = "customer"
    AGENT = "agent"
    STATUS = "status"  # about the conversation, said by nobody


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the chat. `seconds` are counted from its beginning."""

    id: str
    who: Who
    text: str
    time: str
    seconds: float
    files: tuple[SentFile, ...] = ()
    """What the page offers as links."""

    def as_json(self) -> dict[str, Any]:
        """Give the line's fields as the page reads them."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class State:
    """How things are at the moment; unlike lines, only the newest matters."""

    open_questions: int = 0
    waiting_since: str | None = None
    """When the first of the open questions was asked."""
    thinking: bool = False
    ended: bool = False

    def as_json(self) -> dict[str, Any]:
        """Give the state as the page reads it."""
        return asdict(self)


def now_iso() -> str:
    """Write this moment as ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Transcript:
    """The lines and the state of one chat, and those who follow them."""

    def __init__(self, clock: Callable[[], float]) -> None:
        # A page may come back to another process, or to another chat under the same name: then
        # its last id means nothing here, and it gets everything.
        self._run = secrets.token_hex(4)
        self._clock = clock
        self._began = clock()
        self._count = 0
        self._lines: deque[tuple[int, Line]] = deque(maxlen=_KEPT)
        self._changed = asyncio.Event()
        self._closed = False
        self.state = State()

    def add(self, who: Who, text: str, files: tuple[SentFile, ...] = ()) -> Line:
        """Write a line, and show it to all followers."""
        self._count += 1
        line = Line(
            id=f"{self._run}-{self._count}",
            who=who,
            text=text,
            time=now_iso(),
            seconds=round(self._clock() - self._began, 3),
            files=files,
        )
        self._lines.append((self._count, line))
        self._tell_all()
        return line

    def set_state(self, state: State) -> None:
        """Replace the state, and show it to all followers."""
        if state != self.state:
            self.state = state
            self._tell_all()

    async def follow(self, after: str | None) -> AsyncGenerator[Line | State]:
        """Yield the lines after the one with this id, then what comes, states in between.

        An id from elsewhere, or none, yields the whole chat. Ends with the conversation, or
        when the transcript is closed.
        """
        seen, shown = self._number(after), None
        while True:
            changed = self._changed
            for number, line in list(self._lines):
                if number > seen:
                    seen = number
                    yield line
            if shown != self.state:
                shown = self.state
                yield shown
            if changed.is_set():
                continue
            if self.state.ended or self._closed:
                return
            await changed.wait()

    def close(self) -> None:
        """Send the followers away although the conversation goes on elsewhere."""
        self._closed = True
        self._tell_all()

    def _number(self, line_id: str | None) -> int:
        run, _, number = (line_id or "").rpartition("-")
        return int(number) if run == self._run and number.isdecimal() else 0

    def _tell_all(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

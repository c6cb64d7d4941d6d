"""Tells outcomes to the customer: one at a time, each exactly once, until it was really spoken.

Hold lines fill long silences while a question is open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from customer_agent.floor import Floor
from customer_agent.notices import Notices
from customer_agent.outcomes import Outcome, in_plain_words
from customer_agent.voice import Telling, Told, Voice
from shared.crash_points import CrashPoint, crash_point
from shared.telemetry import get_logger

_log = get_logger(__name__)

_FIRST_RETRY_SECONDS: Final = 0.2
_LONGEST_RETRY_SECONDS: Final = 5.0
_FAILURES_BEFORE_PLAIN_WORDS: Final = 3
"""How often the model may fail on one outcome before we say it without the model."""

_HOLD_LINES: Final = (
    "I'm still waiting to hear from my colleague. Thanks for your patience.",
    "Nothing yet, but your question is still with my colleagues.",
    "I haven't forgotten you. As soon as somebody answers, I'll tell you.",
)


class Delivery:
    """Speaks what comes of the questions of one conversation."""

    def __init__(
        self,
        voice: Voice,
        floor: Floor,
        notices: Notices,
        *,
        on_told: Callable[[Outcome], None],
        hold_line_after: float,
    ) -> None:
        self._voice = voice
        self._floor = floor
        self._notices = notices
        self._on_told = on_told
        self._hold_line_after = hold_line_after
        self._outcomes: asyncio.Queue[Outcome] = asyncio.Queue()
        self._waiting = asyncio.Event()
        self._lines_said = 0

    def add(self, outcome: Outcome) -> None:
        """Have `outcome` spoken as soon as the floor is free."""
        self._outcomes.put_nowait(outcome)

    def note_open_questions(self, count: int) -> None:
        """Fill silences from now on if `count` questions wait for colleagues, else stop."""
        if count:
            self._waiting.set()
        else:
            self._waiting.clear()
            self._lines_said = 0

    def note_customer(self) -> None:
        """Note that the customer has spoken: silences are counted anew."""
        self._lines_said = 0
        self._floor.sound()

    async def run(self) -> None:
        """Speak outcomes, and hold lines in between, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._tell_outcomes(), name="tell-outcomes")
            if self._hold_line_after > 0:
                tasks.create_task(self._fill_silences(), name="fill-silences")

    async def _tell_outcomes(self) -> None:
        while True:
            await self._tell(await self._outcomes.get())

    async def _tell(self, outcome: Outcome) -> None:
        """Speak one outcome; returns only when it was spoken."""
        instructions, pause, failures = self._notices.write(outcome), _FIRST_RETRY_SECONDS, 0
        while True:
            async with self._floor:
                await self._voice.until_free()
                if failures < _FAILURES_BEFORE_PLAIN_WORDS:
                    told = await self._voice.tell(instructions)
                else:
                    told = await self._tell_without_model(outcome)
                self._floor.sound()
            heard = told.telling is Telling.INTERRUPTED and _holds(told.words, outcome.quoted)
            if told.telling is Telling.SPOKEN or heard:
                _log.info("outcome_spoken", ticket=outcome.ticket, ending=outcome.ending)
                crash_point(CrashPoint.OUTCOME_SPOKEN)
                self._on_told(outcome)
                return
            _log.info("outcome_not_spoken", ticket=outcome.ticket, why=told.telling)
            failures += told.telling is Telling.SILENT
            await asyncio.sleep(pause)
            pause = min(_LONGEST_RETRY_SECONDS, pause * 2)

    async def _tell_without_model(self, outcome: Outcome) -> Told:
        words = in_plain_words(outcome)
        said = await self._voice.say(words, remember=True)
        _log.warning("outcome_model_given_up", ticket=outcome.ticket)
        return Told(Telling.SPOKEN if said else Telling.SILENT, words)

    async def _fill_silences(self) -> None:
        while True:
            await self._waiting.wait()
            # Each line makes the next one rarer: a minute of the same words is worse than none.
            remaining = self._hold_line_after * (self._lines_said + 1) - self._floor.silence()
            if remaining > 0:
                await asyncio.sleep(remaining)
                continue
            async with self._floor:
                if self._waiting.is_set() and self._outcomes.empty():
                    await self._voice.until_free()
                    line = _HOLD_LINES[self._lines_said % len(_HOLD_LINES)]
                    await self._voice.say(line, remember=False)
                    self._lines_said += 1
                self._floor.sound()


def _holds(words: str, quoted: str | None) -> bool:
    """Tell whether the customer heard all of a person's words before speaking into them."""
    return bool(quoted) and " ".join((quoted or "").split()) in " ".join(words.split())

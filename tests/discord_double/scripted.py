"""A scripted operator: answers by rule, after a delay, as one of the people.

It takes each thread that a bot starts for a question, reads the message the thread was
started from, and writes in the thread or presses a button. Each question is answered on
its own, so that a slow answer holds up no other.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import Refusal
from .forms import BUTTON, interactive
from .model import Thread
from .reading import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .events import Event
    from .model import Message
    from .people import Person
    from .world import World


@dataclass(frozen=True, slots=True)
class Question:
    """What the operator sees when a bot starts a thread."""

    number: int  # 1 for the first
    thread: Thread
    starter: Message | None
    text: str


@dataclass(frozen=True, slots=True)
class Press:
    """The answer of someone who presses a button instead of writing."""

    button: str  # its label or custom_id


Answer = str | Press | None  # None: the operator keeps silent


def by_table(rows: Iterable[tuple[str, Answer]]) -> Callable[[Question], Answer]:
    """Answer by the first row whose pattern is found in the question, ignoring case.

    In a written answer, "{question}" and "{number}" stand for the question's own.
    """
    table = [(re.compile(pattern, re.IGNORECASE), answer) for pattern, answer in rows]

    def answer(question: Question) -> Answer:
        found = (answer for pattern, answer in table if pattern.search(question.text))
        chosen = next(found, None)
        if not isinstance(chosen, str):
            return chosen
        filled = chosen.replace("{question}", question.text)
        return filled.replace("{number}", str(question.number))

    return answer


class ScriptedOperator:
    """Answers questions until it is stopped. Made and started by the double."""

    def __init__(
        self,
        world: World,
        person: Person,
        rule: Callable[[Question], Answer],
        delay: float | Callable[[Question], float] = 0.0,
    ) -> None:
        self._world = world
        self._person = person
        self._rule = rule
        self._delay = delay
        self._inbox: asyncio.Queue[Question] = asyncio.Queue()
        self._work: asyncio.Task[None] | None = None
        self.seen: list[Question] = []
        self.answered: list[tuple[Question, Answer]] = []
        # Answers that came too late or were not allowed, with the refusal.
        self.refused: list[tuple[Question, Exception]] = []

    def start(self) -> None:
        """Begin to answer the questions asked from now on."""
        self._world.listen(self._hear)
        self._work = asyncio.create_task(self._serve())

    async def stop(self) -> None:
        """Leave what is not yet answered unanswered."""
        self._world.ignore(self._hear)
        if self._work is not None:
            self._work.cancel()
            await asyncio.wait({self._work})

    def _hear(self, event: Event) -> None:
        if event.name != "THREAD_CREATE" or event.channel_id is None:
            return
        thread = self._world.channel(event.channel_id)
        owner = self._world.users.get(thread.owner_id) if isinstance(thread, Thread) else None
        if not isinstance(thread, Thread) or owner is None or not owner.bot:
            return
        parent = self._world.channels.get(thread.parent_id or 0)
        starter = parent.messages.get(thread.id) if parent else None
        text = text_of(starter) if starter else thread.name
        question = Question(len(self.seen) + 1, thread, starter, text)
        self.seen.append(question)
        self._inbox.put_nowait(question)

    async def _serve(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            while True:
                question = await self._inbox.get()
                tasks.create_task(self._answer(question))

    async def _answer(self, question: Question) -> None:
        delay = self._delay
        await asyncio.sleep(delay if isinstance(delay, int | float) else delay(question))
        answer = self._rule(question)
        try:
            if isinstance(answer, Press):
                await self._press(question, answer)
            elif answer is not None:
                await self._person.write(question.thread, answer)
        except (Refusal, LookupError, ValueError) as refusal:
            self.refused.append((question, refusal))
        else:
            self.answered.append((question, answer))
        self._world.stir()

    async def _press(self, question: Question, press: Press) -> None:
        """Press the button where it stands: on the starter or on a message of the thread."""
        starter = [question.starter] if question.starter else []
        for message in (*starter, *question.thread.messages):
            offered = (c for c in interactive(message.components) if c["type"] == BUTTON)
            if any(press.button in {c["custom_id"], c.get("label")} for c in offered):
                await self._person.click(message, press.button)
                return
        raise LookupError(f"no button {press.button!r} in thread {question.thread.id}")

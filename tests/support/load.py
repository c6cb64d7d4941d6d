"""Agents that ask without a pause while something is being broken."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from discord_double import DiscordDouble
from discord_double.reading import text_of
from mcp import Client

from support.discord_views import answer_text, structured

ANSWERED_WITHIN = 40.0
"""From the end of the load on: what is not answered then has been lost."""
LONGEST_CALL = 3.0
"""A call that fails must say so within 2 s; a second more for a busy machine."""


def answer_to(question: str) -> str:
    """Say what the scripted operator answers."""
    return f"answer to {question}"


@dataclass(slots=True)
class Load:
    """Asks as agents do: again with the same key after an error, then checks until answered."""

    urls: Sequence[str]
    answers: dict[str, str] = field(default_factory=dict[str, str])
    """Of each question that a gateway said it had accepted, by id; empty until it came."""
    questions: dict[str, str] = field(default_factory=dict[str, str])
    accepted: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    """When each was asked for the time that succeeded, and when it was accepted."""
    errors: list[str] = field(default_factory=list[str])
    longest_error: float = 0.0
    _asked: int = 0
    _stopping: bool = False

    async def until_accepted_after(self, moment: float, *, count: int = 1) -> float:
        """Wait until so many calls begun after a moment have succeeded; tell when the first did."""
        while len(since := [end for start, end in self.accepted if start > moment]) < count:
            await asyncio.sleep(0.05)
        return min(since)

    def stop(self) -> None:
        """Ask nothing new; what was asked goes on until it is answered."""
        self._stopping = True

    async def ask_on(self, number: int) -> None:
        """Be one agent."""
        async with Client(self.urls[number % len(self.urls)]) as agent:
            while not self._stopping:
                self._asked += 1
                await self._ask(agent, f"Load {self._asked}?")

    async def _ask(self, agent: Client, question: str) -> None:
        arguments = {"question": question, "idempotency_key": question, "wait_seconds": 0}
        while True:
            began = time.monotonic()
            if (told := await self._call(agent, "ask_human", arguments)) is not None:
                break
        self.accepted.append((began, time.monotonic()))
        escalation_id = str(told["escalation_id"])
        self.questions[escalation_id] = question
        self.answers[escalation_id] = ""
        while not self.answers[escalation_id]:
            told = await self._call(
                agent, "check_answer", {"escalation_id": escalation_id, "wait_seconds": 2}
            )
            if told is not None and told["status"] != "pending":
                self.answers[escalation_id] = str(told["answer"])

    async def _call(
        self, agent: Client, tool: str, arguments: Mapping[str, object]
    ) -> dict[str, object] | None:
        began = time.monotonic()
        result = await agent.call_tool(tool, dict(arguments))
        if not result.is_error:
            return structured(result)
        self.longest_error = max(self.longest_error, time.monotonic() - began)
        self.errors.append(answer_text(result))
        assert "try again" in answer_text(result), answer_text(result)
        await asyncio.sleep(0.1)
        return None


@asynccontextmanager
async def load(
    double: DiscordDouble,
    urls: Sequence[str],
    *,
    agents: int = 4,
    known: Callable[[str], Awaitable[str]] | None = None,
) -> AsyncGenerator[Load]:
    """Let agents ask and the operator answer; at the end all that was accepted is answered once.

    `known` says what is known of a question, by its id, for when it is stuck.
    """
    await double.employ_operator(lambda question: answer_to(question.thread.name), delay=0.1)
    asking = Load(urls)
    patience = asyncio.timeout(None)
    try:
        async with patience, asyncio.TaskGroup() as group:
            for number in range(agents):
                group.create_task(asking.ask_on(number))
            yield asking
            asking.stop()
            patience.reschedule(asyncio.get_running_loop().time() + ANSWERED_WITHIN)
    except TimeoutError as error:
        if not patience.expired():
            raise
        stuck = [each for each, answer in asking.answers.items() if not answer]
        said = [
            "\n".join([f"{each} {asking.questions[each]}", *_in_discord(double, each)])
            + (f"\n{await known(each)}" if known else "")
            for each in stuck
        ]
        raise AssertionError(
            "accepted and never answered:\n" + "\n\n".join(said)
            if stuck
            else f"not accepted: {asking.errors[-3:]}"
        ) from error
    wrong = {
        question: asking.answers[each]
        for each, question in asking.questions.items()
        if asking.answers[each] != answer_to(question)
    }
    assert not wrong
    starters = [text_of(each) for each in double.channel.messages]
    shown = {each: sum(each in text for text in starters) for each in asking.questions}
    assert set(shown.values()) == {1}, {each: n for each, n in shown.items() if n != 1}
    assert asking.longest_error < LONGEST_CALL


def _in_discord(double: DiscordDouble, escalation_id: str) -> list[str]:
    """Say what stands in Discord about a question."""
    lines: list[str] = []
    for starter in double.channel.messages:
        if escalation_id not in text_of(starter):
            continue
        lines.append(f"its message: {starter.id}")
        thread = double.world.channels.get(starter.id)
        written = thread.messages if thread else ()
        lines += [f"in its thread: {each.id} {each.content}" for each in written]
    return lines or ["no message in Discord"]

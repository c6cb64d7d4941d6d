"""One scene, played through the same HTTP interfaces that the two pages use.

A customer asks for a discount; the agent asks a person, and goes on talking; the operator answers
at the desk; the agent tells the customer. Nothing is waited for by the clock: each line follows
from the one before it.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Final

import httpx2

from hitl.demo.processes import DemoError
from hitl.demo.stage import Stage
from hitl.demo.streams import Event, open_stream
from shared.conversation import name_of_conversation

STEP_SECONDS: Final = 15.0
ASKS: Final = "Hello! Can I get 10 % off if I take two of the oak shelves?"
MEANWHILE: Final = "And when are you open on Saturday?"
ANSWERS: Final = "Yes, 10 % off for two oak shelves, until Friday."

OnLine = Callable[[float, str, str], None]
"""Told the seconds since the scene began, who speaks, and what is said."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long the scene's two promises took, in seconds."""

    meanwhile: float
    """From the customer's second question, put while the first waited, to the agent's reply."""
    answer: float
    """From the question's arrival at the desk until the agent told the customer the answer."""


class _Side:
    """What is heard on one of the two sides, read step by step."""

    def __init__(self, who: str, events: AsyncGenerator[Event]) -> None:
        self._who = who
        self._events = events

    async def hear(self, awaited: str, matches: Callable[[Event], bool]) -> Event:
        """Read on until an event matches.

        Raises:
            DemoError: None came in time, or the stream ended.
        """
        try:
            async with asyncio.timeout(STEP_SECONDS):
                async for event in self._events:
                    if matches(event):
                        return event
        except TimeoutError:
            raise DemoError(
                f"{self._who}: {awaited} did not come within {STEP_SECONDS:.0f} s"
            ) from None
        raise DemoError(f"{self._who}: the stream ended before {awaited} came")


async def play(stage: Stage, *, on_line: OnLine) -> Timing:
    """Play the scene.

    Raises:
        DemoError: Somebody did not say what they should.
    """
    began = time.monotonic()
    conversation = f"demo-{secrets.token_hex(8)}"
    chat, desk = stage.chat_url, stage.desk_url

    def line(who: str, text: str) -> float:
        now = time.monotonic()
        on_line(now - began, who, text)
        return now

    try:
        async with (
            httpx2.AsyncClient(trust_env=False, timeout=STEP_SECONDS) as client,
            open_stream(client, f"{desk}/api/events") as at_desk,
            open_stream(client, f"{chat}/events?c={conversation}") as in_chat,
        ):
            customer, operator = _Side("chat", in_chat), _Side("desk", at_desk)

            async def say(text: str) -> float:
                await _post(client, f"{chat}/messages?c={conversation}", {"text": text})
                return line("customer", text)

            async def agent_says(awaited: str, holds: str = "") -> float:
                spoken = await customer.hear(awaited, lambda event: _spoken(event, holds))
                return line("agent", str(spoken.data["text"]))

            await agent_says("the agent's greeting")
            await say(ASKS)
            await agent_says("the agent's word that it asks a colleague", "colleague")
            question = await operator.hear(
                "the question", lambda event: _is_asked(event, conversation)
            )
            arrived = line("desk", f"New question: {question.data['text']}")
            asked = await say(MEANWHILE)
            meanwhile = await agent_says("the agent's reply to the second question") - asked
            line("operator", ANSWERS)
            await _post(
                client,
                f"{desk}/api/questions/{question.data['id']}/answer",
                {"text": ANSWERS, "name": "Maya", "source": secrets.token_hex(16)},
            )
            told = await agent_says("the answer", "until Friday")
            return Timing(meanwhile=meanwhile, answer=told - arrived)
    except httpx2.HTTPStatusError as error:
        said = error.response.text[:200] if error.response.is_closed else ""
        raise DemoError(
            f"{error.request.url} refused: {error.response.status_code} {said}"
        ) from error
    except httpx2.HTTPError as error:
        raise DemoError(f"a connection broke: {type(error).__name__} {error}".strip()) from error


def _spoken(event: Event, holds: str) -> bool:
    if event.name != "message" or event.data.get("who") != "agent":
        return False
    return holds in str(event.data.get("text", ""))


def _is_asked(event: Event, conversation: str) -> bool:
    """Whether this is our question; others may lie on the desk from an earlier run."""
    return (
        event.name == "question"
        and event.data.get("conversation") == name_of_conversation(conversation)
        and event.data.get("open") is True
    )


async def _post(client: httpx2.AsyncClient, url: str, body: dict[str, str]) -> None:
    response = await client.post(url, json=body)
    response.raise_for_status()
    if response.status_code not in {200, 202}:
        raise DemoError(f"{url} answered {response.status_code}: {response.text[:200]}")

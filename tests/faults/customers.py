"""Customers at the chat pages of agents: each asks one question in a conversation of its own.

The page stays open to the end, so that what is told twice is seen. A host that is ended takes its
page with it; the customer comes back with the same conversation to the next one, as a browser does.
"""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import suppress
from itertools import count
from typing import Any

import httpx2

from faults.fleet import Fleet, Slot
from faults.history import History, What
from faults.plan import Plan, dice

COME_BACK_SECONDS = 0.3
PATIENCE = 35.0
"""After the last fault. What was lost with its host before it was asked is never told."""
_TELLS = re.compile(
    r"^(?:I have heard back|There is an answer after all|I'm sorry, nobody could answer"
    r"|I'm sorry, I could not get|My colleague has corrected)"
)
"""How the agent's words begin when it tells an outcome."""


class Customer:
    """One customer after another, at one host."""

    def __init__(
        self,
        number: int,
        plan: Plan,
        seed: int,
        fleet: Fleet,
        history: History,
        calm: asyncio.Event,
    ) -> None:
        self._number = number
        self._seed = seed
        self._hang_ups = plan.hang_ups
        self._history = history
        self._calm = calm
        self._host = fleet.agents[number % plan.agents]

    async def run(self) -> None:
        """See `Asker.run`."""
        async with asyncio.TaskGroup() as group:
            talks: list[Talk] = []
            for number in count(1):
                if self._calm.is_set():
                    break
                token = f"Q{100 + self._number}x{number}"
                talk = Talk(token, self._host, self._history)
                talks.append(talk)
                group.create_task(talk.listen())
                await talk.ask()
                by = dice(self._seed, "customer", token)
                if by.random() < self._hang_ups:
                    group.create_task(talk.hang_up(after=by.uniform(0.0, 4.0)))
                with suppress(TimeoutError):
                    async with asyncio.timeout(by.uniform(2.0, 6.0)):
                        await talk.told.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    for talk in talks:
                        await talk.told.wait()
            for talk in talks:
                talk.leave()


class Talk:
    """One conversation about one question."""

    def __init__(self, token: str, host: Slot, history: History) -> None:
        self.told = asyncio.Event()
        self._token = token
        self._host = host
        self._history = history
        self._greeted = asyncio.Event()
        self._seen: set[str] = set()
        self._left = False
        self._http = httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{host.process.env['CHAT_PORT']}",
            params={"c": f"talk-{token}"},
            timeout=httpx2.Timeout(10, read=None),
        )
        self._listening: asyncio.Task[None] | None = None

    async def ask(self) -> None:
        """Say it once, as soon as the agent has greeted: a customer does not repeat themselves."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self._greeted.wait()
        text = f"Can I get 10 % off, I am customer {self._token}?"
        with suppress(httpx2.HTTPError):
            reply = await self._http.post("/messages", json={"text": text})
            if reply.is_success:
                self._history.note(What.SAID, token=self._token, text=text)

    async def listen(self) -> None:
        """Read the page, and open it again whenever it breaks off, until `leave`."""
        self._listening = asyncio.current_task()
        async with self._http:
            try:
                while True:
                    with suppress(httpx2.HTTPError):
                        await self._read()
                    await asyncio.sleep(COME_BACK_SECONDS)
            except asyncio.CancelledError:
                if not self._left:
                    raise

    async def _read(self) -> None:
        async with self._http.stream("GET", "/events") as stream:
            async for line in stream.aiter_lines():
                if line.startswith("data:"):
                    self._take(json.loads(line.removeprefix("data:")))

    async def hang_up(self, *, after: float) -> None:
        """End the conversation. The page opens it again, as one does who has thought better of it.

        Until the old one has ended, the page sees the end of that and looks again.
        """
        await asyncio.sleep(after)
        if self._left:
            return  # it was told everything before that, and its page is closed
        self._history.note(What.HUNG_UP, token=self._token)
        with suppress(httpx2.HTTPError):
            await self._http.post("/end", json={})

    def leave(self) -> None:
        """Close the page."""
        self._left = True
        if self._listening is not None:
            self._listening.cancel()

    def _take(self, event: dict[str, Any]) -> None:
        if event.get("who") != "agent" or event["id"] in self._seen:
            return
        self._seen.add(event["id"])
        self._greeted.set()
        if _TELLS.match(event["text"]) and self._token in event["text"]:
            self._history.note(What.HEARD, token=self._token, text=event["text"])
            self.told.set()

"""The agent as a process behind its chat page, and a customer who reads and writes there."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from hitl.embedded_redis import free_port
from support.processes import Process


def agent_host(folder: Path, gateway_url: str, env: Mapping[str, str] | None = None) -> Process:
    """Describe an agent's process. It hurries, so that tests need not wait."""
    port = free_port()
    return Process(
        "customer_agent",
        {
            "GATEWAY_URL": gateway_url,
            "CHAT_PORT": str(port),
            "AGENT_HOLD_LINE_SECONDS": "0",
            **(env or {}),
        },
        folder / f"agent-{port}.log",
    )


@dataclass
class Customer:
    """Somebody at the chat page of one agent's process."""

    http: httpx2.AsyncClient
    conversation_id: str
    lines: list[str] = field(default_factory=list[str])
    """What the agent said, in order."""
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def says(self, text: str) -> None:
        """Write a message."""
        reply = await self.http.post(
            "/messages", params={"c": self.conversation_id}, json={"text": text}
        )
        reply.raise_for_status()

    async def hang_up(self) -> None:
        """End the chat. A host that dies of it has no answer."""
        with suppress(httpx2.TransportError):
            reply = await self.http.post("/end", params={"c": self.conversation_id}, json={})
            reply.raise_for_status()

    async def hears(self, part: str) -> str:
        """Wait for a line of the agent's that holds these words."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.count(part) > 0)
        return next(line for line in self.lines if part in line)

    def count(self, part: str) -> int:
        """Count the lines of the agent's that hold these words."""
        return sum(part in line for line in self.lines)

    async def listen(self) -> None:
        """Read the page's stream until the agent's process ends."""
        try:
            async with self.http.stream(
                "GET", "/events", params={"c": self.conversation_id}
            ) as stream:
                async for line in stream.aiter_lines():
                    if line.startswith("data:"):
                        await self._take(json.loads(line.removeprefix("data:")))
        except httpx2.TransportError:
            return  # a host that is killed ends in mid-sentence

    async def _take(self, event: Mapping[str, Any]) -> None:
        if event.get("who") == "agent":
            self.lines.append(str(event["text"]))
            async with self._changed:
                self._changed.notify_all()


@asynccontextmanager
async def customer_at(host: Process, conversation_id: str) -> AsyncGenerator[Customer]:
    """Open the chat page of a running host, greeted."""
    base = f"http://127.0.0.1:{host.env['CHAT_PORT']}"
    async with httpx2.AsyncClient(base_url=base, timeout=httpx2.Timeout(10, read=None)) as http:
        customer = Customer(http, conversation_id)
        listening = asyncio.create_task(customer.listen())
        try:
            await customer.hears("Hello")
            yield customer
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

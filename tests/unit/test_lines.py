"""What reads much is done for one agent one after the other, and never holds up another agent."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError
from support.gateway import asking_over, caller

from mcp_gateway.asking import Asking
from mcp_gateway.caller import Caller
from mcp_gateway.door.counting import TOO_MANY
from mcp_gateway.tasks.escalations import EscalationTasks
from mcp_gateway.tasks.listening import TaskSubscriptions
from mcp_gateway.tasks.shapes import LISTEN
from shared.errors import TooManyAtOnceError
from shared.escalation import Escalation
from shared.limits import Counted
from shared.memory.escalations import MemoryEscalations
from shared.shares import Lines

SHOP, BANK = caller("shop"), caller("bank")


class Slow(MemoryEscalations):
    """A store whose reads end when a test says so, and which notes how many are under way."""

    def __init__(self) -> None:
        super().__init__()
        self.under_way: list[str] = []
        self.begun = asyncio.Semaphore(0)
        self.go_on = asyncio.Semaphore(0)

    async def list_for_tenant(self, tenant: str, **how: Any) -> list[Escalation]:
        """See `EscalationStore.list_for_tenant`."""
        await self._read(tenant)
        return await super().list_for_tenant(tenant, **how)

    async def get(self, escalation_id: str) -> Escalation | None:
        """See `EscalationStore.get`."""
        await self._read(escalation_id)
        return None

    async def _read(self, of: str) -> None:
        self.under_way.append(of)
        self.begun.release()
        await self.go_on.acquire()
        self.under_way.remove(of)


def listing(asking: Asking, agent: Caller) -> Any:
    """List an agent's questions."""
    return asking.list_questions(agent, conversation_id=None, states=None)


async def test_those_in_a_line_come_one_after_the_other_in_their_order() -> None:
    lines, seen = Lines(), list[int]()

    async def come(number: int) -> None:
        async with lines.turn("shop", most=5) as has_turn:
            assert has_turn
            seen.append(number)
            await asyncio.sleep(0)
            assert seen[-1] == number, "nobody came in between"

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        for number in range(5):
            group.create_task(come(number))
    assert seen == [0, 1, 2, 3, 4]


async def test_a_full_line_takes_nobody_until_somebody_has_gone_and_another_line_does() -> None:
    lines = Lines()
    async with (
        asyncio.timeout(10),
        lines.turn("shop", most=1) as first,
        lines.turn("shop", most=1) as second,
        lines.turn("bank", most=1) as other,
    ):
        assert (first, second, other) == (True, False, True)
    async with lines.turn("shop", most=1) as again:
        assert again


async def test_who_gives_up_in_a_line_leaves_it() -> None:
    lines = Lines()

    async def come() -> None:
        async with lines.turn("shop", most=2):
            pass

    async with asyncio.timeout(10):
        async with lines.turn("shop", most=2):
            waiting = asyncio.create_task(come())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        async with lines.turn("shop", most=1) as has_turn:
            assert has_turn


async def test_one_agents_listings_are_made_one_after_the_other_beside_another_agents() -> None:
    store = Slow()
    asking = asking_over(store)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        for agent in (SHOP, SHOP, SHOP, BANK):
            group.create_task(listing(asking, agent))
        for _ in range(2):
            await store.begun.acquire()
        await asyncio.sleep(0)
        assert sorted(store.under_way) == ["bank", "shop"]
        for _ in range(4):
            store.go_on.release()


async def test_no_more_listings_stand_in_line_than_an_agent_may_call_at_once() -> None:
    store = Slow()
    asking = asking_over(store)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        for _ in range(SHOP.limits.burst):
            group.create_task(listing(asking, SHOP))
        await store.begun.acquire()
        with pytest.raises(TooManyAtOnceError, match=r"40 of this agent's.*Try again in 1 second"):
            await listing(asking, SHOP)
        for _ in range(SHOP.limits.burst):
            store.go_on.release()


def subscriptions(store: MemoryEscalations, calling: list[Caller]) -> TaskSubscriptions:
    """Serve streams over this store, to whoever stands last in the list."""
    tasks = EscalationTasks(asking_over(store), store.changes)

    async def still_let_in() -> bool:
        return True

    return TaskSubscriptions(tasks, owner=lambda: calling[-1], is_let_in=still_let_in)


class Stream:
    """A request for news of tasks, as the middleware sees it."""

    request_id = 1
    method = LISTEN
    protocol_version = "2026-07-28"
    request = None

    def __init__(self, tasks: Collection[str]) -> None:
        self.params = {"notifications": {"taskIds": list(tasks)}}
        self.session = self
        self.client_capabilities = self

    @property
    def extensions(self) -> dict[str, Any]:
        """What its client can do."""
        return {"io.modelcontextprotocol/tasks": {}}

    async def send_notification(self, *_: object, **__: object) -> None:
        """Hear the acknowledgement."""


async def test_one_agents_streams_begin_one_after_the_other_beside_another_agents() -> None:
    store, calling = Slow(), [SHOP]
    serving = subscriptions(store, calling)

    async def listen(tasks: Collection[str]) -> None:
        stream: Any = Stream(tasks)
        await serving(stream, lambda _: asyncio.sleep(0))

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        for agent, task in ((SHOP, "s1"), (SHOP, "s2"), (BANK, "b1")):
            calling.append(agent)
            group.create_task(listen([task]))
            await asyncio.sleep(0)
        for _ in range(2):
            await store.begun.acquire()
        assert sorted(store.under_way) == ["b1", "s1"]
        for _ in range(SHOP.limits.rate(Counted.LOOK).burst - 2):
            calling.append(SHOP)
            group.create_task(listen(["more"]))
            await asyncio.sleep(0)
        with pytest.raises(MCPError) as refused:
            await listen(["one more"])
        assert refused.value.error.code == TOO_MANY
        assert refused.value.error.data == {"retryAfterMs": 1000}
        for _ in range(1000):
            store.go_on.release()

"""A desk over questions in memory, by a clock that the test moves, with nothing listening."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass

import httpx2
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from support.clock import SteppedClock
from support.make import an_ask, an_outcome

from escalation_worker.answering import Answering
from escalation_worker.desk.app import build_desk
from escalation_worker.desk.channel import DESK_OPERATORS
from escalation_worker.discussing import Discussing
from escalation_worker.manners import MannerOf, usual
from escalation_worker.operators import Operators
from shared.escalation import Escalation, Outcome, Provenance, State
from shared.memory.discussion import MemoryDiscussion
from shared.memory.escalations import MemoryEscalations
from shared.ports.clock import Clock, utc_now

HOST = "127.0.0.1:8780"
PASSWORD = "a long enough password"


@dataclass(frozen=True, slots=True)
class Desk:
    """The desk as a browser sees it, and the store behind it."""

    client: httpx2.AsyncClient
    store: MemoryEscalations
    clock: SteppedClock

    async def asked(
        self, text: str = "May I give 10 % off?", *, seconds: float = 600
    ) -> Escalation:
        return (await self.store.accept(an_ask(text, timeout=seconds))).escalation

    async def ended(self, escalation: Escalation, state: State) -> None:
        await self.store.conclude(
            escalation.id, an_outcome(escalation, state, at=self.clock(), source="m1")
        )

    async def answer(
        self,
        escalation_id: str,
        text: str = "Yes, 10 %.",
        *,
        source: str = "submission-1",
        **more: str,
    ) -> httpx2.Response:
        return await self.client.post(
            f"/api/questions/{escalation_id}/answer", json={"text": text, "source": source, **more}
        )

    async def outcome(self, escalation: Escalation) -> Outcome | None:
        found = await self.store.get(escalation.id)
        assert found is not None
        return found.outcome


def a_desk(
    store: MemoryEscalations,
    *,
    password: str | None = None,
    operators: Operators = DESK_OPERATORS,
    manner_of: MannerOf = usual,
    clock: Clock = utc_now,
) -> Starlette:
    return build_desk(
        store,
        Answering(store, operators),
        Discussing(store, MemoryDiscussion(store), operators, manner_of),
        store,
        password=None if password is None else SecretStr(password),
        operator_name="Operator",
        clock=clock,
    )


def a_client(
    store: MemoryEscalations,
    clock: SteppedClock,
    *,
    password: str | None = None,
    operators: Operators = DESK_OPERATORS,
    manner_of: MannerOf = usual,
    host: str = HOST,
) -> httpx2.AsyncClient:
    desk = a_desk(store, password=password, operators=operators, manner_of=manner_of, clock=clock)
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(desk, raise_app_exceptions=True), base_url=f"http://{host}"
    )


@pytest.fixture
async def desk() -> AsyncGenerator[Desk]:
    """Build a desk without a password."""
    clock = SteppedClock()
    store = MemoryEscalations(clock=clock)
    async with a_client(store, clock) as client:
        yield Desk(client, store, clock)


@pytest.fixture
async def locked_desk() -> AsyncGenerator[Desk]:
    """Build a desk with a password."""
    clock = SteppedClock()
    store = MemoryEscalations(clock=clock)
    async with a_client(store, clock, password=PASSWORD, host="desk.example") as client:
        yield Desk(client, store, clock)


def by_the_system(escalation: Escalation, state: State, clock: SteppedClock) -> Outcome:
    return Outcome(
        state=state,
        at=clock(),
        seconds=(clock() - escalation.created_at).total_seconds(),
        provenance=Provenance.SYSTEM,
    )

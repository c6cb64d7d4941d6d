"""What the desk shows, live: open questions from the store, recent outcomes from memory.

One task follows the changes for all pages together; each page has a queue of its own, and one
that can't keep up is told to start over instead of growing it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

from escalation_worker.desk.views import QuestionView, Snapshot, Trouble, view_of
from shared.errors import StoreUnavailableError
from shared.escalation import Escalation
from shared.ports.clock import Clock
from shared.ports.escalations import EscalationStore
from shared.ports.waiting import Changes
from shared.telemetry import get_logger

log = get_logger(__name__)

RECENT_KEPT: Final = 50
PAGE_BACKLOG: Final = 200
"""Updates a page may be behind before it is sent a snapshot instead."""
RETRY_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Resync:
    """Anything may have changed: show a snapshot."""


Update = QuestionView | Resync


@dataclass(slots=True, eq=False)
class _Page:
    """One open page. A None in its queue ends it."""

    queue: asyncio.Queue[Update | None] = field(
        default_factory=lambda: asyncio.Queue[Update | None](PAGE_BACKLOG)
    )

    def put(self, update: Update | None) -> None:
        try:
            self.queue.put_nowait(update)
        except asyncio.QueueFull:
            while not self.queue.empty():
                self.queue.get_nowait()
            self.queue.put_nowait(Resync() if update is not None else None)


class Board:
    """The state of the desk. `run` keeps it current; pages read it through `events`."""

    def __init__(
        self,
        store: EscalationStore,
        changes: Changes,
        *,
        operator_name: str,
        login: bool,
        clock: Clock,
    ) -> None:
        self._store = store
        self._changes = changes
        self._operator_name = operator_name
        self._login = login
        self._clock = clock
        self._open: set[str] = set()
        self._recent: dict[str, Escalation] = {}
        self._pages: set[_Page] = set()
        self._closed = False

    @property
    def pages(self) -> int:
        """How many pages follow."""
        return len(self._pages)

    async def snapshot(self) -> Snapshot:
        """Read what is open now, and add how the latest others ended.

        Raises:
            StoreUnavailableError: The store can't be read now.
        """
        async with aclosing(self._store.open_pages()) as pages:
            found = await anext(pages, list[Escalation]())
            more = await anext(pages, None) is not None
        self._open.update(each.id for each in found)
        recent = sorted(self._recent.values(), key=_ended_at, reverse=True)
        return Snapshot(
            now=self._clock(),
            operator_name=self._operator_name,
            login=self._login,
            open=tuple(view_of(each) for each in found),
            more=more,
            recent=tuple(view_of(each) for each in recent),
        )

    async def events(self) -> AsyncGenerator[Snapshot | QuestionView | Trouble]:
        """Yield a snapshot, then each change, then a snapshot again whenever one is needed.

        Ends when the desk closes. While the store can't be read it says so and tries again.
        """
        # In the set before the snapshot is read: a change in between is told, not missed.
        page = _Page()
        self._pages.add(page)
        page.put(None if self._closed else Resync())
        try:
            while (update := await page.queue.get()) is not None:
                if isinstance(update, QuestionView):
                    yield update
                    continue
                try:
                    yield await self.snapshot()
                except StoreUnavailableError as error:
                    yield Trouble(reason=str(error))
                    await asyncio.sleep(RETRY_SECONDS)
                    page.put(Resync())
        finally:
            self._pages.discard(page)

    def close(self) -> None:
        """End every page's stream, so that the server can stop."""
        self._closed = True
        for page in self._pages:
            page.put(None)

    async def run(self) -> None:
        """Follow the changes for ever. Cancel it to stop."""
        self._closed = False
        while True:
            try:
                await self._follow_changes()
            except StoreUnavailableError as error:
                log.warning("desk_unread", reason=str(error))
            except Exception:
                # The boundary: one record that can't be read must not blind every page for good.
                log.exception("desk_failed")
            # A change may have been missed: the next round begins with a look at everything.
            await asyncio.sleep(RETRY_SECONDS)

    async def _follow_changes(self) -> None:
        async with self._changes.subscribe() as hints:
            await self._read_all()
            async for escalation_id in hints:
                if escalation_id:
                    await self._read(escalation_id)
                else:
                    await self._read_all()

    async def _read(self, escalation_id: str) -> None:
        escalation = await self._store.get(escalation_id)
        if escalation is None:
            return
        self._remember(escalation)
        self._tell(view_of(escalation))

    async def _read_all(self) -> None:
        before = set(self._open)
        self._open = {each.id for each in await self._store.list_open()}
        for escalation_id in before - self._open:
            escalation = await self._store.get(escalation_id)
            if escalation is not None:
                self._remember(escalation)
        self._tell(Resync())

    def _remember(self, escalation: Escalation) -> None:
        if escalation.state.is_open:
            self._open.add(escalation.id)
            return
        self._open.discard(escalation.id)
        self._recent[escalation.id] = escalation
        if len(self._recent) > RECENT_KEPT:
            del self._recent[min(self._recent.values(), key=_ended_at).id]

    def _tell(self, update: Update) -> None:
        for page in self._pages:
            page.put(update)


def _ended_at(escalation: Escalation) -> float:
    return escalation.outcome.at.timestamp() if escalation.outcome else 0.0

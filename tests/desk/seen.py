"""A desk in a real browser, and the store behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.make import a_posting, an_ask

from desk.browser import Page, a_browser
from desk.conftest import a_desk
from escalation_worker.desk.serving import serve_desk
from hitl.embedded_redis import free_port
from shared.escalation import Escalation, State
from shared.memory.escalations import MemoryEscalations


@dataclass(frozen=True, slots=True)
class Seen:
    """A page, and the store behind it."""

    page: Page
    store: MemoryEscalations

    async def asked(self, text: str = "May I?", **shape: Any) -> Escalation:
        found = (await self.store.accept(an_ask(text, **shape))).escalation
        await self.store.note_posting(found.id, a_posting(), complete=True)
        await self.page.until(f'document.getElementById("answer-{found.id}")')
        return found

    async def type(self, escalation: Escalation, text: str) -> None:
        await self.page.run(f'document.getElementById("answer-{escalation.id}").focus()')
        await self.page.call("Input.insertText", text=text)

    async def click(self, selector: str) -> None:
        await self.page.until(f"document.querySelector({selector!r})?.offsetParent")
        await self.page.run(f"document.querySelector({selector!r}).click()")

    async def shows(self, selector: str, words: str) -> None:
        """Wait until people can see these words there."""
        found = f"document.querySelector({selector!r})"
        await self.page.until(f"{found}?.offsetParent && {found}.textContent.includes({words!r})")

    async def announced(self, words: str) -> None:
        """Wait until those who can't see the page are told these words."""
        said = 'document.getElementById("announcer").textContent'
        await self.page.until(f"{said}.includes({words!r})")

    async def read(self, escalation: Escalation) -> Escalation:
        found = await self.store.get(escalation.id)
        assert found is not None
        return found

    async def press_enter(self) -> None:
        for kind in ("keyDown", "keyUp"):
            await self.page.call(
                "Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", text="\r"
            )

    async def state(self, escalation: Escalation) -> State:
        return (await self.read(escalation)).state


@asynccontextmanager
async def a_seen_desk(profile: Path) -> AsyncGenerator[Seen]:
    """Serve a desk and open it."""
    store, port = MemoryEscalations(), free_port()
    desk = a_desk(store)
    serving = asyncio.create_task(serve_desk(desk, host="127.0.0.1", port=port))
    try:
        async with asyncio.timeout(60), a_browser(profile) as page:
            await page.open(f"http://127.0.0.1:{port}/")
            await page.until('document.querySelector(".link")?.dataset.state === "live"')
            yield Seen(page, store)
            assert page.errors == []
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

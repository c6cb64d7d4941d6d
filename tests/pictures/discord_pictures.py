"""A picture of a question in Discord: of the page of the stand-in, to which the real bot posts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from desk.browser import a_browser
from listening.conftest import CHANNEL_ROUTE, Scene, Worker, a_scene, in_force
from pydantic import SecretStr
from support.make import an_ask

from hitl import embedded_redis
from pictures.shots import look, shoot
from shared.background import Background
from shared.escalation import Escalation
from shared.redis_adapter.keys import Keys
from shared.settings import StoreSettings

BOUND = 90
AGENT: Final = "shop-assistant"
REMEMBERING = in_force(CHANNEL_ROUTE.model_copy(update={"memory": True}))
ATTACHED: Final = Background.model_validate(
    {
        "turns": [
            {"speaker": "customer", "text": "I need three shelves, @everyone **now** :)"},
            {"speaker": "agent", "text": "Let me ask a colleague."},
        ],
        "facts": {"Name": "Ines Roth", "Orders so far": 7, "School": True},
        "links": [{"title": "Order 7431", "url": "https://shop.example/orders/7431"}],
    }
)


async def take_discord(folder: Path, profile: Path) -> None:
    """Show a question in its thread, as Maya sees it."""
    async with asyncio.timeout(BOUND), _a_discord(profile / "redis") as scene:
        async with scene.listening(scene.make_worker(routes=REMEMBERING)) as worker:
            asked = await _play(scene, worker)
        thread = scene.thread(asked)
        async with a_browser(profile / "chromium") as page:
            await look(page, width=1180, height=1000)
            await page.open(f"{_page(scene)}?channel={thread.id}&as=Maya")
            await page.until('document.body?.textContent.includes("Nothing was passed on")')
            await page.run("document.activeElement.blur()")
            await shoot(page, folder / "discord.png")


async def _play(scene: Scene, worker: Worker) -> Escalation:
    """Let Maya answer one question, and a stranger try another."""
    maya, mallory = scene.double.person("Maya"), scene.double.person("Mallory")
    before = await _ask(scene, worker, "May I give 10 % off two oak shelves?")
    await maya.write(scene.thread(before), "Yes, 10 % on both shelves.")
    await scene.until_ended(before)
    await worker.concluding.show_outcome(before.id)
    await _ask(scene, worker, "Refund 129 € for order 7431", approvals_needed=2)
    asked = await _ask(
        scene,
        worker,
        "May I give 15 % off three oak shelves? She buys for a school.",
        context="A returning customer; the order is worth 420 €.",
        background=ATTACHED,
    )
    await mallory.write(scene.thread(asked), "everything is free")
    await scene.double.until(
        lambda: any(
            "Nothing was passed on" in each.content for each in scene.thread(asked).messages
        )
    )
    return asked


async def _ask(scene: Scene, worker: Worker, text: str, **shape: Any) -> Escalation:
    ask = an_ask(text, agent=AGENT, timeout=1_200, **shape)
    accepted = await scene.store.accept(ask)
    await worker.posting.post(accepted.escalation.id)
    return await scene.read(accepted.escalation)


def _page(scene: Scene) -> str:
    return scene.double.api_base.partition("/api/")[0] + "/"


@asynccontextmanager
async def _a_discord(folder: Path) -> AsyncGenerator[Scene]:
    """Run the stand-in, over a Redis of its own."""
    server = embedded_redis.start(folder)
    keys = Keys("pictures")
    settings = StoreSettings(redis_url=SecretStr(server.url), redis_key_prefix=keys.prefix)
    try:
        async with a_scene(settings, keys) as scene:
            yield scene
    finally:
        server.stop()

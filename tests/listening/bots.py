"""Two bots in one Discord, and workers that run both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from discord_double import defaults
from discord_double.model import Application, Message
from support.make import an_ask

from escalation_worker.by_bot import ByBot
from escalation_worker.concluding import Concluding
from escalation_worker.posting import PostingDesk
from listening.conftest import Scene, Worker
from shared.escalation import DEFAULT_BOT, Escalation
from shared.ports.clock import Clock, utc_now
from shared.routes.file import parse_routes
from shared.routes.route import Route
from shared.routes_in_force import InForce

BILLING = "BILLING_TOKEN"
BILLING_SECRET = "second-token"
FILE = f"""
[routes.default]
channels = [{defaults.CHANNEL_ID}]
operators = {{ users = [{defaults.MAYA_ID}] }}

[routes.billing]
token_env = "{BILLING}"
channels = [{defaults.SECOND_CHANNEL_ID}]
operators = {{ users = [{defaults.NOOR_ID}] }}
"""
SAME_CHANNEL = FILE.replace(str(defaults.SECOND_CHANNEL_ID), str(defaults.CHANNEL_ID)).replace(
    str(defaults.NOOR_ID), str(defaults.MAYA_ID)
)


class Named:
    """A file of routes that a test changes."""

    def __init__(self, text: str = FILE) -> None:
        self.text = text
        self.routes: InForce[Route] = InForce(lambda: parse_routes(self.text).routes)

    def change(self, text: str) -> None:
        """Put another text into force."""
        self.text = text
        assert self.routes.reload()


@dataclass(slots=True)
class Both:
    """One worker with two bots."""

    scene: Scene
    first: Worker
    billing: Worker
    posting: PostingDesk
    concluding: Concluding

    @property
    def sides(self) -> tuple[Worker, Worker]:
        """What it runs for each bot."""
        return self.first, self.billing

    async def ask(self, text: str, route: str, **more: Any) -> Escalation:
        """Accept a question and post it."""
        accepted = await self.scene.store.accept(an_ask(text, route=route, **more))
        await self.posting.post(accepted.escalation.id)
        return await self.scene.read(accepted.escalation)

    async def shown(self, escalation: Escalation) -> Message:
        """Let it show how a question stands, and give its message."""
        await self.concluding.show_outcome(escalation.id)
        return self.scene.starter(escalation)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Run it; it need not be the one that listens."""
        async with AsyncExitStack() as stack:
            for side in self.sides:
                await stack.enter_async_context(self.scene.running(side))
            yield

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator[None]:
        """Run it, and wait until it listens for both."""
        async with self.running():
            await asyncio.gather(*(side.until_listening() for side in self.sides))
            yield


def invite_billing(scene: Scene) -> Application:
    """Let the second bot join the server."""
    return scene.double.add_bot("Billing", BILLING_SECRET)


def with_both(
    scene: Scene,
    routes: InForce[Route],
    *,
    billing_token: str = BILLING_SECRET,
    clock: Clock = utc_now,
) -> Both:
    """Put a worker with both bots together as the product does."""
    first = scene.make_worker(routes=routes)
    billing = scene.make_worker(routes=routes, bot=BILLING, token=billing_token)
    by_bot = ByBot({DEFAULT_BOT: first.channel, BILLING: billing.channel}, routes)
    return Both(
        scene,
        first,
        billing,
        PostingDesk(scene.store, scene.postings, by_bot),
        Concluding(
            scene.store,
            scene.postings,
            by_bot,
            scene.hearing.heard_until,
            corrections=scene.stores.corrections,
            clock=clock,
        ),
    )

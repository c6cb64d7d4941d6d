"""The worker's Discord side in this process, against the double: no arq, no other processes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import discord
import pytest
import yarl
from discord import http
from discord.gateway import DiscordWebSocket
from discord_double import DiscordDouble, Settings, defaults
from discord_double.acts import messages, threads
from discord_double.acts.threads import ThreadPlan
from discord_double.model import Message, Thread
from discord_double.ratelimit import RateLimits
from redis.asyncio import Redis
from support.key_checker import leaking_keys
from support.make import an_ask

from escalation_worker.attaching import ImageRoom
from escalation_worker.concluding import Concluding
from escalation_worker.discord_channel.assembling import Account, Assembly
from escalation_worker.discord_channel.hearing.cdn import Cdn
from escalation_worker.discord_channel.session import client
from escalation_worker.discord_channel.session.catching_up import MARGIN
from escalation_worker.discord_channel.session.client import EscalationClient
from escalation_worker.discord_channel.session.connection import DiscordConnection
from escalation_worker.discord_channel.session.turn import Turn
from escalation_worker.discord_channel.showing.channel import DiscordChannel
from escalation_worker.escalating import Escalating
from escalation_worker.posting import PostingDesk
from escalation_worker.remembering import Remembering
from escalation_worker.stores import Stores
from escalation_worker.supervisor import supervise
from shared.escalation import DEFAULT_BOT, ChannelKind, Escalation, Posting
from shared.ports.clock import Clock, utc_now
from shared.ports.hold import Hold
from shared.redis_adapter.connection import open_client
from shared.redis_adapter.hearing import RedisHearing
from shared.redis_adapter.keys import Keys
from shared.redis_adapter.policies import RedisPolicyLog
from shared.redis_adapter.posting import RedisPostingLog
from shared.redis_adapter.precedents import RedisPrecedents
from shared.redis_adapter.slots import RedisListenerSlots
from shared.redis_adapter.store import RedisEscalationStore
from shared.routes.policy import end_of
from shared.routes.route import Route, default_route
from shared.routes_in_force import InForce
from shared.settings import StoreSettings

CHANNEL_ROUTE = default_route(
    channel_id=defaults.CHANNEL_ID, user_id=defaults.MAYA_ID, role_ids={defaults.OPERATOR_ROLE_ID}
)
BEFORE = Hold(0, 0)
"""The hold of a listener that was there before those of the test."""


def in_force(*routes: Route) -> InForce[Route]:
    """Put these routes into force."""
    return InForce(lambda: {route.name: route for route in routes})


async def until(probe: Callable[[], Awaitable[bool]], *, seconds: float = 20) -> None:
    """Wait for something that no event tells."""
    async with asyncio.timeout(seconds):
        while not await probe():
            await asyncio.sleep(0.01)


@dataclass(slots=True)
class Worker:
    """One worker's Discord side. What its jobs do, a test calls."""

    connection: DiscordConnection
    channel: DiscordChannel
    turn: Turn
    posting: PostingDesk
    concluding: Concluding
    escalating: Escalating

    @property
    def running_client(self) -> EscalationClient | None:
        """The client that runs now, if one does."""
        return self.connection._client  # pyright: ignore[reportPrivateUsage]

    @property
    def client(self) -> EscalationClient:
        """The client that runs now."""
        running = self.running_client
        assert running is not None
        return running

    async def until_listening(self) -> None:
        """Wait until it has caught up and hears everything."""

        async def listens() -> bool:
            return self.running_client is not None and self.client.in_order

        await until(listens)

    async def until_deaf(self) -> None:
        """Wait until it knows that it may miss something."""

        async def deaf() -> bool:
            return self.running_client is None or not self.client.in_order

        await until(deaf)


@dataclass(slots=True)
class Scene:
    """A Discord, a Redis, and what workers share."""

    double: DiscordDouble
    redis: Redis
    keys: Keys
    stores: Stores

    @property
    def store(self) -> RedisEscalationStore:
        """Where questions are kept."""
        return self.stores.escalations

    @property
    def postings(self) -> RedisPostingLog:
        """Where they are shown."""
        return self.stores.postings

    @property
    def hearing(self) -> RedisHearing:
        """What was heard of them."""
        return self.stores.hearing

    def make_worker(
        self,
        find: Callable[[str], Awaitable[str | None]] | None = None,
        routes: InForce[Route] | None = None,
        clock: Clock = utc_now,
        *,
        bot: str = DEFAULT_BOT,
        token: str = defaults.BOT_TOKEN,
        message_content: bool = True,
        slots: int = 1,
    ) -> Worker:
        """Put one bot's side of a worker together as the product does.

        `find` may stand in for the store's; so many workers as there are `slots` listen.
        """
        routes = routes or in_force(CHANNEL_ROUTE)
        fetch = Cdn(self.double.api_base, seconds=1.0).read
        assembly = Assembly(self.stores, routes, fetch, room=ImageRoom(), clock=clock)
        turn = Turn(RedisListenerSlots(self.redis, self.keys, bot, slots=slots))
        account = Account(bot, token, message_content)
        side = assembly.side_of(account, turn=turn, take_turn=_no_pace, find=find)
        precedents = RedisPrecedents(self.redis, self.keys, clock=clock)
        remembering = Remembering(self.store, precedents, routes)
        concluding = Concluding(
            self.store,
            self.postings,
            side.channel,
            self.hearing.heard_until,
            end_of=lambda question: end_of(routes.of(question.route)),
            remembering=remembering,
            corrections=self.stores.corrections,
            clock=clock,
        )
        policies = RedisPolicyLog(self.redis, self.keys, clock=clock)
        return Worker(
            side.connection,
            side.channel,
            turn,
            PostingDesk(self.store, self.postings, side.channel, remembering=remembering),
            concluding,
            Escalating(
                self.store, policies, routes, side.channel.call_people, concluding.end, clock=clock
            ),
        )

    @asynccontextmanager
    async def running(self, worker: Worker | None = None) -> AsyncGenerator[Worker]:
        """Run a worker; it need not be the one that listens."""
        worker = worker or self.make_worker()
        tasks = [
            asyncio.create_task(supervise("discord", worker.connection.run)),
            asyncio.create_task(worker.connection.tell()),
        ]
        try:
            yield worker
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    @asynccontextmanager
    async def listening(self, worker: Worker | None = None) -> AsyncGenerator[Worker]:
        """Run a worker that listens."""
        async with self.running(worker) as listener:
            await listener.until_listening()
            yield listener

    async def ask(
        self, worker: Worker, text: str, *, seconds: float = 600, **shape: Any
    ) -> Escalation:
        """Accept a question of this shape and let the worker post it."""
        accepted = await self.store.accept(an_ask(text, timeout=seconds, **shape))
        await worker.posting.post(accepted.escalation.id)
        return await self.read(accepted.escalation)

    def thread(self, escalation: Escalation) -> Thread:
        """Find a question's thread."""
        assert escalation.posting is not None
        return self.double.world.thread(int(escalation.posting.reference))

    def starter(self, escalation: Escalation) -> Message:
        """Find a question's message."""
        assert escalation.posting is not None
        message = self.double.world.find_message(int(escalation.posting.reference))
        assert message is not None
        return message

    async def read(self, escalation: Escalation) -> Escalation:
        """Read a question as it stands."""
        read = await self.store.get(escalation.id)
        assert read is not None
        return read

    async def until_ended(self, escalation: Escalation) -> Escalation:
        """Wait for a question's outcome."""

        async def ended() -> bool:
            return not (await self.read(escalation)).state.is_open

        await until(ended)
        return await self.read(escalation)

    async def asked_before(self, text: str) -> Escalation:
        """Make a posted question whose thread was heard to its end, without any worker."""
        double, world = self.double, self.double.world
        bot = double.bot.user
        message = Message(world.ids.next(), double.channel.id, bot, content=text)
        messages.put(world, double.channel, message)
        thread = threads.start_from_message(world, bot, double.channel, message, ThreadPlan(text))
        escalation = (await self.store.accept(an_ask(text))).escalation
        posting = Posting(
            channel=ChannelKind.DISCORD, place=str(double.channel.id), reference=str(thread.id)
        )
        await self.postings.note_posting(escalation.id, posting, complete=True)
        await self.hearing.note_heard(escalation.id, str(thread.last_message_id), BEFORE)
        return await self.read(escalation)

    async def vouch(self) -> None:
        """Note, for a listener that was there before, that all was heard until now.

        The margin that catching up leaves for clocks that differ is added: it begins now.
        """
        await self.hearing.note_heard_until(discord.utils.utcnow() + MARGIN, BEFORE)

    def reads_since(self, start: int) -> list[str]:
        """List the paths that were read since then (a number of requests)."""
        return [each.path for each in self.double.requests[start:] if each.method == "GET"]


async def _no_pace() -> None:
    """Let every request go: the double's limits are off."""


@asynccontextmanager
async def a_scene(store_settings: StoreSettings, keys: Keys) -> AsyncGenerator[Scene]:
    """Provide the double in this process, and a real server."""
    async with AsyncExitStack() as stack:
        monkeypatch = stack.enter_context(pytest.MonkeyPatch.context())
        settings = Settings(rate_limits=RateLimits.off())
        double = await stack.enter_async_context(DiscordDouble(settings=settings))
        redis = await stack.enter_async_context(open_client(store_settings))
        monkeypatch.setattr(http.Route, "BASE", double.api_base)
        monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(double.gateway_url))
        monkeypatch.setattr(client, "READY_SECONDS", 0.05)
        yield Scene(double, redis, keys, Stores.on(redis, keys))


@pytest.fixture
async def scene(store_settings: StoreSettings, keys: Keys) -> AsyncGenerator[Scene]:
    """Provide the double in this process, and a real server that is left clean."""
    async with a_scene(store_settings, keys) as scene:
        yield scene
        assert not await leaking_keys(scene.redis, keys)


def seconds_since(start: float) -> float:
    """Tell how long something took."""
    return time.monotonic() - start

"""A double per test, and unmodified discord.py clients that connect to it."""

from __future__ import annotations

import asyncio
import warnings
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import yarl
from discord_double import DiscordDouble, Settings, defaults
from discord_double.ratelimit import RateLimits

with warnings.catch_warnings():
    # discord.py imports audioop for voice, which Python is about to drop.
    warnings.simplefilter("ignore", DeprecationWarning)
    import discord
    import discord.gateway
    import discord.http

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

BOUND = 10.0  # seconds that anything a test waits for may take


class Client(discord.Client):
    """A client that keeps what it hears, and lets a test wait for more."""

    def __init__(self, double: DiscordDouble, **options: Any) -> None:
        intents = options.pop("intents", None) or all_text_intents()
        super().__init__(intents=intents, guild_ready_timeout=0.05, **options)
        self.double = double
        self.heard: list[discord.Message] = []
        self.events: list[str] = []

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Skip the five seconds that the library leaves between two IDENTIFYs."""

    async def on_message(self, message: discord.Message) -> None:
        self.heard.append(message)
        self.double.world.stir()

    async def on_socket_event_type(self, name: str) -> None:
        self.events.append(name)
        self.double.world.stir()

    async def until(self, probe: Callable[[], Any]) -> Any:
        return await until(self.double, probe)

    async def until_heard(self, text: str) -> discord.Message:
        return await self.until(lambda: next((m for m in self.heard if m.content == text), None))

    @property
    def text_channel(self) -> discord.TextChannel:
        channel = self.get_channel(defaults.CHANNEL_ID)
        assert isinstance(channel, discord.TextChannel)
        return channel


async def until(double: DiscordDouble, probe: Callable[[], Any]) -> Any:
    """Wait, not for ever, for a true value of `probe`, and return it."""
    async with asyncio.timeout(BOUND):
        return await double.until(probe)


def all_text_intents() -> discord.Intents:
    intents = discord.Intents.default()
    intents.message_content = True
    return intents


@pytest.fixture
async def double(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[DiscordDouble]:
    settings = Settings(rate_limits=RateLimits.off())
    async with DiscordDouble(settings=settings) as running:
        monkeypatch.setattr(discord.http.Route, "BASE", running.api_base)
        monkeypatch.setattr(
            discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(running.gateway_url)
        )
        yield running


class Rest:
    """A bot without a library: raw requests, raw answers."""

    def __init__(self, double: DiscordDouble, session: aiohttp.ClientSession) -> None:
        self._double = double
        self._session = session
        self.headers: dict[str, str] = {}

    async def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = defaults.BOT_TOKEN,
    ) -> tuple[int, Any]:
        """Return the status and the JSON of the answer."""
        headers = {} if token is None else {"Authorization": f"Bot {token}"}
        url = self._double.api_base + path
        async with self._session.request(method, url, json=body, headers=headers) as response:
            self.headers = dict(response.headers)
            if response.status == 204:
                return 204, None
            assert response.headers["Content-Type"] == "application/json"
            return response.status, await response.json()

    async def post(self, content: str = "Hello", **fields: Any) -> tuple[int, Any]:
        """Post into the channel for escalations."""
        body = {"content": content, **fields}
        return await self("POST", f"/channels/{defaults.CHANNEL_ID}/messages", body)


@pytest.fixture
async def rest(double: DiscordDouble) -> AsyncGenerator[Rest]:
    async with aiohttp.ClientSession() as session:
        yield Rest(double, session)


@asynccontextmanager
async def connected(
    double: DiscordDouble, client: Client | None = None, token: str = defaults.BOT_TOKEN
) -> AsyncGenerator[Client]:
    """Run a client until the block ends; it is ready when the block begins."""
    client = client or Client(double)
    async with client, asyncio.timeout(BOUND):
        running = asyncio.create_task(client.start(token))
        ready = asyncio.create_task(_ready(client))
        try:
            await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
            yield client
        finally:
            ready.cancel()
            await client.close()
            await asyncio.gather(running, ready, return_exceptions=True)


async def _ready(client: Client) -> None:
    while not client.is_ready():
        await client.until(lambda: "READY" in client.events)
        await client.wait_until_ready()


@asynccontextmanager
async def logged_in(token: str = defaults.BOT_TOKEN) -> AsyncGenerator[discord.Client]:
    """Log a client in that only uses REST."""
    client = discord.Client(intents=discord.Intents.none())
    async with client:
        await client.login(token)
        yield client

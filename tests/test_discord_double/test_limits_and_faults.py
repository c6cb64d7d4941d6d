from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
import pytest
from discord_double import Bucket, RateLimits, defaults

from .conftest import logged_in

if TYPE_CHECKING:
    from discord_double import DiscordDouble

    from .conftest import Rest

CHANNEL = f"/channels/{defaults.CHANNEL_ID}"
POST = "POST /channels/{channel_id}/messages"


async def channel_of(client: discord.Client) -> discord.TextChannel:
    channel = await client.fetch_channel(defaults.CHANNEL_ID)
    assert isinstance(channel, discord.TextChannel)
    return channel


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let the client's own pauses between tries pass at once, and note how long they were."""
    noted: list[float] = []

    class Impatient:
        """asyncio as the client's HTTP code sees it, but for its pauses."""

        def __getattr__(self, name: str) -> Any:
            return getattr(asyncio, name)

        async def sleep(self, seconds: float) -> None:
            noted.extend([seconds] if seconds else [])

    monkeypatch.setattr("discord.http.asyncio", Impatient())
    return noted


async def test_headers_tell_the_bucket_and_what_remains(double: DiscordDouble, rest: Rest) -> None:
    double.settings.rate_limits = RateLimits(otherwise=Bucket(2, 30.0))
    await rest.post()
    assert rest.headers["X-RateLimit-Limit"] == "2"
    assert rest.headers["X-RateLimit-Remaining"] == "1"
    assert 0 < float(rest.headers["X-RateLimit-Reset-After"]) <= 30
    assert float(rest.headers["X-RateLimit-Reset"]) > time.time()
    bucket = rest.headers["X-RateLimit-Bucket"]
    await rest("POST", f"/channels/{defaults.SECOND_CHANNEL_ID}/messages", {"content": "x"})
    assert rest.headers["X-RateLimit-Bucket"] == bucket
    assert rest.headers["X-RateLimit-Remaining"] == "1"


async def test_an_empty_bucket_is_429_with_via_and_the_time_to_wait(
    double: DiscordDouble, rest: Rest
) -> None:
    double.settings.rate_limits = RateLimits(otherwise=Bucket(1, 30.0))
    await rest.post()
    status, error = await rest.post()
    assert status == 429
    assert error["global"] is False
    assert 29 < error["retry_after"] <= 30
    assert rest.headers["Retry-After"] == "30"
    assert rest.headers["X-RateLimit-Scope"] == "user"
    assert rest.headers["Via"]
    assert double.counts[POST] == 1


async def test_the_global_limit_counts_all_routes_but_interactions(
    double: DiscordDouble, rest: Rest
) -> None:
    double.settings.rate_limits = RateLimits(globally=Bucket(2, 30.0), otherwise=None)
    await rest.post()
    await rest("GET", CHANNEL)
    status, error = await rest("GET", CHANNEL)
    assert (status, error["global"]) == (429, True)
    assert rest.headers["X-RateLimit-Global"] == "true"
    assert rest.headers["X-RateLimit-Scope"] == "global"
    assert "X-RateLimit-Bucket" not in rest.headers
    status, _ = await rest("POST", "/interactions/1/x/callback", {"type": 6}, token=None)
    assert status == 404


async def test_discord_py_waits_out_a_429(double: DiscordDouble) -> None:
    async with logged_in() as client:
        channel = await channel_of(client)
        double.faults.rate_limit(0.05, method="POST")
        await channel.send("patient")
    assert [r.status for r in double.requests[-2:]] == [429, 200]


async def test_discord_py_stays_within_a_bucket_that_it_has_learned(
    double: DiscordDouble,
) -> None:
    double.settings.rate_limits = RateLimits(globally=None).with_rule(
        r"^POST /channels/\S+/messages$", 3, 0.3
    )
    async with logged_in() as client:
        channel = await channel_of(client)
        await channel.send("learns")
        await asyncio.gather(*(channel.send(str(n)) for n in range(6)))
    posts = [r.status for r in double.requests if r.method == "POST"]
    assert posts.count(200) == 7


async def test_a_429_without_via_is_a_ban_to_discord_py(double: DiscordDouble) -> None:
    async with logged_in() as client:
        channel = await channel_of(client)
        double.faults.rate_limit(0.05, method="POST", via=False)
        with pytest.raises(discord.HTTPException) as refused:
            await channel.send("banned")
    assert refused.value.status == 429


async def test_too_many_invalid_requests_shut_the_address_out(
    double: DiscordDouble, rest: Rest
) -> None:
    double.settings.rate_limits = RateLimits(globally=None, otherwise=None, invalid_requests=3)
    for _ in range(3):
        assert (await rest("GET", "/users/@me", token="wrong"))[0] == 401
    async with logged_in_raw() as session, session.get(double.api_base + "/users/@me") as answer:
        assert answer.status == 429
        assert "Via" not in answer.headers
        assert answer.content_type == "text/plain"


def logged_in_raw() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(headers={"Authorization": f"Bot {defaults.BOT_TOKEN}"})


async def test_strict_limits_make_renames_rare(double: DiscordDouble, rest: Rest) -> None:
    double.settings.rate_limits = RateLimits.strict()
    _, thread = await rest("POST", f"{CHANNEL}/threads", {"name": "x", "type": 11})
    path = f"/channels/{thread['id']}"
    statuses = [(await rest("PATCH", path, {"name": f"n{n}"}))[0] for n in range(3)]
    assert statuses == [200, 200, 429]
    assert rest.headers["X-RateLimit-Scope"] == "shared"
    assert (await rest("PATCH", path, {"archived": True}))[0] == 200


@pytest.mark.parametrize("status", [500, 502])
async def test_discord_py_retries_and_the_nonce_keeps_it_single(
    double: DiscordDouble, waits: list[float], status: int
) -> None:
    async with logged_in() as client:
        channel = await channel_of(client)
        double.faults.fail(status, method="POST", after_effect=True)
        sent = await channel.send("once")
    assert [m.content for m in double.channel.messages] == ["once"]
    assert [r.status for r in double.requests[-2:]] == [status, 200]
    assert next(iter(double.channel.messages)).id == sent.id
    assert waits == [1]


async def test_a_retried_thread_from_a_message_ends_in_160004(
    double: DiscordDouble, waits: list[float]
) -> None:
    async with logged_in() as client:
        starter = await (await channel_of(client)).send("?")
        double.faults.fail(502, path=r"/threads$", after_effect=True)
        with pytest.raises(discord.HTTPException) as refused:
            await starter.create_thread(name="T")
    assert refused.value.code == 160004
    assert len(double.threads) == 1
    assert len(waits) == 1


async def test_discord_py_gives_up_after_five_times_502(
    double: DiscordDouble, waits: list[float]
) -> None:
    async with logged_in() as client:
        channel = await channel_of(client)
        fault = double.faults.fail(502, times=None, method="POST")
        with pytest.raises(discord.DiscordServerError):
            await channel.send("never")
        assert fault.struck == 5
        double.faults.lift(fault)
        await channel.send("at last")
    assert sum(waits) == 25
    assert [m.content for m in double.channel.messages] == ["at last"]


async def test_discord_py_does_not_retry_503(double: DiscordDouble) -> None:
    async with logged_in() as client:
        channel = await channel_of(client)
        double.faults.fail(503, method="POST")
        with pytest.raises(discord.DiscordServerError) as refused:
            await channel.send("once")
    assert refused.value.status == 503
    assert len(double.channel.messages) == 0


@pytest.mark.parametrize("after_effect", [False, True])
async def test_a_cut_connection_leaves_the_effect_or_not(
    double: DiscordDouble, after_effect: bool
) -> None:
    async with logged_in() as client:
        channel = await channel_of(client)
        double.faults.drop(method="POST", after_effect=after_effect)
        with pytest.raises((aiohttp.ClientError, OSError)):
            await channel.send("did it?", nonce="n")
        assert len(double.channel.messages) == int(after_effect)
        assert double.requests[-1].status == 0
        await channel.send("did it?", nonce="n")
    assert len(double.channel.messages) == 1


async def test_a_slow_answer_takes_its_time(double: DiscordDouble, rest: Rest) -> None:
    double.faults.slow(0.2, method="POST")
    await rest.post()
    assert double.requests[-1].seconds >= 0.2
    double.faults.slow(0.2, method="POST", after_effect=True)
    slow = asyncio.create_task(rest.post("told late"))
    async with asyncio.timeout(5):
        await double.until_message(containing="told late")
    assert not slow.done()
    assert (await slow)[0] == 200


async def test_a_fault_strikes_only_what_it_matches(double: DiscordDouble, rest: Rest) -> None:
    fault = double.faults.fail(500, method="POST", path=r"/messages$", times=2)
    assert (await rest("GET", CHANNEL))[0] == 200
    assert (await rest.post())[0] == 500
    assert (await rest("POST", f"{CHANNEL}/typing"))[0] == 204
    assert list(double.faults) == [fault]
    assert (await rest.post())[0] == 500
    assert (await rest.post())[0] == 200
    assert list(double.faults) == []

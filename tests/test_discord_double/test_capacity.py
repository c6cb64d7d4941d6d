from __future__ import annotations

import asyncio

import discord
import pytest
from discord_double import DiscordDouble, RateLimits, Settings, defaults

from .conftest import logged_in


@pytest.mark.slow
async def test_a_thousand_threads_and_two_hundred_questions_at_once(
    double: DiscordDouble,
) -> None:
    """Ask 1,000 questions, 200 at a time, and have each answered once."""
    double.settings.max_active_threads = 1001
    operator = await double.employ_operator("Yes")
    gate = asyncio.Semaphore(200)
    async with logged_in() as client:
        channel = await client.fetch_channel(defaults.CHANNEL_ID)
        assert isinstance(channel, discord.TextChannel)

        async def ask(number: int) -> None:
            async with gate:
                starter = await channel.send(f"Question {number}", nonce=number)
                await starter.create_thread(name=f"Question {number}")

        async with asyncio.timeout(60):
            await asyncio.gather(*map(ask, range(1000)))
            await double.until(lambda: len(operator.answered) == 1000)
    assert len(double.threads) == 1000
    assert all(thread.message_count == 1 for thread in double.threads)


async def test_doubles_live_side_by_side() -> None:
    settings = Settings(rate_limits=RateLimits.off())
    async with DiscordDouble(settings=settings) as one, DiscordDouble() as two:
        assert one.api_base != two.api_base
        await one.person("Maya").write(one.channel, "here")
        assert len(two.channel.messages) == 0

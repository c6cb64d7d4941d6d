from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord_double import defaults

from .conftest import connected

if TYPE_CHECKING:
    from discord_double import DiscordDouble


async def test_client_becomes_ready_and_knows_its_guild(double: DiscordDouble) -> None:
    async with connected(double) as client:
        assert client.user is not None
        assert client.user.id == defaults.BOT_USER_ID
        guild = client.get_guild(defaults.GUILD_ID)
        assert guild is not None
        assert client.text_channel.name == defaults.CHANNEL_NAME


async def test_a_persons_words_reach_on_message(double: DiscordDouble) -> None:
    maya = double.person("Maya")
    async with connected(double) as client:
        starter = await client.text_channel.send("May we refund?")
        thread = await starter.create_thread(name="Refund")
        assert thread.id == starter.id
        await maya.write(thread.id, "Yes")
        heard = await client.until_heard("Yes")
        assert heard.author.id == defaults.MAYA_ID
        assert isinstance(heard.channel, discord.Thread)
        await heard.add_reaction("✅")
        await thread.edit(archived=True)
        assert double.threads[0].archived

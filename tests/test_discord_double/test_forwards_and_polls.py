from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import discord
import pytest
from discord_double import Refusal, defaults
from discord_double.reading import text_of

from .conftest import Client, connected

if TYPE_CHECKING:
    from discord_double import DiscordDouble

    from .conftest import Rest

MESSAGES = f"/channels/{defaults.CHANNEL_ID}/messages"


def a_poll(**changed: Any) -> dict[str, Any]:
    answers = [{"poll_media": {"text": each}} for each in ("yes", "no")]
    return {"poll": {"question": {"text": "Lunch?"}, "answers": answers} | changed}


async def test_discord_py_reads_a_forward_as_the_message_was_then(double: DiscordDouble) -> None:
    async with connected(double) as client:
        maya = double.person("Maya")
        source = await maya.write(double.channel, "10 %")
        thread = await maya.start_thread(double.channel, "Aside")
        await maya.forward(source, thread)
        await maya.edit(source, "20 %")
        heard = await client.until(
            lambda: next((m for m in client.heard if m.message_snapshots), None)
        )
        assert heard.reference.type is discord.MessageReferenceType.forward
        assert (heard.reference.channel_id, heard.reference.message_id) == (
            double.channel.id,
            source.id,
        )
        assert (heard.type, heard.content) == (discord.MessageType.default, "")
        assert heard.flags.forwarded
        assert [each.content for each in heard.message_snapshots] == ["10 %"]


async def test_discord_py_forwards(double: DiscordDouble) -> None:
    async with connected(double) as client:
        source = await client.text_channel.send("Look")
        forward = await source.forward(client.text_channel)
        assert [each.content for each in forward.message_snapshots] == ["Look"]
        again = await forward.forward(client.text_channel)
        assert [each.content for each in again.message_snapshots] == ["Look"], "they do not nest"
        newest = double.channel.messages.latest(1)[0]
        assert text_of(newest) == "Look"


async def test_what_can_not_be_read_can_not_be_forwarded(double: DiscordDouble, rest: Rest) -> None:
    maya = double.person("Maya")
    source = await maya.write(double.channel, "Hi")
    reference = {"type": 1, "message_id": str(source.id)}
    status, refused = await rest("POST", MESSAGES, {"message_reference": reference})
    assert (status, refused["code"]) == (400, 50035)
    poll = await maya.ask_all(double.channel, "Lunch?", "yes", "no")
    with pytest.raises(Refusal):
        await maya.forward(poll, double.channel)


async def test_discord_py_reads_and_starts_a_poll(double: DiscordDouble) -> None:
    async with connected(double) as client:
        await double.person("Maya").ask_all(double.channel, "Lunch?", "yes", "no")
        heard = await client.until(lambda: client.heard[-1] if client.heard else None)
        assert heard.content == ""
        assert heard.poll.question == "Lunch?"
        assert [each.text for each in heard.poll.answers] == ["yes", "no"]
        assert heard.poll.duration == timedelta(days=1)
        own = discord.Poll("Tea?", timedelta(hours=2)).add_answer(text="yes")
        sent = await client.text_channel.send(poll=own)
        assert sent.poll is not None
        assert sent.poll.duration == timedelta(hours=2)
        with pytest.raises(discord.HTTPException) as refused:
            await sent.edit(content="No.")
        assert refused.value.code == 520003


async def test_without_the_intent_a_poll_is_left_out_and_a_forward_shows_nothing(
    double: DiscordDouble,
) -> None:
    double.bot.message_content = False
    async with connected(double, Client(double, intents=discord.Intents.default())) as client:
        maya = double.person("Maya")
        await maya.ask_all(double.channel, "Lunch?", "yes", "no")
        await maya.forward(await maya.write(double.channel, "Hi"), double.channel)
        await client.until(lambda: len(client.heard) == 3)
        assert [each.poll for each in client.heard] == [None] * 3
        assert [each.content for each in client.heard[2].message_snapshots] == [""]


@pytest.mark.parametrize(
    "changed",
    [
        {"question": {"text": ""}},
        {"question": {"text": "x" * 301}},
        {"answers": []},
        {"answers": [{"poll_media": {"text": "x"}}] * 11},
        {"answers": [{"poll_media": {"text": "x" * 56}}]},
        {"duration": 769},
    ],
)
async def test_a_poll_over_a_limit_is_refused(
    double: DiscordDouble, rest: Rest, changed: dict[str, Any]
) -> None:
    status, refused = await rest("POST", MESSAGES, a_poll(**changed))
    assert (status, refused["code"]) == (400, 50035)
    assert not len(double.channel.messages)

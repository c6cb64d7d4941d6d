"""Files in messages: how they are named, what they may be, and where they are read."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import aiohttp
import discord
import pytest
from discord_double import Refusal, Settings, Upload, defaults

from .conftest import Client, connected

if TYPE_CHECKING:
    from discord_double import DiscordDouble

    from .conftest import Rest

MESSAGES = f"/channels/{defaults.CHANNEL_ID}/messages"
PNG = b"\x89PNG\r\n\x1a\n and so on"


async def test_discord_py_reads_a_persons_file_from_its_link(double: DiscordDouble) -> None:
    async with connected(double) as client:
        await double.person("Maya").write(double.channel, "here", files=[Upload("a b.png", PNG)])
        heard = await client.until_heard("here")
        (file,) = heard.attachments
        assert (file.filename, file.title, file.content_type) == ("a_b.png", "a b", "image/png")
        assert file.size == len(PNG)
        assert await file.read() == PNG
    assert double.cdn.requests == [file.url.removeprefix(double.world.base_url).partition("?")[0]]


async def test_a_file_alone_is_a_message(double: DiscordDouble) -> None:
    message = await double.person("Maya").write(double.channel, files=[Upload("a.png", PNG)])
    assert (message.content, len(message.attachments)) == ("", 1)


async def test_what_discord_says_of_a_file_need_not_be_true(
    double: DiscordDouble, rest: Rest
) -> None:
    lies = Upload("photo.png", b"<html>", content_type="image/png", size=5)
    unknown = Upload("data", b"?", content_type="")
    await double.person("Maya").write(double.channel, files=[lies, unknown])
    _, (message,) = await rest("GET", MESSAGES)
    told, untold = message["attachments"]
    assert (told["content_type"], told["size"]) == ("image/png", 5)
    assert "content_type" not in untold


async def test_a_message_takes_ten_files_and_each_its_size(double: DiscordDouble) -> None:
    double.settings.attachment_size = 100
    maya, small = double.person("Maya"), Upload("a.txt", b"x")
    with pytest.raises(Refusal) as too_many:
        await maya.write(double.channel, files=[small] * 11)
    assert (too_many.value.status, too_many.value.code) == (400, 50035)
    with pytest.raises(Refusal) as too_large:
        await maya.write(double.channel, files=[Upload("a.txt", b"x" * 101)])
    assert (too_large.value.status, too_large.value.code) == (413, 40005)
    await maya.write(double.channel, files=[small] * 10)


async def test_a_bots_files_have_the_same_limits(double: DiscordDouble) -> None:
    double.settings.attachment_size = 100
    async with connected(double) as client:
        with pytest.raises(discord.HTTPException) as refused:
            await client.text_channel.send(file=discord.File(io.BytesIO(b"x" * 101), "a.txt"))
        assert (refused.value.status, refused.value.code) == (413, 40005)


async def test_a_link_expires_and_a_message_that_is_read_again_has_a_fresh_one(
    double: DiscordDouble, rest: Rest
) -> None:
    await double.person("Maya").write(double.channel, files=[Upload("a.txt", b"x")])
    double.settings.attachment_link_life = -1
    _, (old,) = await rest("GET", MESSAGES)
    double.settings.attachment_link_life = Settings().attachment_link_life
    _, (fresh,) = await rest("GET", MESSAGES)
    async with aiohttp.ClientSession() as session:
        for message, status in ((old, 404), (fresh, 200)):
            url = message["attachments"][0]["url"]
            async with session.get(url) as response:
                assert response.status == status
        unsigned = fresh["attachments"][0]["url"].partition("?")[0]
        async with session.get(unsigned) as response:
            assert response.status == 404


async def test_without_the_message_content_intent_there_are_no_files_either(
    double: DiscordDouble,
) -> None:
    maya = double.person("Maya")
    intents = discord.Intents.default()
    async with connected(double, Client(double, intents=intents)) as client:
        await maya.write(double.channel, files=[Upload("a.png", PNG)])
        await maya.write(double.channel, f"<@{double.bot.user.id}>", files=[Upload("b.png", PNG)])
        await client.until(lambda: len(client.heard) == 2)
        hidden, mentioned = client.heard
    assert (hidden.content, hidden.attachments) == ("", [])
    assert [each.filename for each in mentioned.attachments] == ["b.png"]


@pytest.mark.parametrize("arm", ["fail", "drop"])
async def test_a_fault_strikes_a_link_too(double: DiscordDouble, arm: str) -> None:
    async with connected(double) as client:
        await double.person("Maya").write(double.channel, "here", files=[Upload("a.txt", b"x")])
        (file,) = (await client.until_heard("here")).attachments
        strike = double.faults.fail if arm == "fail" else double.faults.drop
        strike(times=None, path="/attachments/")
        with pytest.raises((discord.HTTPException, aiohttp.ClientError)):
            await file.read()
        double.faults.lift()
        assert await file.read() == b"x"


async def test_another_process_can_let_a_person_send_files(double: DiscordDouble) -> None:
    content = base64.b64encode(PNG).decode()
    body = {"channel_id": defaults.CHANNEL_ID, "files": [{"name": "a.png", "content": content}]}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{double.world.base_url}/_double/people/Maya/write", json=body) as response,
    ):
        shown = await response.json()
    assert shown["attachments"][0]["content_type"] == "image/png"

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import discord
import pytest
from discord_double import ChannelType, Permission, Refusal, defaults
from discord_double.acts import threads

from .conftest import connected

if TYPE_CHECKING:
    from discord_double import DiscordDouble, Thread

    from .conftest import Rest

CHANNEL = f"/channels/{defaults.CHANNEL_ID}"
ACTIVE = f"/guilds/{defaults.GUILD_ID}/threads/active"


async def started(double: DiscordDouble, rest: Rest, name: str = "Refund?") -> Thread:
    """Start a thread from a message, as the bot does."""
    _, starter = await rest.post(name)
    await rest("POST", f"{CHANNEL}/messages/{starter['id']}/threads", {"name": name})
    return double.world.thread(int(starter["id"]))


async def moderated_by_nobody(double: DiscordDouble) -> None:
    """Take MANAGE_THREADS from the bot."""
    double.deny(double.channel, defaults.BOT_ROLE_ID, Permission.MANAGE_THREADS)


async def test_a_thread_has_the_id_of_its_message_and_there_is_only_one(
    double: DiscordDouble,
) -> None:
    async with connected(double) as client:
        starter = await client.text_channel.send("Refund?")
        thread = await starter.create_thread(name="Refund")
        assert thread.id == starter.id
        with pytest.raises(discord.HTTPException) as refused:
            await starter.create_thread(name="Again")
        assert (refused.value.status, refused.value.code) == (400, 160004)
        again = await client.text_channel.fetch_message(starter.id)
        assert again.flags.has_thread
        assert again.thread is not None


async def test_starting_a_thread_is_told_with_the_updated_message(double: DiscordDouble) -> None:
    async with connected(double) as client:
        starter = await client.text_channel.send("Refund?")
        await starter.create_thread(name="Refund")
        await client.until(lambda: "MESSAGE_UPDATE" in client.events)
        assert "THREAD_CREATE" in client.events
        thread = await client.until(lambda: client.text_channel.get_thread(starter.id))
        first = await client.until(
            lambda: next((m for m in client.heard if m.channel == thread), None)
        )
        assert first.type is discord.MessageType.thread_starter_message


async def test_the_starter_is_not_a_message_of_the_thread(
    double: DiscordDouble, rest: Rest
) -> None:
    thread = await started(double, rest)
    status, error = await rest("GET", f"/channels/{thread.id}/messages/{thread.id}")
    assert (status, error["code"]) == (404, 10008)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x" * 101}, "name"),
        ({"name": ""}, "name"),
        ({}, "name"),
        ({"name": "x", "auto_archive_duration": 61}, "auto_archive_duration"),
        ({"name": "x", "rate_limit_per_user": 21601}, "rate_limit_per_user"),
    ],
)
async def test_a_thread_that_breaks_a_limit_is_refused(
    double: DiscordDouble, rest: Rest, body: dict[str, Any], field: str
) -> None:
    _, starter = await rest.post()
    status, error = await rest("POST", f"{CHANNEL}/messages/{starter['id']}/threads", body)
    assert (status, error["code"]) == (400, 50035)
    assert field in error["errors"]
    status, error = await rest("POST", f"{CHANNEL}/threads", {**body, "type": 11})
    assert (status, error["code"]) == (400, 50035)
    assert double.threads == []


async def test_a_thread_can_stand_alone_in_public_or_private(double: DiscordDouble) -> None:
    async with connected(double) as client:
        public = await client.text_channel.create_thread(
            name="Public", type=discord.ChannelType.public_thread
        )
        private = await client.text_channel.create_thread(name="Private")
        assert public.id != double.channel.id
        assert private.is_private()
        types = [m.type async for m in client.text_channel.history()]
        assert types == [discord.MessageType.thread_created]
        with pytest.raises(Refusal) as refused:
            await double.person("Mallory").write(private.id, "Let me in")
        assert refused.value.code == 50001
        await private.add_user(discord.Object(defaults.MALLORY_ID))
        await double.person("Mallory").write(private.id, "Thanks")


async def test_a_post_wakes_an_archived_thread(double: DiscordDouble) -> None:
    maya = double.person("Maya")
    async with connected(double) as client:
        thread = await (await client.text_channel.send("?")).create_thread(name="T")
        await thread.edit(archived=True)
        await client.until(lambda: client.text_channel.get_thread(thread.id) is None)
        await maya.write(thread.id, "Late, but yes")
        heard = await client.until_heard("Late, but yes")
        assert isinstance(heard.channel, discord.Thread)
        assert not heard.channel.archived
        assert not double.threads[0].archived


async def test_a_locked_thread_accepts_no_posts_but_a_moderators(
    double: DiscordDouble, rest: Rest
) -> None:
    thread = await started(double, rest)
    await rest("PATCH", f"/channels/{thread.id}", {"locked": True})
    with pytest.raises(Refusal) as refused:
        await double.person("Maya").write(thread, "Yes")
    assert refused.value.code == 160005
    status, _ = await rest("POST", f"/channels/{thread.id}/messages", {"content": "Note"})
    assert status == 200
    await moderated_by_nobody(double)
    status, error = await rest("POST", f"/channels/{thread.id}/messages", {"content": "Note"})
    assert (status, error["code"]) == (403, 160005)


async def test_an_archived_and_locked_thread_is_not_woken_by_a_post(
    double: DiscordDouble, rest: Rest
) -> None:
    thread = await started(double, rest)
    await rest("PATCH", f"/channels/{thread.id}", {"locked": True, "archived": True})
    with pytest.raises(Refusal) as refused:
        await double.person("Maya").write(thread, "Yes")
    assert refused.value.code == 160005
    status, error = await rest("POST", f"/channels/{thread.id}/messages", {"content": "Note"})
    assert (status, error["code"]) == (400, 50083)
    assert thread.archived
    status, _ = await rest("PATCH", f"/channels/{thread.id}", {"archived": False})
    assert status == 200
    assert not thread.archived


async def test_nothing_inside_an_archived_thread_can_be_changed(
    double: DiscordDouble, rest: Rest
) -> None:
    thread = await started(double, rest)
    _, own = await rest("POST", f"/channels/{thread.id}/messages", {"content": "Note"})
    await rest("PATCH", f"/channels/{thread.id}", {"archived": True})
    message = f"/channels/{thread.id}/messages/{own['id']}"
    refused = [
        await rest("PATCH", message, {"content": "Changed"}),
        await rest("PUT", f"{message}/reactions/✅/@me"),
        await rest("PATCH", f"/channels/{thread.id}", {"name": "Renamed"}),
        await rest("PATCH", f"/channels/{thread.id}", {"locked": True}),
        await rest("PUT", f"/channels/{thread.id}/thread-members/{defaults.MAYA_ID}"),
    ]
    assert [(status, error["code"]) for status, error in refused] == [(400, 50083)] * 5
    assert (await rest("DELETE", message))[0] == 204
    body = {"archived": False, "name": "Renamed"}
    assert (await rest("PATCH", f"/channels/{thread.id}", body))[0] == 200


async def test_the_creator_may_archive_and_rename_but_not_lock(
    double: DiscordDouble, rest: Rest
) -> None:
    thread = await started(double, rest)
    await moderated_by_nobody(double)
    status, error = await rest("PATCH", f"/channels/{thread.id}", {"locked": True})
    assert (status, error["code"]) == (403, 50013)
    assert (await rest("PATCH", f"/channels/{thread.id}", {"name": "New"}))[0] == 200
    assert (await rest("PATCH", f"/channels/{thread.id}", {"archived": True}))[0] == 200
    with pytest.raises(Refusal) as refused:
        await double.person("Maya").edit_thread(thread, name="Mine", archived=False)
    assert refused.value.code == 50013
    await double.person("Maya").edit_thread(thread, archived=False)
    assert not thread.archived


async def test_the_guild_has_room_for_so_many_active_threads(
    double: DiscordDouble, rest: Rest
) -> None:
    double.settings.max_active_threads = 2
    first, _ = await started(double, rest), await started(double, rest)
    _, starter = await rest.post()
    path = f"{CHANNEL}/messages/{starter['id']}/threads"
    status, error = await rest("POST", path, {"name": "One too many"})
    assert (status, error["code"]) == (400, 160006)
    double.auto_archive(first)
    assert (await rest("POST", path, {"name": "Fits"}))[0] == 201
    with pytest.raises(Refusal) as refused:
        await double.person("Maya").write(first, "Wake up")
    assert refused.value.code == 160006


async def test_active_threads_are_listed_with_last_message_and_membership(
    double: DiscordDouble, rest: Rest
) -> None:
    one, two, old = [await started(double, rest, name) for name in ("one", "two", "old")]
    await rest("PATCH", f"/channels/{old.id}", {"archived": True})
    reply = await double.person("Maya").write(one, "Yes")
    _, listing = await rest("GET", ACTIVE)
    assert [t["id"] for t in listing["threads"]] == [str(two.id), str(one.id)]
    shown = listing["threads"][1]
    assert shown["last_message_id"] == str(reply.id)
    assert shown["message_count"] == 1
    assert shown["member_count"] == 2
    assert {m["user_id"] for m in listing["members"]} == {str(defaults.BOT_USER_ID)}
    assert {m["id"] for m in listing["members"]} == {str(one.id), str(two.id)}


async def test_discord_py_pages_through_archived_threads(double: DiscordDouble) -> None:
    async with connected(double) as client:
        for n in range(7):
            thread = await (await client.text_channel.send(str(n))).create_thread(name=str(n))
            await thread.edit(archived=True)
        found = client.text_channel.archived_threads(limit=None)
        assert [t.name async for t in found] == [str(n) for n in reversed(range(7))]


async def test_archived_pages_say_whether_there_is_more(double: DiscordDouble, rest: Rest) -> None:
    for n in range(3):
        double.auto_archive(await started(double, rest, str(n)))
    _, page = await rest("GET", f"{CHANNEL}/threads/archived/public?limit=2")
    assert [t["name"] for t in page["threads"]] == ["2", "1"]
    assert page["has_more"] is True
    before = page["threads"][-1]["thread_metadata"]["archive_timestamp"]
    query = f"limit=2&before={before.replace('+', '%2B')}"
    _, page = await rest("GET", f"{CHANNEL}/threads/archived/public?{query}")
    assert [t["name"] for t in page["threads"]] == ["0"]
    assert page["has_more"] is False


async def test_threads_start_in_the_guilds_first_event(double: DiscordDouble, rest: Rest) -> None:
    thread = await started(double, rest)
    gone = await started(double, rest)
    double.auto_archive(gone)
    async with connected(double) as client:
        guild = client.get_guild(defaults.GUILD_ID)
        assert guild is not None
        assert [t.id for t in guild.threads] == [thread.id]


async def test_deleting_threads_and_channels_is_told(double: DiscordDouble, rest: Rest) -> None:
    thread = await started(double, rest)
    async with connected(double) as client:
        double.delete_channel(thread)
        await client.until(lambda: "THREAD_DELETE" in client.events)
        double.delete_channel(double.channel)
        await client.until(lambda: "CHANNEL_DELETE" in client.events)
        assert client.get_channel(defaults.CHANNEL_ID) is None
    status, error = await rest("GET", CHANNEL)
    assert (status, error["code"]) == (404, 10003)
    status, error = await rest("POST", f"/channels/{thread.id}/messages", {"content": "Hm"})
    assert (status, error["code"]) == (404, 10003)


async def test_a_quiet_thread_is_archived_after_its_duration(
    double: DiscordDouble, rest: Rest
) -> None:
    thread = await started(double, rest)
    now = datetime.now(UTC)
    assert threads.archive_idle(double.world, now + timedelta(minutes=1439)) == []
    assert threads.archive_idle(double.world, now + timedelta(minutes=1441)) == [thread]
    assert thread.archived


async def test_a_rename_keeps_to_a_hundred_characters(double: DiscordDouble, rest: Rest) -> None:
    thread = await started(double, rest)
    status, error = await rest("PATCH", f"/channels/{thread.id}", {"name": "x" * 101})
    assert (status, error["code"]) == (400, 50035)
    assert (await rest("PATCH", f"/channels/{thread.id}", {"name": "x" * 100}))[0] == 200


async def test_a_rename_leaves_a_note_in_the_thread(double: DiscordDouble) -> None:
    async with connected(double) as client:
        thread = await (await client.text_channel.send("?")).create_thread(name="Old")
        await thread.edit(name="New")
        notes = [m async for m in thread.history()]
        assert notes[0].type is discord.MessageType.channel_name_change
        assert notes[0].content == "New"


async def test_members_come_by_writing_mention_and_invitation(double: DiscordDouble) -> None:
    maya = double.person("Maya")
    async with connected(double) as client:
        thread = await (await client.text_channel.send("?")).create_thread(name="T")
        await maya.write(thread.id, "Here")
        await thread.send(f"<@{defaults.NOOR_ID}>")
        await thread.add_user(discord.Object(defaults.MALLORY_ID))
        found = {m.id for m in await thread.fetch_members()}
        everyone = {defaults.BOT_USER_ID, defaults.MAYA_ID, defaults.NOOR_ID, defaults.MALLORY_ID}
        assert found == everyone
        await thread.remove_user(discord.Object(defaults.MALLORY_ID))
        await thread.leave()
        assert set(double.threads[0].members) == {defaults.MAYA_ID, defaults.NOOR_ID}


async def test_a_forum_takes_posts_only_as_threads(double: DiscordDouble) -> None:
    forum = double.add_channel("questions", ChannelType.FORUM)
    async with connected(double) as client:
        channel = client.get_channel(forum.id)
        assert isinstance(channel, discord.ForumChannel)
        thread, message = await channel.create_thread(name="Refund", content="May we?")
        assert thread.id == message.id
        assert (await thread.fetch_message(thread.id)).content == "May we?"

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import discord
import pytest
from discord_double import Permission, Refusal, defaults

from .conftest import connected

if TYPE_CHECKING:
    from discord_double import DiscordDouble

    from .conftest import Rest

MESSAGES = f"/channels/{defaults.CHANNEL_ID}/messages"


async def test_same_nonce_posts_once_and_returns_the_first_message(
    double: DiscordDouble, rest: Rest
) -> None:
    _, first = await rest.post("One", nonce="abc", enforce_nonce=True)
    _, second = await rest.post("Two", nonce="abc", enforce_nonce=True)
    assert second["id"] == first["id"]
    assert second["content"] == "One"
    assert second["nonce"] == "abc"
    assert len(double.channel.messages) == 1


async def test_nonce_without_enforcement_posts_again(double: DiscordDouble, rest: Rest) -> None:
    await rest.post("One", nonce="abc")
    await rest.post("Two", nonce="abc")
    assert len(double.channel.messages) == 2


async def test_nonce_is_forgotten_after_its_window(double: DiscordDouble, rest: Rest) -> None:
    double.settings.nonce_window = 0.0
    await rest.post("One", nonce="abc", enforce_nonce=True)
    await rest.post("Two", nonce="abc", enforce_nonce=True)
    assert len(double.channel.messages) == 2


async def test_nonce_of_another_bot_is_its_own(double: DiscordDouble, rest: Rest) -> None:
    double.add_bot("Second", "second-token")
    body = {"content": "Hi", "nonce": "abc", "enforce_nonce": True}
    await rest("POST", MESSAGES, body)
    await rest("POST", MESSAGES, body, token="second-token")
    assert len(double.channel.messages) == 2


async def test_discord_py_sends_a_nonce_that_is_enforced(double: DiscordDouble) -> None:
    async with connected(double) as client:
        sent = await client.text_channel.send("Hi", nonce="mine")
        again = await client.text_channel.send("Hi", nonce="mine")
        assert sent.id == again.id


async def test_history_after_an_id_holds_the_oldest_that_follow_newest_first(
    double: DiscordDouble, rest: Rest
) -> None:
    maya = double.person("Maya")
    written = [await maya.write(double.channel, str(n)) for n in range(10)]
    _, page = await rest("GET", f"{MESSAGES}?after={written[2].id}&limit=3")
    assert [m["content"] for m in page] == ["5", "4", "3"]
    _, page = await rest("GET", f"{MESSAGES}?after=0&limit=2")
    assert [m["content"] for m in page] == ["1", "0"]


async def test_history_before_and_around_an_id(double: DiscordDouble, rest: Rest) -> None:
    maya = double.person("Maya")
    written = [await maya.write(double.channel, str(n)) for n in range(10)]
    _, page = await rest("GET", f"{MESSAGES}?before={written[5].id}&limit=2")
    assert [m["content"] for m in page] == ["4", "3"]
    _, page = await rest("GET", f"{MESSAGES}?around={written[5].id}&limit=5")
    assert [m["content"] for m in page] == ["7", "6", "5", "4", "3"]
    _, page = await rest("GET", f"{MESSAGES}?limit=2")
    assert [m["content"] for m in page] == ["9", "8"]


async def test_discord_py_pages_through_more_than_a_hundred(double: DiscordDouble) -> None:
    maya = double.person("Maya")
    first = await maya.write(double.channel, "0")
    for n in range(1, 251):
        await maya.write(double.channel, str(n))
    async with connected(double) as client:
        after = discord.Object(first.id)
        texts = [m.content async for m in client.text_channel.history(after=after, limit=None)]
        assert texts == [str(n) for n in range(1, 251)]
        backwards = [m.content async for m in client.text_channel.history(limit=None)]
        assert backwards == [str(n) for n in range(250, -1, -1)]


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "before=1&after=1"])
async def test_a_page_that_cannot_be_is_refused(rest: Rest, query: str) -> None:
    status, error = await rest("GET", f"{MESSAGES}?{query}")
    assert (status, error["code"]) == (400, 50035)


LONG_EMBED = {"description": "x" * 4000, "fields": [{"name": "n" * 200, "value": "v" * 900}] * 2}
BUTTON = {"type": 2, "style": 1, "label": "Yes", "custom_id": "yes"}


def row(*items: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(items)}


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"content": "x" * 2001}, "content"),
        ({"content": "x", "nonce": "n" * 26}, "nonce"),
        ({"embeds": [{"title": "x"}] * 11}, "embeds"),
        ({"embeds": [{"title": "x" * 257}]}, "embeds.0.title"),
        ({"embeds": [{"description": "x" * 4097}]}, "embeds.0.description"),
        ({"embeds": [{"footer": {"text": "x" * 2049}}]}, "embeds.0.footer.text"),
        ({"embeds": [{"author": {"name": "x" * 257}}]}, "embeds.0.author.name"),
        ({"embeds": [{"fields": [{"name": "n", "value": "v"}] * 26}]}, "embeds.0.fields"),
        ({"embeds": [{"fields": [{"name": "n" * 257, "value": "v"}]}]}, "embeds.0.fields.0.name"),
        ({"embeds": [{"fields": [{"name": "n", "value": ""}]}]}, "embeds.0.fields.0.value"),
        ({"embeds": [{"fields": [{"name": "n", "value": "v" * 1025}]}]}, "embeds.0.fields.0.value"),
        ({"embeds": [LONG_EMBED]}, "embeds"),
        ({"components": [row(BUTTON)] * 6}, "components"),
        ({"components": [row(*[BUTTON] * 6)]}, "components.0.components"),
        ({"components": [row()]}, "components.0.components"),
        ({"components": [BUTTON]}, "components.0.type"),
        (
            {"components": [row({**BUTTON, "custom_id": "x" * 101})]},
            "components.0.components.0.custom_id",
        ),
        ({"components": [row({**BUTTON, "custom_id": ""})]}, "components.0.components.0.custom_id"),
        ({"components": [row(BUTTON, BUTTON)]}, "components.0.components.1.custom_id"),
        ({"content": "x", "allowed_mentions": {"parse": ["me"]}}, "allowed_mentions.parse.0"),
        (
            {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}},
            "allowed_mentions",
        ),
        ({"content": "x", "message_reference": {"message_id": "5"}}, "message_reference"),
    ],
)
async def test_a_form_that_breaks_a_limit_is_refused_with_the_place(
    double: DiscordDouble, rest: Rest, body: dict[str, Any], path: str
) -> None:
    status, error = await rest("POST", MESSAGES, body)
    assert (status, error["code"], error["message"]) == (400, 50035, "Invalid Form Body")
    node = error["errors"]
    for step in path.split("."):
        node = node[step]
    assert node["_errors"][0].keys() == {"code", "message"}
    assert len(double.channel.messages) == 0


async def test_what_stands_exactly_at_the_limits_is_accepted(rest: Rest) -> None:
    embed = {"title": "t" * 256, "description": "d" * 4096, "footer": {"text": "f" * 1648}}
    buttons = [row(*({**BUTTON, "custom_id": f"{r}-{n}"} for n in range(5))) for r in range(5)]
    status, sent = await rest.post("x" * 2000, nonce="n" * 25, embeds=[embed], components=buttons)
    assert status == 200
    assert len(sent["components"]) == 5


@pytest.mark.parametrize("content", ["", "   \n", None])
async def test_an_empty_message_is_refused(rest: Rest, content: str | None) -> None:
    status, error = await rest("POST", MESSAGES, {"content": content})
    assert (status, error["code"]) == (400, 50006)


async def test_everyone_pings_nobody_when_the_bot_may_not(rest: Rest) -> None:
    _, sent = await rest.post("@everyone look")
    assert sent["mention_everyone"] is False


async def test_allowed_mentions_cut_down_who_is_pinged(double: DiscordDouble, rest: Rest) -> None:
    text = f"<@{defaults.MAYA_ID}> <@{defaults.NOOR_ID}> <@&{defaults.OPERATOR_ROLE_ID}> @here"
    double.allow(double.channel, defaults.BOT_ROLE_ID, Permission.MENTION_EVERYONE)
    _, plain = await rest.post(text)
    assert {u["id"] for u in plain["mentions"]} == {str(defaults.MAYA_ID), str(defaults.NOOR_ID)}
    assert plain["mention_roles"] == [str(defaults.OPERATOR_ROLE_ID)]
    assert plain["mention_everyone"] is True
    _, silent = await rest.post(text, allowed_mentions={"parse": []})
    assert silent["mentions"] == silent["mention_roles"] == []
    assert silent["mention_everyone"] is False
    _, one = await rest.post(text, allowed_mentions={"parse": [], "users": [str(defaults.NOOR_ID)]})
    assert [u["id"] for u in one["mentions"]] == [str(defaults.NOOR_ID)]


async def test_a_role_that_is_not_mentionable_is_not_pinged(
    double: DiscordDouble, rest: Rest
) -> None:
    quiet = double.add_role("Quiet")
    _, sent = await rest.post(f"<@&{quiet.id}>")
    assert sent["mention_roles"] == []


async def test_an_embed_pings_nobody(rest: Rest) -> None:
    _, sent = await rest.post("", embeds=[{"description": f"<@{defaults.MAYA_ID}>"}])
    assert sent["mentions"] == []


async def test_a_reply_refers_to_its_message_and_pings_its_author(double: DiscordDouble) -> None:
    maya = double.person("Maya")
    async with connected(double) as client:
        question = await client.text_channel.send("Which?")
        asked = double.channel.messages.get(question.id)
        assert asked is not None
        await maya.reply(asked, "That one")
        heard = await client.until_heard("That one")
        assert heard.reference is not None
        assert heard.reference.message_id == question.id
        assert heard.type is discord.MessageType.reply
        assert client.user in heard.mentions
        assert isinstance(heard.reference.resolved, discord.Message)


async def test_edits_and_deletions_by_people_are_told(double: DiscordDouble) -> None:
    maya = double.person("Maya")
    async with connected(double) as client:
        edited: list[str] = []
        deleted: list[int] = []

        @client.event
        async def on_message_edit(_: discord.Message, after: discord.Message) -> None:
            edited.append(after.content)
            double.world.stir()

        @client.event
        async def on_message_delete(message: discord.Message) -> None:
            deleted.append(message.id)
            double.world.stir()

        written = await maya.write(double.channel, "Yes")
        await client.until_heard("Yes")
        await maya.edit(written, "No")
        await client.until(lambda: edited == ["No"])
        await maya.delete(written)
        await client.until(lambda: deleted == [written.id])


async def test_a_bot_edits_only_its_own_messages(double: DiscordDouble, rest: Rest) -> None:
    theirs = await double.person("Maya").write(double.channel, "Mine")
    status, error = await rest("PATCH", f"{MESSAGES}/{theirs.id}", {"content": "Yours"})
    assert (status, error["code"]) == (403, 50005)
    _, own = await rest.post("Draft")
    _, edited = await rest("PATCH", f"{MESSAGES}/{own['id']}", {"content": "Final"})
    assert edited["content"] == "Final"
    assert edited["edited_timestamp"]


async def test_an_edit_empties_what_is_null_and_keeps_what_is_absent(rest: Rest) -> None:
    _, own = await rest.post("Text", embeds=[{"title": "Title"}])
    path = f"{MESSAGES}/{own['id']}"
    _, edited = await rest("PATCH", path, {"content": None})
    assert (edited["content"], len(edited["embeds"])) == ("", 1)
    status, error = await rest("PATCH", path, {"embeds": []})
    assert (status, error["code"]) == (400, 50006)
    assert len((await rest("GET", path))[1]["embeds"]) == 1


async def test_an_unknown_message_is_10008(rest: Rest) -> None:
    status, error = await rest("GET", f"{MESSAGES}/1")
    assert (status, error["code"]) == (404, 10008)


async def test_reactions_are_told_both_ways(double: DiscordDouble) -> None:
    maya = double.person("Maya")
    async with connected(double) as client:
        reactions: list[tuple[str, int]] = []

        @client.event
        async def on_raw_reaction_add(event: discord.RawReactionActionEvent) -> None:
            reactions.append((str(event.emoji), event.user_id))
            double.world.stir()

        sent = await client.text_channel.send("Done?")
        model = double.channel.messages.get(sent.id)
        assert model is not None
        await maya.react(model, "👍")
        await client.until(lambda: reactions == [("👍", defaults.MAYA_ID)])
        await sent.add_reaction("✅")
        await sent.add_reaction("✅")
        assert model.reactions == {"👍": [defaults.MAYA_ID], "✅": [defaults.BOT_USER_ID]}
        assert client.user is not None
        await sent.remove_reaction("✅", client.user)
        assert "✅" not in model.reactions
        fetched = await client.text_channel.fetch_message(sent.id)
        assert [u.id async for u in fetched.reactions[0].users()] == [defaults.MAYA_ID]


async def test_words_are_no_emoji(double: DiscordDouble, rest: Rest) -> None:
    _, sent = await rest.post()
    status, error = await rest("PUT", f"{MESSAGES}/{sent['id']}/reactions/yes/@me")
    assert (status, error["code"]) == (400, 10014)
    assert double.counts["PUT /channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me"]


async def test_attachments_can_be_read_back(double: DiscordDouble) -> None:
    async with connected(double) as client:
        file = discord.File(io.BytesIO(b"line"), "log.txt")
        sent = await client.text_channel.send("See", file=file)
        assert await sent.attachments[0].read() == b"line"
        assert sent.attachments[0].filename == "log.txt"


async def test_bulk_deletion_needs_two_messages_and_the_permission(
    double: DiscordDouble, rest: Rest
) -> None:
    _, one = await rest.post()
    _, two = await rest.post()
    path = f"{MESSAGES}/bulk-delete"
    status, error = await rest("POST", path, {"messages": [one["id"]]})
    assert (status, error["code"]) == (400, 50016)
    status, error = await rest("POST", path, {"messages": [one["id"], two["id"]]})
    assert (status, error["code"]) == (403, 50013)
    double.allow(double.channel, defaults.BOT_ROLE_ID, Permission.MANAGE_MESSAGES)
    status, _ = await rest("POST", path, {"messages": [one["id"], two["id"]]})
    assert status == 204
    assert len(double.channel.messages) == 0


async def test_direct_messages_go_both_ways(double: DiscordDouble) -> None:
    maya = double.person("Maya")
    async with connected(double) as client:
        user = await client.fetch_user(defaults.MAYA_ID)
        await user.send("May I?")
        await maya.write_directly("You may")
        heard = await client.until_heard("You may")
        assert heard.guild is None
        maya.member.user.accepts_direct_messages = False
        with pytest.raises(discord.Forbidden) as refused:
            await user.send("Sure?")
        assert refused.value.code == 50007


async def test_a_webhooks_message_says_that_it_is_one(double: DiscordDouble) -> None:
    async with connected(double) as client:
        await double.post_as_webhook(double.channel, "Feed", "News")
        heard = await client.until_heard("News")
        assert heard.webhook_id is not None
        assert heard.author.bot


async def test_pins_are_listed_newest_first(double: DiscordDouble) -> None:
    double.allow(double.channel, defaults.BOT_ROLE_ID, Permission.PIN_MESSAGES)
    async with connected(double) as client:
        for text in ("a", "b"):
            await (await client.text_channel.send(text)).pin()
        assert [m.content async for m in client.text_channel.pins()] == ["b", "a"]


async def test_people_meet_the_same_limits_as_bots(double: DiscordDouble) -> None:
    with pytest.raises(Refusal) as refused:
        await double.person("Maya").write(double.channel, "x" * 2001)
    assert refused.value.code == 50035

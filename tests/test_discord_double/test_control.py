from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import discord
import pytest
from discord import ui
from discord_double import defaults

from .conftest import Client, connected, until

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from discord_double import DiscordDouble


class Control:
    """The control API as another process uses it."""

    def __init__(self, double: DiscordDouble, session: aiohttp.ClientSession) -> None:
        self._base = f"{double.world.base_url}/_double/"
        self._session = session

    async def __call__(
        self, method: str, path: str, body: object = None, *, expect: int = 200
    ) -> Any:
        async with self._session.request(method, self._base + path, json=body) as response:
            assert response.status == expect, await response.text()
            return await response.json()

    async def post(self, path: str, *, expect: int = 200, **body: Any) -> Any:
        return await self("POST", path, body, expect=expect)


@pytest.fixture
async def control(double: DiscordDouble) -> AsyncGenerator[Control]:
    async with aiohttp.ClientSession() as session:
        yield Control(double, session)


class Form(ui.Modal, title="Why?"):
    reason: ui.TextInput[Form] = ui.TextInput(label="Reason", custom_id="reason")

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.send_message(self.reason.value, ephemeral=True)


def asking() -> ui.View:
    view: ui.View = ui.View()
    button: ui.Button[ui.View] = ui.Button(label="Ask", custom_id="ask")

    async def ask(interaction: discord.Interaction[Any]) -> None:
        await interaction.response.send_modal(Form())

    button.callback = ask
    view.add_item(button)
    return view


async def test_commands_are_used_and_suggested_from_another_process(
    double: DiscordDouble, control: Control
) -> None:
    client = Client(double)
    tree = discord.app_commands.CommandTree(client)

    async def suggest(
        _: discord.Interaction[Any], typed: str
    ) -> list[discord.app_commands.Choice[str]]:
        return [discord.app_commands.Choice(name=f"{typed}!", value=typed)]

    @tree.command(name="say", description="Say it", guild=discord.Object(defaults.GUILD_ID))
    @discord.app_commands.autocomplete(what=suggest)
    async def say(interaction: discord.Interaction[Any], what: str) -> None:
        await interaction.response.send_message(what, ephemeral=True)

    async with connected(double, client):
        await tree.sync(guild=discord.Object(defaults.GUILD_ID))
        body: dict[str, Any] = {
            "channel_id": double.channel.id,
            "name": "say",
            "options": {"what": "Yes"},
        }
        asked = await control.post("people/Maya/complete", **body, focused="what")
        assert asked["choices"] == [{"name": "Yes!", "value": "Yes"}]
        used = await control.post("people/Maya/command", **body)
        assert used["messages"][0]["content"] == "Yes"


async def test_people_act_from_another_process(double: DiscordDouble, control: Control) -> None:
    async with connected(double) as client:
        sent = await client.text_channel.send("Which?", view=asking())
        thread = await sent.create_thread(name="T")
        written = await control.post("people/Maya/write", channel_id=str(thread.id), content="Blue")
        await client.until_heard("Blue")
        await control.post("people/Maya/edit", message_id=written["id"], content="Red")
        await control.post("people/Maya/react", message_id=written["id"], emoji="👍")
        await control.post("people/Maya/unreact", message_id=written["id"], emoji="👍")
        reply = await control.post(
            "people/Noor/write", channel_id=thread.id, content="Sure?", reply_to=written["id"]
        )
        assert reply["message_reference"]["message_id"] == written["id"]
        opened = await control.post("people/Maya/click", message_id=sent.id, button="Ask")
        assert opened["callback"] == 9
        answered = await control.post(
            "people/Maya/submit", interaction_id=opened["id"], values={"reason": "because"}
        )
        assert answered["messages"][0]["content"] == "because"
        assert answered["messages"][0]["only_for"] == str(defaults.MAYA_ID)
        again = await control("GET", f"interactions/{answered['id']}")
        assert again["acknowledged"] is True
        texts = await control("GET", f"channels/{thread.id}/messages")
        assert [m["content"] for m in texts] == ["", "Red", "Sure?"]
        await control.post("people/Maya/delete", message_id=written["id"])
        await control.post("people/Maya/dm", content="psst")
        await client.until_heard("psst")


async def test_threads_are_started_changed_and_left(
    double: DiscordDouble, control: Control
) -> None:
    thread = await control.post(
        "people/Maya/start-thread", channel_id=defaults.CHANNEL_ID, name="Mine"
    )
    await control.post("people/Noor/join", channel_id=thread["id"])
    await control.post("people/Noor/leave", channel_id=thread["id"])
    await control.post("people/Noor/type", channel_id=thread["id"])
    changed = await control.post("people/Maya/edit-thread", channel_id=thread["id"], archived=True)
    assert changed["thread_metadata"]["archived"] is True
    assert [t["id"] for t in await control("GET", "threads?archived=1")] == [thread["id"]]
    assert await control("GET", "threads?archived=0") == []
    await control.post("people/Olivia/delete-thread", channel_id=thread["id"])
    assert double.threads == []
    await control.post("people/Noor/roles", roles=["Operators"])
    error = await control.post("people/Noor/roles", roles=["Nobody"], expect=422)
    assert "Nobody" in error["message"]


async def test_what_will_happen_can_be_waited_for(double: DiscordDouble, control: Control) -> None:
    async with connected(double) as client:
        thread = await (await client.text_channel.send("Refund?")).create_thread(name="Refund")
        found = await control("GET", "wait/thread?containing=Ref&timeout=5")
        assert found["id"] == str(thread.id)
        query = (
            f"containing=Refund&channel_id={defaults.CHANNEL_ID}&author_id={defaults.BOT_USER_ID}"
        )
        message = await control("GET", f"wait/message?{query}&timeout=5")
        assert message["id"] == str(thread.id)
        await control("GET", "wait/message?containing=nothing&timeout=0.05", expect=408)
        await control("GET", "wait/thread?containing=nothing&timeout=0.05", expect=408)


async def test_faults_and_the_gateway_are_switched(double: DiscordDouble, control: Control) -> None:
    fault = await control.post("faults", kind="fail", status=503, method="POST", times=None)
    assert fault["status"] == 503
    await control.post("faults", kind="drop", after_effect=True)
    await control.post("faults", kind="slow", seconds=1.5)
    await control.post("faults", kind="rate_limit", seconds=1.5, is_global=True)
    assert len(await control("GET", "faults")) == 4
    await control("DELETE", "faults")
    assert await control("GET", "faults") == []
    await control.post("faults", kind="flood", expect=422)
    async with connected(double) as client:
        assert await control.post("gateway/disconnect", code=4000) == {"sockets": 1}
        await client.until(lambda: client.events.count("RESUMED") == 1)
        await control.post("gateway/cut")
        await client.until(lambda: client.events.count("RESUMED") == 2)
        await control.post("gateway/reconnect")
        await client.until(lambda: client.events.count("RESUMED") == 3)
        await control.post("gateway/invalidate")
        await client.until(lambda: client.events.count("READY") == 2)
        await control.post("gateway/play-dead")
        await control.post("gateway/refuse", times=0)
        await control.post("gateway/lose", pattern="MESSAGE_.*", times=1)
        await control.post("people/Maya/write", channel_id=defaults.CHANNEL_ID, content="lost")
        await control.post("gateway/stop-losing")
        await control.post("people/Maya/write", channel_id=defaults.CHANNEL_ID, content="found")
        await client.until_heard("found")
        assert len(client.heard) == 1
        sessions = await control("GET", "sessions")
        assert sum(s["connected"] for s in sessions) == 1
        await control.post("gateway/forget")
    await control.post("gateway/nothing", expect=422)


async def test_the_operator_is_employed_and_dismissed(
    double: DiscordDouble, control: Control
) -> None:
    assert await control("GET", "operator") == {"employed": False}
    await control.post("operator", answer="Yes to {question}", delay=0)
    async with connected(double) as client:
        await (await client.text_channel.send("this")).create_thread(name="T")
        await client.until_heard("Yes to this")
        await control.post("operator", rules=[["that", "No"], ["", "Maybe"]], name="Noor")
        await (await client.text_channel.send("that")).create_thread(name="T")
        await client.until_heard("No")
        assert (await control("GET", "operator"))["answered"] == 1
        await control.post("operator", press="Go")
        await (await client.text_channel.send("?")).create_thread(name="T")
        operator = double.operator
        assert operator is not None
        await until(double, lambda: operator.refused)
        assert "Go" in (await control("GET", "operator"))["refused"][0]
    await control("DELETE", "operator")
    assert double.operator is None


async def test_the_guild_suffers_what_it_must(double: DiscordDouble, control: Control) -> None:
    client = Client(double)
    async with connected(double, client):
        added = await control.post("guild/add-channel", name="spare")
        await control.post(
            "guild/deny",
            channel_id=added["id"],
            target_id=defaults.GUILD_ID,
            permissions=["SEND_MESSAGES"],
        )
        body = {"channel_id": added["id"], "content": "x"}
        error = await control("POST", "people/Mallory/write", body, expect=403)
        assert error["code"] == 50013
        await control.post(
            "guild/allow",
            channel_id=added["id"],
            target_id=defaults.MALLORY_ID,
            permissions=["SEND_MESSAGES"],
        )
        written = await control("POST", "people/Mallory/write", body)
        await control.post("guild/delete-message", message_id=written["id"])
        await control.post("guild/webhook", channel_id=added["id"], name="Feed", content="News")
        await client.until_heard("News")
        thread = await control.post("people/Mallory/start-thread", channel_id=added["id"], name="T")
        await control.post("guild/auto-archive", channel_id=thread["id"])
        await control.post("guild/delete-channel", channel_id=added["id"])
        await control.post("guild/portal", message_content=False)
        assert not double.bot.message_content
        second = await control.post("guild/add-bot", name="Second", token="second")
        assert int(second["id"]) in double.guild.members
        await control.post("guild/remove-bot", name="Second")
        await control.post("guild/remove-bot", name="Third", expect=422)
        await control.post("guild/nothing", expect=422)
    names = [e["name"] for e in await control("GET", "history")]
    assert {"CHANNEL_CREATE", "MESSAGE_DELETE", "CHANNEL_DELETE", "GUILD_DELETE"} <= set(names)


async def test_everything_can_be_dumped_for_a_checker(
    double: DiscordDouble, control: Control
) -> None:
    async with connected(double) as client:
        thread = await (await client.text_channel.send("Q", nonce="n1")).create_thread(name="T")
        await double.person("Maya").write(thread.id, "A")
    state = await control("GET", "state")
    escalations = next(c for c in state["channels"] if c["id"] == str(defaults.CHANNEL_ID))
    assert [(m["content"], m["nonce"]) for m in escalations["messages"]] == [("Q", "n1")]
    assert [m["content"] for m in state["threads"][0]["messages"]] == ["", "A"]
    assert state["counts"]["POST /channels/{channel_id}/messages"] == 1
    assert state["bots"][0]["identifies_left"] == 999
    messages = await control("GET", "history?name=MESSAGE_CREATE")
    assert [e["data"]["content"] for e in messages] == ["Q", "", "A"]
    last = messages[-1]["number"]
    assert await control("GET", f"history?after={last}&name=MESSAGE_CREATE") == []
    requests = await control("GET", "requests")
    assert requests[0]["path"] == "/users/@me"
    assert await control("GET", f"requests?after={len(requests)}") == []
    assert (await control("GET", "health"))["status"] == "ok"
    assert len(await control("GET", "people")) == 5


async def test_settings_can_be_changed_while_it_runs(
    double: DiscordDouble, control: Control
) -> None:
    await control.post("settings", nonce_window=1.0, rate_limits="strict")
    assert double.settings.nonce_window == 1.0
    assert double.settings.rate_limits.renames is not None
    await control.post("settings", colour="red", expect=422)


async def test_unknown_acts_and_refusals_are_told(control: Control) -> None:
    error = await control.post("people/Maya/sing", expect=422)
    assert "write" in error["message"]
    error = await control.post("people/Maya/write", channel_id=1, content="x", expect=404)
    assert error["code"] == 10003
    await control.post("people/Maya/click", message_id=1, button="x", expect=422)

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import discord
import pytest
from discord import app_commands, ui
from discord_double import Refusal, defaults

from .conftest import Client, connected, until

if TYPE_CHECKING:
    from discord_double import DiscordDouble, Message
    from discord_double.acts.interactions import Interaction

    from .conftest import Rest


class Answer(ui.DynamicItem[ui.Button[ui.View]], template=r"answer:(?P<id>\d+)"):
    """A button that outlives a restart: all it knows stands in its custom_id."""

    def __init__(self, number: int) -> None:
        super().__init__(ui.Button(label="Approve", custom_id=f"answer:{number}"))
        self.number = number

    @classmethod
    async def from_custom_id(
        cls, _: discord.Interaction[Any], __: ui.Item[Any], match: re.Match[str]
    ) -> Answer:
        return cls(int(match["id"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.edit_message(content=f"Approved {self.number}", view=None)


class Why(ui.Modal, title="Why?"):
    reason: ui.TextInput[Why] = ui.TextInput(label="Reason", custom_id="reason", max_length=20)

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.send_message(f"Because {self.reason.value}", ephemeral=True)


class LabelledWhy(ui.Modal, title="Why?"):
    reason = ui.Label(text="Reason", component=ui.TextInput[Any](custom_id="reason"))

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        field = self.reason.component
        assert isinstance(field, ui.TextInput)
        await interaction.response.send_message(f"Because {field.value}")


class Controls(ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)

    @ui.button(label="Decline", custom_id="decline")
    async def decline(self, interaction: discord.Interaction[Any], _: ui.Button[Any]) -> None:
        await interaction.response.send_modal(Why())

    @ui.button(label="Explain", custom_id="explain")
    async def explain(self, interaction: discord.Interaction[Any], _: ui.Button[Any]) -> None:
        await interaction.response.send_modal(LabelledWhy())

    @ui.button(label="Later", custom_id="later")
    async def later(self, interaction: discord.Interaction[Any], _: ui.Button[Any]) -> None:
        await interaction.response.defer(thinking=True)
        await interaction.followup.send("Thought about it")
        await interaction.followup.send("And again", ephemeral=True)
        await interaction.edit_original_response(content="Edited")

    @ui.button(label="Mute", custom_id="mute")
    async def mute(self, interaction: discord.Interaction[Any], _: ui.Button[Any]) -> None:
        await interaction.response.defer()

    @ui.button(label="Closed", custom_id="closed", disabled=True)
    async def closed(self, interaction: discord.Interaction[Any], _: ui.Button[Any]) -> None:
        raise AssertionError(interaction)

    @ui.select(
        custom_id="pick",
        options=[discord.SelectOption(label=c, value=c) for c in ("red", "blue")],
    )
    async def pick(self, interaction: discord.Interaction[Any], menu: ui.Select[Any]) -> None:
        await interaction.response.send_message(f"Picked {menu.values[0]} in {interaction.channel}")


async def posted(double: DiscordDouble, client: Client, view: ui.View | None = None) -> Message:
    """Post a message with controls, and return it as the double has it."""
    sent = await client.text_channel.send("Decide", view=view or Controls())
    found = double.channel.messages.get(sent.id)
    assert found is not None
    return found


async def said(double: DiscordDouble, opened: Interaction, count: int = 1) -> list[Message]:
    """Wait until the bot said so much in reply."""
    await until(double, lambda: len(opened.messages) >= count and opened.is_acknowledged)
    return opened.messages


async def test_a_dynamic_button_survives_a_restart_of_its_bot(double: DiscordDouble) -> None:
    maya = double.person("Maya")
    async with connected(double) as client:
        view = ui.View(timeout=None)
        view.add_item(Answer(7))
        message = await posted(double, client, view)
    second = Client(double)
    second.add_dynamic_items(Answer)
    async with connected(double, second):
        opened = await maya.click(message, "Approve")
        await until(double, lambda: message.content == "Approved 7")
        assert message.components == []
        assert opened.user.id == defaults.MAYA_ID


async def test_the_bot_sees_who_clicked_with_roles_and_permissions(double: DiscordDouble) -> None:
    async with connected(double) as client:
        seen: list[discord.Interaction[Any]] = []

        @client.event
        async def on_interaction(interaction: discord.Interaction[Any]) -> None:
            seen.append(interaction)
            double.world.stir()

        message = await posted(double, client)
        await double.person("Maya").click(message, "mute")
        await client.until(lambda: seen)
        user = seen[0].user
        assert isinstance(user, discord.Member)
        assert [role.id for role in user.roles][1:] == [defaults.OPERATOR_ROLE_ID]
        assert seen[0].permissions.send_messages
        assert seen[0].message is not None
        assert seen[0].message.id == message.id
        assert seen[0].guild_id == defaults.GUILD_ID
        assert seen[0].channel_id == defaults.CHANNEL_ID


@pytest.mark.parametrize("button", ["Decline", "Explain"])
async def test_a_form_is_opened_filled_in_and_answered(double: DiscordDouble, button: str) -> None:
    maya = double.person("Maya")
    async with connected(double) as client:
        message = await posted(double, client)
        opened = await maya.click(message, button)
        await until(double, lambda: opened.modal)
        sent = await maya.submit(opened, {"reason": "too much"})
        answers = await said(double, sent)
        assert answers[0].content == "Because too much"
        assert sent.message is message


async def test_a_form_is_filled_in_within_its_limits(double: DiscordDouble) -> None:
    maya = double.person("Maya")
    async with connected(double) as client:
        opened = await maya.click(await posted(double, client), "Decline")
        await until(double, lambda: opened.modal)
        with pytest.raises(ValueError, match="characters"):
            await maya.submit(opened, {"Reason": "x" * 21})
        with pytest.raises(ValueError, match="filled in"):
            await maya.submit(opened, {})
        with pytest.raises(LookupError):
            await maya.submit(opened, {"reason": "x", "other": "y"})


async def test_an_ephemeral_answer_stands_in_no_channel(double: DiscordDouble) -> None:
    maya = double.person("Maya")
    async with connected(double) as client:
        opened = await maya.click(await posted(double, client), "Decline")
        await until(double, lambda: opened.modal)
        sent = await maya.submit(opened, {"reason": "no"})
        (answer,) = await said(double, sent)
        assert answer.only_for == defaults.MAYA_ID
        assert double.channel.messages.get(answer.id) is None
        assert [m.content async for m in client.text_channel.history()] == ["Decide"]


async def test_a_deferred_answer_is_edited_and_followed_up(double: DiscordDouble) -> None:
    async with connected(double) as client:
        opened = await double.person("Maya").click(await posted(double, client), "Later")
        first, second = await said(double, opened, 2)
        await until(double, lambda: first.content == "Edited")
        assert first.only_for is None
        assert second.only_for == defaults.MAYA_ID
        assert double.channel.messages.get(first.id) is first


async def test_a_choice_from_a_menu_is_made_and_told(double: DiscordDouble) -> None:
    maya = double.person("Maya")
    async with connected(double) as client:
        message = await posted(double, client)
        with pytest.raises(ValueError, match="offers"):
            await maya.choose(message, "pick", "green")
        (answer,) = await said(double, await maya.choose(message, "pick", "blue"))
        assert answer.content == f"Picked blue in {defaults.CHANNEL_NAME}"


async def test_a_button_that_is_missing_or_disabled_cannot_be_pressed(
    double: DiscordDouble,
) -> None:
    maya = double.person("Maya")
    async with connected(double) as client:
        message = await posted(double, client)
        with pytest.raises(LookupError, match="offers"):
            await maya.click(message, "Nothing")
        with pytest.raises(ValueError, match="disabled"):
            await maya.click(message, "Closed")


async def test_a_click_wakes_an_archived_thread_unless_it_is_locked(
    double: DiscordDouble,
) -> None:
    maya = double.person("Maya")
    async with connected(double) as client:
        thread = await (await client.text_channel.send("?")).create_thread(name="T")
        sent = await thread.send("Decide", view=Controls())
        message = double.world.find_message(sent.id)
        assert message is not None
        await thread.edit(archived=True)
        await maya.click(message, "Mute")
        assert not double.threads[0].archived
        await thread.edit(archived=True, locked=True)
        with pytest.raises(Refusal) as refused:
            await maya.click(message, "Mute")
        assert refused.value.code == 160005


async def test_nobody_clicks_in_a_channel_out_of_sight(double: DiscordDouble) -> None:
    from_mallory = double.person("Mallory")
    async with connected(double) as client:
        thread = await client.text_channel.create_thread(name="Private")
        sent = await thread.send("Decide", view=Controls())
        message = double.world.find_message(sent.id)
        assert message is not None
        with pytest.raises(Refusal) as refused:
            await from_mallory.click(message, "Mute")
        assert refused.value.code == 50001


async def pressed(double: DiscordDouble, rest: Rest) -> Interaction:
    """Open an interaction without any client that would answer it."""
    button = {"type": 2, "style": 1, "label": "Go", "custom_id": "go"}
    _, sent = await rest.post("Decide", components=[{"type": 1, "components": [button]}])
    message = double.channel.messages.get(int(sent["id"]))
    assert message is not None
    return await double.person("Maya").click(message, "Go")


def callback(opened: Interaction) -> str:
    return f"/interactions/{opened.id}/{opened.token}/callback"


async def test_a_callback_needs_no_token_and_returns_its_resource_on_request(
    double: DiscordDouble, rest: Rest
) -> None:
    opened = await pressed(double, rest)
    body = {"type": 4, "data": {"content": "Yes"}}
    path = f"{callback(opened)}?with_response=1"
    status, answer = await rest("POST", path, body, token=None)
    assert status == 200
    assert answer["interaction"]["id"] == str(opened.id)
    assert answer["resource"]["message"]["content"] == "Yes"
    assert answer["resource"]["message"]["webhook_id"] == str(defaults.APPLICATION_ID)
    opened = await pressed(double, rest)
    assert await rest("POST", callback(opened), {"type": 6}, token=None) == (204, None)


async def test_a_second_acknowledgement_is_refused(double: DiscordDouble, rest: Rest) -> None:
    opened = await pressed(double, rest)
    assert (await rest("POST", callback(opened), {"type": 6}))[0] == 204
    status, error = await rest("POST", callback(opened), {"type": 6})
    assert (status, error["code"]) == (400, 40060)


async def test_a_late_or_unknown_interaction_is_10062(double: DiscordDouble, rest: Rest) -> None:
    double.settings.interaction_deadline = 0.0
    opened = await pressed(double, rest)
    status, error = await rest("POST", callback(opened), {"type": 6})
    assert (status, error["code"]) == (404, 10062)
    status, error = await rest("POST", "/interactions/1/wrong/callback", {"type": 6})
    assert (status, error["code"]) == (404, 10062)


async def test_a_token_is_good_for_followups_only_for_a_while(
    double: DiscordDouble, rest: Rest
) -> None:
    opened = await pressed(double, rest)
    hook = f"/webhooks/{defaults.APPLICATION_ID}/{opened.token}"
    status, error = await rest("POST", hook, {"content": "Too soon"}, token=None)
    assert (status, error["code"]) == (404, 10015)
    await rest("POST", callback(opened), {"type": 4, "data": {"content": "First"}})
    status, second = await rest("POST", hook, {"content": "Second"}, token=None)
    assert (status, second["content"]) == (200, "Second")
    one = f"{hook}/messages/{second['id']}"
    assert (await rest("PATCH", one, {"content": "Changed"}))[1]["content"] == "Changed"
    assert (await rest("DELETE", one))[0] == 204
    original = f"{hook}/messages/@original"
    assert (await rest("GET", original))[1]["content"] == "First"
    assert (await rest("DELETE", original))[0] == 204
    assert (await rest("GET", original))[1]["code"] == 10008
    double.settings.interaction_token_life = 0.0
    status, error = await rest("POST", hook, {"content": "Too late"})
    assert (status, error["code"]) == (401, 50027)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"type": 8, "data": {"choices": []}}, 50035),
        ({}, 50035),
        ({"type": 4, "data": {"content": ""}}, 50006),
        ({"type": 4, "data": {"content": "x" * 2001}}, 50035),
        ({"type": 9, "data": {"title": "x" * 46, "custom_id": "m", "components": []}}, 50035),
    ],
)
async def test_a_callback_that_does_not_fit_is_refused_and_may_be_repeated(
    double: DiscordDouble, rest: Rest, body: dict[str, Any], code: int
) -> None:
    opened = await pressed(double, rest)
    status, error = await rest("POST", callback(opened), body)
    assert (status, error["code"]) == (400, code)
    assert (await rest("POST", callback(opened), {"type": 6}))[0] == 204


async def test_commands_are_synced_used_and_completed(double: DiscordDouble) -> None:
    maya = double.person("Maya")
    client = Client(double)
    tree = app_commands.CommandTree(client)
    group = app_commands.Group(name="open", description="Questions")

    async def suggest(_: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=c, value=c) for c in ("red", "blue") if typed in c]

    @group.command(name="list", description="List them")
    @app_commands.autocomplete(colour=suggest)
    async def listed(
        interaction: discord.Interaction[Any], colour: str, whose: discord.Member | None = None
    ) -> None:
        await interaction.response.send_message(f"None {colour} {whose}")

    tree.add_command(group, guild=discord.Object(defaults.GUILD_ID))
    async with connected(double, client):
        synced = await tree.sync(guild=discord.Object(defaults.GUILD_ID))
        assert [command.name for command in synced] == ["open"]
        assert await tree.fetch_commands() == []
        opened = await maya.command(double.channel, "open list", colour="red")
        (answer,) = await said(double, opened)
        assert answer.content == "None red None"
        opened = await maya.command(
            double.channel, "open list", colour="red", whose=str(defaults.NOOR_ID)
        )
        assert (await said(double, opened))[0].content == "None red noor"
        assert answer.type == discord.MessageType.chat_input_command.value
        asked = await maya.complete(double.channel, "open list", "colour", colour="bl")
        await until(double, lambda: asked.is_acknowledged)
        assert asked.choices == [{"name": "blue", "value": "blue"}]
        with pytest.raises(LookupError):
            await maya.command(double.channel, "close")
        with pytest.raises(LookupError):
            await maya.command(double.channel, "open list", size=3)

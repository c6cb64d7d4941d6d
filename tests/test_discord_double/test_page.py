"""What people do on the page reaches the bot as it would from Discord's app."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
import pytest
from discord import app_commands, ui
from discord_double import defaults

from .conftest import Client, connected

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from discord_double import DiscordDouble

CHANNEL = {"channel": str(defaults.CHANNEL_ID), "as": "Maya"}
GUILD = discord.Object(defaults.GUILD_ID)


class Reason(ui.Modal):
    """A form with a line and a menu."""

    why: ui.Label[Any] = ui.Label(
        text="Why", description="In one line", component=ui.TextInput(custom_id="why", default="a")
    )
    how: ui.Label[Any] = ui.Label(
        text="How",
        component=ui.Select(
            custom_id="how",
            options=[discord.SelectOption(label=each) for each in ("well", "badly")],
        ),
    )

    def __init__(self) -> None:
        super().__init__(title="Tell me", custom_id="reason")

    async def on_submit(self, interaction: discord.Interaction) -> None:
        line, menu = self.why.component, self.how.component
        assert isinstance(line, ui.TextInput)
        assert isinstance(menu, ui.Select)
        await interaction.response.send_message(f"{menu.values[0]}: {line.value}", ephemeral=True)


def a_view() -> ui.View:
    """Make a button that opens the form, a menu of words and one of people."""
    view: ui.View = ui.View()
    button: ui.Button[ui.View] = ui.Button(
        label="Ask", custom_id="ask", style=discord.ButtonStyle.success
    )
    words: ui.Select[ui.View] = ui.Select(
        custom_id="words",
        options=[discord.SelectOption(label="Red"), discord.SelectOption(label="Blue")],
    )
    people: ui.UserSelect[ui.View] = ui.UserSelect(custom_id="people")

    async def ask(interaction: discord.Interaction[Any]) -> None:
        await interaction.response.send_modal(Reason())

    async def tell(interaction: discord.Interaction[Any]) -> None:
        chosen = [*words.values, *(f"<@{each.id}>" for each in people.values)]
        await interaction.response.send_message(f"Chosen: {chosen[0]}", ephemeral=True)

    button.callback = ask
    words.callback = people.callback = tell
    for item in (button, words, people):
        view.add_item(item)
    return view


class Page:
    """A browser of one person's."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self._session, self._base = session, base

    async def see(self, **query: str) -> str:
        async with self._session.get(self._base, params=CHANNEL | query) as shown:
            assert shown.status == 200
            return await shown.text()

    async def act(self, act: str, **fields: str) -> tuple[str, Mapping[str, str]]:
        async with self._session.post(f"{self._base}/_page/{act}", data=CHANNEL | fields) as shown:
            assert shown.status == 200
            return await shown.text(), shown.url.query


@asynccontextmanager
async def at_the_page(double: DiscordDouble) -> AsyncGenerator[tuple[Client, Page]]:
    async with connected(double) as client, aiohttp.ClientSession() as session:
        yield client, Page(session, double.world.base_url)


async def test_whatever_is_written_is_shown_and_is_never_a_tag(double: DiscordDouble) -> None:
    async with at_the_page(double) as (client, page):
        embed = discord.Embed(title="<b>Deadline</b>", description="soon", colour=0x00FF00)
        embed.set_footer(text="<i>")
        sent = await client.text_channel.send("<script>1</script>", embed=embed)
        thread = await sent.create_thread(name="T<i>")
        shown = await page.see()
        for expected in ("&lt;script&gt;1&lt;/script&gt;", "&lt;b&gt;Deadline", "T&lt;i&gt;"):
            assert expected in shown
        assert "<script>1" not in shown
        assert "border-color:#00ff00" in shown
        shown, _ = await page.act("say", channel=str(thread.id), content="Yes <3")
        assert "Yes &lt;3" in shown
        await client.until_heard("Yes <3")
        assert await page.see(**{"as": "<Nobody>"})


async def test_a_button_opens_a_form_that_is_filled_in_and_sent(double: DiscordDouble) -> None:
    async with at_the_page(double) as (client, page):
        sent = await client.text_channel.send("Well?", view=a_view())
        shown, query = await page.act("click", message=str(sent.id), button="ask")
        assert "class=success" in shown
        assert "In one line" in shown
        assert "value='a'>" in shown
        form = {"form": query["form"], "field:why": "so & so", "field:how": "well"}
        shown, _ = await page.act("submit", **form)
        assert "well: so &amp; so" in shown
        assert "Only you can see this." in shown
        assert "well: so" not in await page.see(**{"as": "Noor"})


@pytest.mark.parametrize(
    ("menu", "value", "told"),
    [
        ("words", "Blue", "Chosen: Blue"),
        ("people", str(defaults.NOOR_ID), "Chosen: <span class=mention>@Noor</span>"),
    ],
)
async def test_a_menu_is_chosen_from(
    double: DiscordDouble, menu: str, value: str, told: str
) -> None:
    async with at_the_page(double) as (client, page):
        sent = await client.text_channel.send("Which?", view=a_view())
        assert f"<option value='{value}'" in await page.see()
        shown, _ = await page.act("choose", message=str(sent.id), menu=menu, value=value)
        assert told in shown


async def test_a_slash_command_is_typed(double: DiscordDouble) -> None:
    async with at_the_page(double) as (client, page):
        tree = app_commands.CommandTree(client)

        @tree.command(guild=GUILD)
        async def greet(  # pyright: ignore[reportUnusedFunction]
            interaction: discord.Interaction[Any], whom: discord.Member, words: str, times: int
        ) -> None:
            """Greet somebody."""
            said = f"{words * times} {whom.mention}"
            await interaction.response.send_message(said, ephemeral=True)

        await tree.sync(guild=GUILD)
        typed = f"/greet whom:<@{defaults.NOOR_ID}> words:at 10:30 so times:2"
        shown, _ = await page.act("say", content=typed)
        assert "at 10:30 soat 10:30 so <span class=mention>@Noor</span>" in shown


@pytest.mark.parametrize(
    ("act", "fields", "told"),
    [
        ("say", {"content": "/none"}, "no command"),
        ("say", {"content": "/"}, "no command"),
        ("say", {"content": "/none a:b"}, "belongs to no option"),
        ("say", {"content": ""}, "Cannot send an empty message"),
        ("click", {"button": "none"}, "it offers"),
        ("choose", {"menu": "words", "value": "Green"}, "offers"),
        ("choose", {"menu": "words", "value": ""}, "offers"),
    ],
)
async def test_a_mistake_is_told_above_the_line(
    double: DiscordDouble, act: str, fields: dict[str, str], told: str
) -> None:
    async with at_the_page(double) as (client, page):
        sent = await client.text_channel.send("Which?", view=a_view())
        shown, _ = await page.act(act, message=str(sent.id), **fields)
        assert told in shown.partition("class=notice")[2].partition("</p>")[0]


async def test_the_page_can_tell_that_there_is_news(double: DiscordDouble) -> None:
    async with aiohttp.ClientSession() as session:
        revision = f"{double.world.base_url}/_page/revision"
        before = await (await session.get(revision)).text()
        await double.person("Maya").write(defaults.CHANNEL_ID, "News")
        assert await (await session.get(revision)).text() != before

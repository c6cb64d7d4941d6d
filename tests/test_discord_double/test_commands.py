"""Application commands: what may be registered, how often, and what people give with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
import pytest
from discord import app_commands, ui
from discord_double import defaults
from discord_double.commands import CREATES_A_DAY

from .conftest import Client, connected, until

if TYPE_CHECKING:
    from discord_double import DiscordDouble

    from .conftest import Rest

GUILD = f"/applications/{defaults.APPLICATION_ID}/guilds/{defaults.GUILD_ID}/commands"
GLOBAL = f"/applications/{defaults.APPLICATION_ID}/commands"


def a_command(name: str = "close", **fields: Any) -> dict[str, Any]:
    return {"name": name, "description": "Close it", **fields}


def an_option(name: str = "why", **fields: Any) -> dict[str, Any]:
    return {"type": 3, "name": name, "description": "Why", **fields}


@pytest.mark.parametrize("path", [GUILD, GLOBAL])
async def test_a_sync_replaces_all_commands_of_its_scope_and_keeps_the_ids(
    rest: Rest, path: str
) -> None:
    _, first = await rest("PUT", path, [a_command("open"), a_command("close")])
    status, second = await rest("PUT", path, [a_command("close"), a_command("list")])
    assert status == 200
    assert second[0]["id"] == first[1]["id"]
    assert (await rest("GET", path))[1] == second
    other = GLOBAL if path == GUILD else GUILD
    assert (await rest("GET", other))[1] == []


@pytest.mark.parametrize(
    "command",
    [
        a_command("Close"),
        a_command("close it"),
        a_command(description=""),
        a_command(description="x" * 101),
        a_command(options=[an_option("Why")]),
        a_command(options=[an_option(), an_option()]),
        a_command(options=[an_option(), an_option("what", required=True)]),
        a_command(options=[an_option(f"o{number}") for number in range(26)]),
        a_command(options=[an_option(type=12)]),
        a_command(options=[an_option(max_length=6001)]),
        a_command(options=[an_option(type=6, autocomplete=True)]),
        a_command(options=[an_option(choices=[{"name": "x" * 101, "value": "x"}])]),
        a_command(
            options=[an_option(autocomplete=True, choices=[{"name": "one", "value": "one"}])]
        ),
    ],
)
async def test_a_command_that_breaks_a_rule_is_refused_and_nothing_is_changed(
    rest: Rest, command: dict[str, Any]
) -> None:
    await rest("PUT", GUILD, [a_command("open")])
    for method, body in (("PUT", [command]), ("POST", command)):
        status, error = await rest(method, GUILD, body)
        assert (status, error["code"]) == (400, 50035)
    assert [each["name"] for each in (await rest("GET", GUILD))[1]] == ["open"]


async def test_two_commands_of_one_name_are_refused(rest: Rest) -> None:
    status, error = await rest("PUT", GUILD, [a_command(), a_command()])
    assert (status, error["code"]) == (400, 50035)


async def test_only_so_many_are_made_a_day_and_known_ones_do_not_count(rest: Rest) -> None:
    half = CREATES_A_DAY // 2
    for part in range(2):
        body = [a_command(f"c{part}-{number}") for number in range(half)]
        assert (await rest("PUT", GUILD, body))[0] == 200
        assert (await rest("PUT", GUILD, body))[0] == 200
    status, error = await rest("PUT", GUILD, [a_command()])
    assert (status, error["code"]) == (400, 30034)
    await rest("PUT", GUILD, [])
    assert (await rest("POST", GUILD, a_command()))[1]["code"] == 30034
    assert (await rest("PUT", GLOBAL, [a_command()]))[0] == 200, "another scope"


async def test_more_than_a_hundred_are_refused(rest: Rest) -> None:
    status, error = await rest("PUT", GUILD, [a_command(f"c{number}") for number in range(101)])
    assert (status, error["code"]) == (400, 30032)


async def test_a_bot_that_was_invited_without_the_scope_has_no_commands(
    double: DiscordDouble, rest: Rest
) -> None:
    double.bot.commands_scope = False
    for method in ("GET", "PUT"):
        status, error = await rest(method, GUILD, [a_command()])
        assert (status, error["code"]) == (403, 50001)


async def test_people_give_what_a_command_takes(double: DiscordDouble, rest: Rest) -> None:
    options = [
        an_option(required=True, min_length=1, max_length=5),
        an_option("count", type=4, min_value=1),
        an_option("colour", choices=[{"name": "Red", "value": "red"}]),
    ]
    await rest("PUT", GUILD, [a_command(options=options)])
    maya = double.person("Maya")
    wrong: list[dict[str, Any]] = [
        {},
        {"why": "x" * 6},
        {"why": "so", "count": 0},
        {"why": "so", "count": "1"},
        {"why": "so", "colour": "blue"},
    ]
    for given in wrong:
        with pytest.raises(ValueError, match=r"must be|takes|offers"):
            await maya.command(double.channel, "close", **given)
    opened = await maya.command(double.channel, "close", why="so", count=1, colour="red")
    assert opened.data["options"][0] == {"name": "why", "type": 3, "value": "so"}


async def test_suggestions_have_limits(double: DiscordDouble, rest: Rest) -> None:
    await rest("PUT", GUILD, [a_command(options=[an_option(autocomplete=True)])])
    maya = double.person("Maya")
    one = {"name": "One", "value": "1"}
    for choices in ([one] * 26, [{"name": "x" * 101, "value": "1"}], [{"name": "", "value": "1"}]):
        asked = await maya.complete(double.channel, "close", "why", why="")
        path = f"/interactions/{asked.id}/{asked.token}/callback"
        status, error = await rest("POST", path, {"type": 8, "data": {"choices": choices}})
        assert (status, error["code"]) == (400, 50035)
        assert (await rest("POST", path, {"type": 8, "data": {"choices": [one]}}))[0] == 204
        assert asked.choices == [one]


class Whom(ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.seen: list[discord.Member | discord.User] = []

    @ui.select(cls=ui.UserSelect, custom_id="whom")
    async def whom(self, interaction: discord.Interaction[Any], menu: ui.UserSelect[Any]) -> None:
        self.seen += menu.values
        await interaction.response.edit_message(content="Thanks", view=None)


async def test_a_menu_of_people_tells_who_was_chosen_with_their_roles(
    double: DiscordDouble,
) -> None:
    client, view = Client(double), Whom()
    tree = app_commands.CommandTree(client)

    @tree.command(name="give", description="Give it", guild=discord.Object(defaults.GUILD_ID))
    async def give(interaction: discord.Interaction[Any]) -> None:
        await interaction.response.send_message("Whom?", view=view, ephemeral=True)

    maya, mallory = double.person("Maya"), double.person("Mallory")
    async with connected(double, client):
        await tree.sync(guild=discord.Object(defaults.GUILD_ID))
        opened = await maya.command(double.channel, "give")
        menu = await until(double, lambda: opened.response)
        with pytest.raises(LookupError, match="cannot see"):
            await mallory.choose(menu, "whom", defaults.NOOR_ID)
        with pytest.raises(ValueError, match="people"):
            await maya.choose(menu, "whom", defaults.OPERATOR_ROLE_ID)
        chosen = await maya.choose(menu, "whom", defaults.NOOR_ID)
        assert chosen.data["resolved"]["users"].keys() == {str(defaults.NOOR_ID)}
        await until(double, lambda: menu.content == "Thanks")
        assert menu.components == []
        assert double.channel.messages.get(menu.id) is None
        (noor,) = view.seen
        assert isinstance(noor, discord.Member)
        assert defaults.OPERATOR_ROLE_ID in [role.id for role in noor.roles]

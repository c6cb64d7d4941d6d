"""Two bots in one guild: each is a user of its own, with its own clicks, sight and limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from discord_double import defaults
from discord_double.permissions import Permission
from discord_double.ratelimit import Bucket, RateLimits

from .conftest import Client, connected
from .test_interactions import Controls

if TYPE_CHECKING:
    from discord_double import DiscordDouble
    from discord_double.model import Application

    from .conftest import Rest

SECRET = "second-token"
ME = "/users/@me"


@pytest.fixture
def second(double: DiscordDouble) -> Application:
    """Invite another bot."""
    return double.add_bot("Second", SECRET)


@pytest.mark.usefixtures("second")
async def test_a_click_is_heard_by_the_bot_whose_message_it_is_and_by_no_other(
    double: DiscordDouble,
) -> None:
    async with connected(double) as one, connected(double, Client(double), SECRET) as two:
        sent = await two.text_channel.send("Well?", view=Controls())
        starter = double.channel.messages.get(sent.id)
        assert starter is not None
        interaction = await double.person("Maya").click(starter, "Decline")
        await two.until(lambda: "INTERACTION_CREATE" in two.events)
        await two.until(lambda: interaction.modal)
        await one.text_channel.send("after it")
        await one.until_heard("after it")
        assert "INTERACTION_CREATE" not in one.events


async def test_a_channel_that_one_bot_does_not_see_is_still_the_others(
    double: DiscordDouble, second: Application
) -> None:
    (role,) = [each for each in double.guild.roles.values() if each.bot_id == second.id]
    double.deny(double.channel, role.id, Permission.VIEW_CHANNEL)
    async with connected(double) as one, connected(double, Client(double), SECRET) as two:
        await double.person("Maya").write(double.channel, "for one of them")
        await one.until_heard("for one of them")
        general = double.world.channel(defaults.SECOND_CHANNEL_ID)
        await double.person("Maya").write(general, "for both")
        await two.until_heard("for both")
        assert [each.content for each in two.heard] == ["for both"]


@pytest.mark.usefixtures("second")
async def test_each_bot_has_a_global_limit_of_its_own(double: DiscordDouble, rest: Rest) -> None:
    double.settings.rate_limits = RateLimits(globally=Bucket(2, 30.0), otherwise=None)
    statuses = [(await rest("GET", ME))[0] for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert (await rest("GET", ME, token=SECRET))[0] == 200

"""How tests use slash commands through the double, and read what came of them."""

from __future__ import annotations

from typing import Any

from discord_double import defaults
from discord_double.acts.interactions import Interaction
from discord_double.model import Channel
from discord_double.people import Person

from listening.conftest import Scene
from listening.test_controls import said_to
from shared.escalation import Escalation

SYNC = "PUT /applications/{application_id}/guilds/{guild_id}/commands"
LISTING = "GET /applications/{application_id}/guilds/{guild_id}/commands"


async def until_registered(scene: Scene) -> None:
    """Wait until Discord knows the commands."""
    await scene.double.until(lambda: scene.double.bot.commands.get(defaults.GUILD_ID) or None)


async def used(
    scene: Scene,
    who: str | Person,
    name: str,
    about: Escalation | str | None = None,
    *,
    place: Channel | None = None,
    **options: Any,
) -> Interaction:
    """Use a command, in the channel unless told otherwise, and wait for its answer."""
    if about is not None:
        options["question"] = about if isinstance(about, str) else about.id
    person = scene.double.person(who) if isinstance(who, str) else who
    interaction = await person.command(place or scene.double.channel, name, **options)
    await said_to(scene, interaction)
    return interaction


async def told(
    scene: Scene,
    who: str | Person,
    name: str,
    about: Escalation | str | None = None,
    *,
    place: Channel | None = None,
    **options: Any,
) -> str:
    """Use a command and read its answer, which nobody else may see."""
    interaction = await used(scene, who, name, about, place=place, **options)
    (answer,) = interaction.messages
    assert answer.only_for == interaction.user.id
    return answer.content


async def suggested(
    scene: Scene, who: str, name: str, typed: str = "", focused: str = "question"
) -> dict[str, str]:
    """Type in an option and read what is suggested: values by their names."""
    given: dict[str, Any] = {focused: typed}
    interaction = await scene.double.person(who).complete(
        scene.double.channel, name, focused, **given
    )
    await scene.double.until(lambda: interaction.is_acknowledged)
    return {str(each["name"]): str(each["value"]) for each in interaction.choices or ()}

from __future__ import annotations

from typing import Any

import pytest
from discord_double.commands import check_command
from discord_double.forms import Form

from escalation_worker.discord_channel.hearing.command_definitions import (
    COMMANDS,
    CommandName,
    is_registered,
)


def as_discord_lists_them() -> list[dict[str, Any]]:
    """Give the commands as they are listed: in another order, and with what Discord adds."""
    added: dict[str, Any] = {
        "id": "1",
        "application_id": "2",
        "version": "3",
        "guild_id": "4",
        "default_member_permissions": None,
        "nsfw": False,
        "name_localizations": None,
        "description_localizations": None,
    }
    listed = [each.payload() | added for each in reversed(COMMANDS)]
    for command in listed:
        for option in command["options"]:
            if not option["required"]:
                del option["required"]  # what is not so is not said
            option["name_localizations"] = None
    return listed


def test_every_command_is_one_that_discord_takes() -> None:
    assert {each.name for each in COMMANDS} == set(CommandName)
    for command in COMMANDS:
        form = Form(command.payload())
        check_command(form)
        form.close()


def test_what_discord_adds_makes_no_difference() -> None:
    assert is_registered(as_discord_lists_them(), COMMANDS)


@pytest.mark.parametrize("change", ["description", "option", "missing", "more", "suggests"])
def test_any_difference_is_one(change: str) -> None:
    listed = as_discord_lists_them()
    claim = next(each for each in listed if each["name"] == "claim")
    match change:
        case "description":
            claim["description"] = "Take it"
        case "option":
            claim["options"][0]["description"] = "Any"
        case "missing":
            listed.remove(claim)
        case "more":
            listed.append({"name": "older", "type": 1, "description": "Gone since"})
        case _:
            claim["options"][0]["autocomplete"] = False
    assert not is_registered(listed, COMMANDS)

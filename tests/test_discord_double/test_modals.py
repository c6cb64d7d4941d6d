"""Forms that open, with labels and menus; and answers that only one person sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from discord_double import defaults

from .test_interactions import callback, pressed

if TYPE_CHECKING:
    from discord_double import DiscordDouble
    from discord_double.acts.interactions import Interaction

    from .conftest import Rest


def a_label(**component: Any) -> dict[str, Any]:
    """Make a text input, or whatever is asked for, under a label."""
    inner = {"custom_id": "colour"} | component
    return {"type": 18, "label": "Colour", "component": inner}


def a_menu(*values: str, **more: Any) -> dict[str, Any]:
    options = [{"label": value, "value": value} for value in values]
    return a_label(type=3, options=options, **more)


async def opens(double: DiscordDouble, rest: Rest, *components: Any) -> tuple[Any, Interaction]:
    """Open a modal with these components; return the refusal, if it is one, and the click."""
    clicked = await pressed(double, rest)
    body = {
        "type": 9,
        "data": {"title": "Order", "custom_id": "order", "components": list(components)},
    }
    _, answer = await rest("POST", callback(clicked), body, token=None)
    return answer, clicked


@pytest.mark.parametrize(
    "component",
    [
        a_label(type=4, style=1) | {"label": "x" * 46},
        a_label(type=4, style=1) | {"label": ""},
        a_label(type=4, style=1) | {"description": "x" * 101},
        a_label(type=4, style=1, label="Its own"),
        a_label(type=4, style=3),
        a_label(type=4, style=1, value="x" * 4001),
        a_label(type=4, style=1, value="xxx", max_length=2),
        a_label(type=2, style=1, label="A button"),
        a_menu(),
        a_menu("red", disabled=True),
        a_menu("red", min_values=0),
        a_menu("red", "red"),
        a_menu("x" * 101),
        a_menu(*(str(number) for number in range(26))),
        a_label(type=3, options=[{"label": v, "value": v, "default": True} for v in "ab"]),
        {"type": 1, "components": [a_menu("red")["component"]]},
        {"type": 1, "components": [{"type": 4, "style": 1, "custom_id": "unlabelled"}]},
    ],
)
async def test_a_form_that_breaks_a_limit_is_refused(
    double: DiscordDouble, rest: Rest, component: dict[str, Any]
) -> None:
    refusal, clicked = await opens(double, rest, component)
    assert refusal["code"] == 50035
    assert clicked.modal is None


async def test_a_form_has_at_most_five_labels(double: DiscordDouble, rest: Rest) -> None:
    fields = [a_label(type=4, style=1) for _ in range(6)]
    for number, each in enumerate(fields):
        each["component"]["custom_id"] = f"field{number}"
    assert (await opens(double, rest, *fields))[0]["code"] == 50035
    assert (await opens(double, rest, *fields[:5]))[0] is None
    fields[1]["component"]["custom_id"] = "field0"
    assert (await opens(double, rest, *fields[:2]))[0]["code"] == 50035


async def test_what_a_person_leaves_alone_is_sent_as_the_bot_had_filled_it_in(
    double: DiscordDouble, rest: Rest
) -> None:
    menu = a_menu("red", "blue", required=False, min_values=0)
    menu["component"]["options"][1]["default"] = True
    text = a_label(type=4, style=1, value="three", required=False, custom_id="pieces")
    text["label"] = "Pieces"
    _, form = await opens(double, rest, menu, text)
    maya = double.person("Maya")

    def sent(submission: Interaction) -> list[Any]:
        inner = [row["component"] for row in submission.data["components"]]
        return [each.get("value", each.get("values")) for each in inner]

    assert sent(await maya.submit(form, {})) == [["blue"], "three"]
    changed = await maya.submit(form, {"Colour": "red", "Pieces": ""})
    assert sent(changed) == [["red"], ""]
    assert sent(await maya.submit(form, {"colour": ""})) == [[], "three"]
    with pytest.raises(ValueError, match="offers"):
        await maya.submit(form, {"Colour": "green"})
    with pytest.raises(LookupError, match="cannot see"):
        await double.person("Noor").submit(form, {})


async def test_a_menu_that_must_be_chosen_from_is(double: DiscordDouble, rest: Rest) -> None:
    _, form = await opens(double, rest, a_menu("red", "blue"))
    with pytest.raises(ValueError, match="must be chosen"):
        await double.person("Maya").submit(form, {})


async def test_a_deferred_answer_stays_as_private_as_it_was_deferred(
    double: DiscordDouble, rest: Rest
) -> None:
    opened = await pressed(double, rest)
    await rest("POST", callback(opened), {"type": 5, "data": {"flags": 64}}, token=None)
    assert opened.response is not None
    assert (opened.response.content, opened.response.only_for) == ("", defaults.MAYA_ID)
    original = f"/webhooks/{defaults.APPLICATION_ID}/{opened.token}/messages/@original"
    button = {"type": 2, "style": 1, "label": "Next", "custom_id": "next"}
    row: list[dict[str, Any]] = [{"type": 1, "components": [button]}]
    status, _ = await rest("PATCH", original, {"content": "Done", "components": row}, token=None)
    assert status == 200
    assert double.channel.messages.get(opened.response.id) is None
    assert opened.response.only_for == defaults.MAYA_ID

    with pytest.raises(LookupError, match="cannot see"):
        await double.person("Noor").click(opened.response, "Next")
    click = await double.person("Maya").click(opened.response, "Next")
    assert click.message is opened.response
    nothing: list[dict[str, Any]] = []
    body = {"type": 7, "data": {"content": "Page 2", "components": nothing}}
    await rest("POST", callback(click), body, token=None)
    assert (opened.response.content, opened.response.components) == ("Page 2", [])
    assert click.response is opened.response

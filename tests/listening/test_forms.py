"""Forms in Discord: opened with what was written, parted into pages, refused field by field."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
from discord_double.acts.interactions import Interaction
from discord_double.forms import filled_in_with, inputs_of, interactive
from discord_double.model import Message
from discord_double.people import Person
from discord_double.reading import text_of

from escalation_worker.discord_channel.showing.controls import Act, ControlId
from listening.conftest import Scene
from listening.test_controls import FORM, form_of, shown
from shared.answer_form import AnswerForm
from shared.escalation import Escalation

COLOURS = ["red", "blue"]
LONG = AnswerForm.model_validate(
    {
        "type": "object",
        "properties": {
            **{f"part{number}": {"type": "string"} for number in range(1, 10)},
            "colour": {"type": "string", "enum": COLOURS, "enumNames": ["Red", "Blue"]},
            "gift": {"type": "boolean", "default": False, "title": "A gift?"},
            "percent": {"type": "integer", "minimum": 0, "maximum": 20, "title": "Per cent"},
        },
        "required": ["part2", "colour", "percent"],
    }
)
"""Twelve fields: three pages."""


def filled(form: Interaction) -> dict[str, str]:
    """Tell what a form holds when it opens, by the fields' ids."""
    assert form.modal is not None
    items = inputs_of(form.modal["components"])
    return {str(item["custom_id"]): filled_in_with(item) for item in items}


def title(form: Interaction) -> str:
    """Read a form's title."""
    assert form.modal is not None
    return str(form.modal["title"])


async def opened(scene: Scene, person: Person, message: Message, button: str = "") -> Interaction:
    """Press the button that opens a form, and wait for it."""
    return await form_of(scene, await person.click(message, button or "Fill in the form"))


async def sent(scene: Scene, person: Person, form: Interaction, **values: str) -> Message:
    """Send a form, and wait for what only this person is told."""
    submission = await person.submit(form, values)
    told = await scene.double.until(lambda: submission.response)
    assert told.only_for == person.id
    return told


async def answered(scene: Scene, escalation: Escalation) -> dict[str, Any]:
    """Wait for the values of a form."""
    outcome = (await scene.until_ended(escalation)).outcome
    assert outcome is not None
    return dict(outcome.values or {})


def buttons(message: Message) -> list[str]:
    """List what can be pressed under a message."""
    return [str(each["label"]) for each in interactive(message.components)]


async def test_what_is_wrong_is_named_and_the_form_opens_again_with_what_was_written(
    scene: Scene,
) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "how much?", form=FORM)
        maya, noor = scene.double.person("Maya"), scene.double.person("Noor")
        starter = scene.starter(asked)
        form = await opened(scene, maya, starter)
        assert filled(form) == {"percent": "", "until": ""}
        told = await sent(scene, maya, form, percent="50", until="2026-12-24")
        assert "Nothing was passed on" in told.content
        assert "**Per cent**" in told.content
        assert "less than or equal to 20" in told.content
        assert "until" not in told.content.replace("**Per cent**", ""), "that field is right"
        assert (await scene.read(asked)).state.is_open

        kept = {"percent": "50", "until": "2026-12-24"}
        assert filled(await opened(scene, maya, starter)) == kept
        assert filled(await opened(scene, noor, starter)) == {"percent": "", "until": ""}
        assert buttons(told) == ["Fill in the form"]
        again = await opened(scene, maya, told)
        assert filled(again) == kept
        assert "Sent" in (await sent(scene, maya, again, percent="5")).content
        assert interactive(told.components) == [], "the same message tells the end of it"
        assert await answered(scene, asked) == {"percent": 5, "until": "2026-12-24"}
        assert "Answered by Maya" in text_of(await shown(scene, worker, asked))
        assert await scene.stores.drafts.read(asked.id, str(maya.id)) == {}


async def test_what_was_emptied_stays_empty_although_the_agent_gave_a_default(
    scene: Scene,
) -> None:
    fields = {
        "note": {"type": "string", "default": "none"},
        "percent": {"type": "integer", "minimum": 1},
    }
    form = AnswerForm.model_validate({"type": "object", "properties": fields})
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "how much?", form=form)
        maya, starter = scene.double.person("Maya"), scene.starter(asked)
        first = await opened(scene, maya, starter)
        assert filled(first) == {"note": "none", "percent": ""}
        await sent(scene, maya, first, note="", percent="0")
        assert filled(await opened(scene, maya, starter)) == {"note": "", "percent": "0"}


async def test_a_form_of_twelve_fields_is_filled_in_on_three_pages(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "the order?", form=LONG)
        maya, starter = scene.double.person("Maya"), scene.starter(asked)
        form = await opened(scene, maya, starter)
        assert title(form) == "Fill in the form (page 1 of 3)"
        assert list(filled(form)) == [f"part{number}" for number in range(1, 6)]
        told = await sent(scene, maya, form, part1="one", part2="two")
        assert "Page 1 of 3 kept" in told.content
        assert "Nothing is passed on" in told.content
        assert (await scene.read(asked)).state.is_open

        form = await opened(scene, maya, told, "Fill in page 2 of 3")
        assert list(filled(form))[-1] == "colour"
        told = await sent(scene, maya, form, part6="six", colour="blue")
        assert "Page 2 of 3 kept" in told.content
        form = await opened(scene, maya, told, "Fill in page 3 of 3")
        assert filled(form) == {"gift": "no", "percent": ""}
        told = await sent(scene, maya, form, percent="5", gift="yes")
        assert "Sent" in told.content
        assert interactive(told.components) == []
        assert await answered(scene, asked) == {
            "part1": "one",
            "part2": "two",
            "part6": "six",
            "colour": "blue",
            "gift": True,
            "percent": 5,
        }


async def test_errors_on_several_pages_lead_back_to_these_pages_and_no_others(
    scene: Scene,
) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        names = [f"n{number}" for number in range(1, 13)]
        fields = {name: {"type": "integer", "minimum": 1} for name in names}
        form = AnswerForm.model_validate({"type": "object", "properties": fields})
        asked = await scene.ask(worker, "numbers?", form=form)
        maya, told = scene.double.person("Maya"), scene.starter(asked)
        for page, names_ in enumerate((names[:5], names[5:10], names[10:]), start=1):
            button = "Fill in the form" if page == 1 else f"Fill in page {page} of 3"
            values = dict.fromkeys(names_, "1" if page == 2 else "x")
            told = await sent(scene, maya, await opened(scene, maya, told, button), **values)
        assert "**n5**" in told.content
        assert "**n12**" in told.content
        assert "n6" not in told.content
        assert buttons(told) == ["Fill in page 1 of 3", "Fill in page 3 of 3"]
        first = await opened(scene, maya, told, "Fill in page 1 of 3")
        told = await sent(scene, maya, first, **dict.fromkeys(names[:5], "2"))
        assert buttons(told) == ["Fill in page 3 of 3"], "that page is right now"
        last = await opened(scene, maya, told, "Fill in page 3 of 3")
        assert filled(last) == {"n11": "x", "n12": "x"}
        await sent(scene, maya, last, n11="3", n12="3")
        assert sum((await answered(scene, asked)).values()) == 5 * 2 + 5 + 2 * 3


@pytest.mark.parametrize("order", list(itertools.permutations(range(3)))[1:])
async def test_pages_may_come_in_any_order_and_nothing_is_sent_before_all_are_there(
    scene: Scene, order: tuple[int, ...]
) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "the order?", form=LONG)
        maya, starter = scene.double.person("Maya"), scene.starter(asked)
        values = [{"part2": "two"}, {"colour": "red"}, {"percent": "5"}]
        (button,) = (
            each for each in interactive(starter.components) if "Fill in" in str(each.get("label"))
        )
        for count, page in enumerate(order, start=1):
            button["custom_id"] = str(ControlId(Act.FILL_IN, asked.id, page))
            told = await sent(scene, maya, await opened(scene, maya, starter), **values[page])
            if count < 3:
                assert f"Page {page + 1} of 3 kept" in told.content
                missing = min(set(range(3)) - set(order[:count]))
                assert buttons(told) == [f"Fill in page {missing + 1} of 3"]
                assert (f"Page {missing + 1} is still missing" in told.content) == (missing < page)
                assert (await scene.read(asked)).state.is_open
        assert (await answered(scene, asked))["percent"] == 5


async def test_a_page_whose_earlier_ones_were_forgotten_asks_for_them_again(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "the order?", form=LONG)
        maya, told = scene.double.person("Maya"), scene.starter(asked)
        told = await sent(scene, maya, await opened(scene, maya, told), part2="two")
        second = await opened(scene, maya, told, "Fill in page 2 of 3")
        await scene.stores.drafts.forget(asked.id, str(maya.id))
        told = await sent(scene, maya, second, colour="red")
        assert "Page 1 is still missing, or was kept too long ago" in told.content
        assert buttons(told) == ["Fill in page 1 of 3"]


async def test_a_choice_is_made_from_a_menu_that_shows_what_was_chosen_before(
    scene: Scene,
) -> None:
    fields = {
        "colour": {"type": "string", "enum": COLOURS, "enumNames": ["Red", "Blue"]},
        "gift": {"type": "boolean", "title": "A gift?", "description": "With a ribbon."},
        "percent": {"type": "integer", "maximum": 20},
    }
    form = AnswerForm.model_validate(
        {"type": "object", "properties": fields, "required": ["colour", "percent"]}
    )
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "the order?", form=form)
        maya, starter = scene.double.person("Maya"), scene.starter(asked)
        modal = await opened(scene, maya, starter)
        with pytest.raises(ValueError, match="offers"):
            await maya.submit(modal, {"colour": "green", "percent": "5"})
        with pytest.raises(ValueError, match="must be chosen"):
            await maya.submit(modal, {"percent": "5"})
        await sent(scene, maya, modal, colour="blue", percent="50")
        again = await opened(scene, maya, starter)
        assert filled(again) == {"colour": "blue", "gift": "", "percent": "50"}
        await sent(scene, maya, again, percent="5")
        assert await answered(scene, asked) == {"colour": "blue", "percent": 5}


async def test_the_names_of_fields_and_what_is_wrong_with_them_are_shown_as_they_are(
    scene: Scene,
) -> None:
    fields = {
        f"n{number}": {"type": "integer", "minimum": 1, "title": f"@everyone **{'x' * 180}"}
        for number in range(20)
    }
    form = AnswerForm.model_validate({"type": "object", "properties": fields})
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "numbers?", form=form)
        maya, told = scene.double.person("Maya"), scene.starter(asked)
        for page in range(1, 5):
            button = "" if page == 1 else f"Fill in page {page} of 4"
            modal = await opened(scene, maya, told, button)
            told = await sent(scene, maya, modal, **dict.fromkeys(filled(modal), "0"))
        assert len(told.content) <= 2_000
        assert "@everyone" not in told.content.replace("@\u200beveryone", "")
        assert "\\*\\*xx" in told.content
        assert "more" in told.content
        assert len(buttons(told)) == 4


async def test_while_redis_is_away_what_was_written_is_given_back(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "how much?", form=FORM)
        maya, starter = scene.double.person("Maya"), scene.starter(asked)
        form = await opened(scene, maya, starter)
        record = scene.keys.record(asked.id)
        moved = f"{record}-moved"
        await scene.redis.rename(record, moved)
        await scene.redis.set(record, "no hash", px=60_000)
        told = await sent(scene, maya, form, percent="5", until="2026-12-24")
        assert "Nothing was passed on, please try again" in told.content
        assert "```\n5\n2026-12-24\n```" in told.content
        await scene.redis.rename(moved, record)
        told = await sent(scene, maya, await opened(scene, maya, starter), percent="5")
        assert "Sent" in told.content


async def test_what_was_written_is_kept_for_a_quarter_of_an_hour_after_the_last_of_it(
    scene: Scene,
) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "how much?", form=FORM)
        maya, starter = scene.double.person("Maya"), scene.starter(asked)
        draft = scene.keys.draft(asked.id, str(maya.id))
        for _ in range(2):
            await sent(scene, maya, await opened(scene, maya, starter), percent="50")
            assert 890_000 < await scene.redis.pttl(draft) <= 900_000
            await scene.redis.pexpire(draft, 60_000)
        await sent(scene, maya, await opened(scene, maya, starter), percent="5")
        assert await scene.redis.exists(draft) == 0

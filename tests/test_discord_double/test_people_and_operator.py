from __future__ import annotations

import pytest
from discord import ui
from discord_double import DiscordDouble, Press, Refusal, by_table, defaults

from .conftest import connected, until


async def test_a_person_who_is_unknown_joins_and_one_who_is_known_stays(
    double: DiscordDouble,
) -> None:
    ida = double.person("Ida", roles=[defaults.OPERATOR_ROLE_NAME])
    assert double.person("Ida").id == ida.id
    assert ida.member.roles == [defaults.OPERATOR_ROLE_ID]
    assert double.person("Maya").id == defaults.MAYA_ID
    await ida.set_roles()
    assert ida.member.roles == []


async def test_the_operator_answers_each_question_in_its_thread(double: DiscordDouble) -> None:
    async with connected(double) as client:
        operator = await double.employ_operator("About {question}: number {number}")
        for text in ("rooms", "prices"):
            starter = await client.text_channel.send(text)
            await starter.create_thread(name=text)
        await client.until_heard("About rooms: number 1")
        await client.until_heard("About prices: number 2")
        await until(double, lambda: len(operator.answered) == 2)
        assert {q.text for q in operator.seen} == {"rooms", "prices"}


async def test_the_operator_goes_by_a_table_and_may_keep_silent(double: DiscordDouble) -> None:
    async with connected(double) as client:
        table = by_table([("weather", None), ("REFUND", "Up to 10 %"), ("", "Ask Noor")])
        operator = await double.employ_operator(table, name="Noor")
        for text in ("The weather?", "May we refund?", "Anything else?"):
            await (await client.text_channel.send(text)).create_thread(name="T")
        await until(double, lambda: len(operator.answered) == 3)
        await client.until_heard("Ask Noor")
        await client.until_heard("Up to 10 %")
        assert len([m for m in client.heard if m.author.id == defaults.NOOR_ID]) == 2


async def test_the_operator_presses_a_button(double: DiscordDouble) -> None:
    async with connected(double) as client:
        operator = await double.employ_operator(Press("Yes"))
        view: ui.View = ui.View()
        view.add_item(ui.Button(label="Yes", custom_id="y"))
        starter = await client.text_channel.send("Refund?", view=view)
        await starter.create_thread(name="T")
        await until(double, lambda: operator.answered)
        (opened,) = double.world.interactions.values()
        assert opened.data["custom_id"] == "y"
        assert opened.user.id == defaults.MAYA_ID


async def test_an_answer_that_comes_too_late_is_noted(double: DiscordDouble) -> None:
    async with connected(double) as client:
        operator = await double.employ_operator("Too late", delay=0.05)
        thread = await (await client.text_channel.send("?")).create_thread(name="T")
        await thread.edit(locked=True, archived=True)
        await until(double, lambda: operator.refused)
        refusal = operator.refused[0][1]
        assert isinstance(refusal, Refusal)
        assert refusal.code == 160005


async def test_a_dismissed_operator_is_silent(double: DiscordDouble) -> None:
    async with connected(double) as client:
        operator = await double.employ_operator("Never", delay=60)
        await (await client.text_channel.send("?")).create_thread(name="T")
        await double.dismiss_operator()
        await (await client.text_channel.send("?")).create_thread(name="T")
        assert len(operator.seen) == 1
        assert operator.answered == []


async def test_people_start_threads_of_their_own(double: DiscordDouble) -> None:
    maya = double.person("Maya")
    written = await maya.write(double.channel, "Look")
    thread = await maya.start_thread(written, "Details")
    assert thread.owner_id == maya.id
    await maya.edit_thread(thread, archived=True)
    assert thread.archived
    with pytest.raises(TypeError):
        await maya.join(double.channel)

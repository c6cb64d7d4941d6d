"""What operators do with the controls under a question, by clicks, menus and forms."""

from __future__ import annotations

import asyncio

import pytest
from discord_double.acts.interactions import Interaction
from discord_double.forms import interactive
from discord_double.model import Message
from discord_double.reading import text_of
from support.discord_views import said_by_bot

from escalation_worker.discord_channel.showing.controls import Act, ControlId
from listening.conftest import Scene, Worker
from shared.answer_form import AnswerForm
from shared.escalation import Author, Escalation, Remark, State
from shared.ports.clock import utc_now

FORM = AnswerForm.model_validate(
    {
        "type": "object",
        "properties": {
            "percent": {"type": "integer", "minimum": 0, "maximum": 20, "title": "Per cent"},
            "until": {"type": "string", "format": "date"},
        },
        "required": ["percent"],
    }
)


async def said_to(scene: Scene, interaction: Interaction) -> str:
    """Wait for what only the person who acted is told."""

    def told() -> str | None:
        return interaction.response.content if interaction.response else None

    return await scene.double.until(told)


async def form_of(scene: Scene, interaction: Interaction) -> Interaction:
    """Wait for the form that a control opens."""
    return await scene.double.until(lambda: interaction if interaction.modal else None)


def labels(message: Message) -> list[str]:
    """List the buttons under a message."""
    return [str(each["label"]) for each in interactive(message.components) if "label" in each]


async def shown(scene: Scene, worker: Worker, escalation: Escalation) -> Message:
    """Let the worker show how a question stands, and give its message."""
    await worker.concluding.show_outcome(escalation.id)
    return scene.starter(escalation)


async def test_an_option_is_picked_with_a_button_and_the_buttons_are_gone_then(
    scene: Scene,
) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "which?", options=("5 %", "10 %"))
        starter = scene.starter(asked)
        assert labels(starter)[:3] == ["5 %", "10 %", "Other answer"]
        click = await scene.double.person("Maya").click(starter, "10 %")
        assert "Sent" in await said_to(scene, click)
        assert click.response is not None
        assert click.response.only_for == scene.double.person("Maya").id
        ended = await scene.until_ended(asked)
        assert ended.outcome is not None
        assert (ended.outcome.text, ended.outcome.by and ended.outcome.by.name) == ("10 %", "Maya")
        starter = await shown(scene, worker, asked)
        assert interactive(starter.components) == []
        assert "Answered by Maya" in text_of(starter)
        assert "10 %" in said_by_bot(scene.double, scene.thread(asked))[-1]
        second = scene.thread(asked)
        assert second.archived


async def test_many_options_stand_in_a_menu(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        options = tuple(f"answer {number}" for number in range(25))
        asked = await scene.ask(worker, "which?", options=options, options_only=True)
        menu = str(ControlId(Act.CHOOSE, asked.id))
        choice = await scene.double.person("Maya").choose(scene.starter(asked), menu, "17")
        await said_to(scene, choice)
        ended = await scene.until_ended(asked)
        assert ended.outcome is not None
        assert ended.outcome.text == "answer 17"


async def test_where_only_an_option_will_do_another_text_is_refused_and_the_option_is_taken(
    scene: Scene,
) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "which?", options=("5 %", "10 %"), options_only=True)
        assert "Other answer" not in labels(scene.starter(asked))
        maya, thread = scene.double.person("Maya"), scene.thread(asked)
        await maya.write(thread, "12 %")
        await scene.double.until(lambda: said_by_bot(scene.double, thread) or None)
        assert "use the buttons" in said_by_bot(scene.double, thread)[0]
        await maya.write(thread, "10 %")
        ended = await scene.until_ended(asked)
        assert ended.outcome is not None
        assert ended.outcome.text == "10 %"


async def test_two_people_must_approve_and_each_counts_once(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "Refund 80 €", approvals_needed=2)
        maya, noor = scene.double.person("Maya"), scene.double.person("Noor")
        starter = scene.starter(asked)
        first = await maya.click(starter, "Approve")
        assert "1 of 2" in await said_to(scene, first)
        again = await maya.click(starter, "Approve")
        assert "decided this before" in await said_to(scene, again)
        assert "1 of 2" in text_of(await shown(scene, worker, asked))
        await scene.double.person("Noor").write(scene.thread(asked), "fine")
        last = await noor.click(starter, "Approve")
        assert "decided" in await said_to(scene, last)
        ended = await scene.until_ended(asked)
        assert ended.outcome is not None
        assert ended.outcome.approved is True
        assert [vote.by.name for vote in ended.votes] == ["Maya", "Noor"]
        assert "Approved by Maya and Noor" in text_of(await shown(scene, worker, asked))


async def test_a_denial_asks_for_a_reason_and_needs_none(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "Refund 80 €", approvals_needed=2)
        maya = scene.double.person("Maya")
        form = await form_of(scene, await maya.click(scene.starter(asked), "Deny"))
        sent = await maya.submit(form, {"text": "Too much."})
        await said_to(scene, sent)
        ended = await scene.until_ended(asked)
        assert ended.outcome is not None
        assert (ended.outcome.approved, ended.outcome.text) == (False, "Too much.")
        assert "Denied by Maya" in text_of(await shown(scene, worker, asked))


async def test_a_question_back_waits_for_the_agent_whose_reply_calls_the_person_who_asked(
    scene: Scene,
) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "a discount?")
        maya, thread = scene.double.person("Maya"), scene.thread(asked)
        await maya.write(thread, "? How many pieces?")
        await scene.double.until(lambda: said_by_bot(scene.double, thread) or None)
        read = await scene.read(asked)
        assert read.state is State.NEEDS_INFO
        assert [each.text for each in read.remarks] == ["How many pieces?"]
        assert "waiting for the agent" in text_of(await shown(scene, worker, asked))

        reply = Remark(author=Author.AGENT, text="@everyone *three*", at=utc_now(), source="s1")
        await scene.stores.discussion.remark(asked.id, reply)
        for _ in range(2):
            await shown(scene, worker, asked)
        told = [each for each in said_by_bot(scene.double, thread) if "The agent replies" in each]
        assert len(told) == 1, "once, however often it is shown"
        assert maya.mention in told[0]
        assert "\\*three" in told[0]
        assert "@everyone" not in told[0].replace("@\u200beveryone", "")
        await maya.write(thread, "Then yes.")
        ended = await scene.until_ended(asked)
        assert ended.outcome is not None
        assert ended.outcome.text == "Then yes."


async def test_somebody_says_that_they_are_on_it_and_another_one_can_not(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "who?")
        maya, noor = scene.double.person("Maya"), scene.double.person("Noor")
        await said_to(scene, await maya.click(scene.starter(asked), "I'm on it"))
        starter = await shown(scene, worker, asked)
        assert "Maya" in text_of(starter)
        assert "Release" in labels(starter)
        refused = await noor.click(starter, "Release")
        assert "Somebody else" in await said_to(scene, refused)
        await said_to(scene, await maya.click(starter, "Release"))
        assert (await scene.read(asked)).claim is None


@pytest.mark.parametrize("button", ["Answer", "Decline"])
async def test_an_answer_or_a_decline_by_form(scene: Scene, button: str) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "may I?")
        maya = scene.double.person("Maya")
        form = await form_of(scene, await maya.click(scene.starter(asked), button))
        await said_to(scene, await maya.submit(form, {"text": "Because."}))
        ended = await scene.until_ended(asked)
        assert ended.outcome is not None
        said = ended.outcome.text if button == "Answer" else ended.outcome.reason
        assert said == "Because."


async def test_a_stranger_may_press_nothing(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "may I?", options=("yes", "no"))
        click = await scene.double.person("Mallory").click(scene.starter(asked), "yes")
        assert "may not" in await said_to(scene, click)
        assert (await scene.read(asked)).state is State.POSTED


async def test_an_id_that_names_another_question_is_refused(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        mine = await scene.ask(worker, "mine?", options=("yes", "no"))
        other = await scene.ask(worker, "other?", options=("yes", "no"))
        starter = scene.starter(mine)
        for each in interactive(starter.components):
            each["custom_id"] = str(each["custom_id"]).replace(mine.id, other.id)
        click = await scene.double.person("Maya").click(starter, "yes")
        assert "no longer kept" in await said_to(scene, click)
        assert (await scene.read(other)).state is State.POSTED


async def test_a_second_click_after_the_end_is_told_so(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "may I?", options=("yes", "no"))
        starter, maya = scene.starter(asked), scene.double.person("Maya")
        await said_to(scene, await maya.click(starter, "yes"))
        late = await scene.double.person("Noor").click(starter, "no")
        assert "already ended" in await said_to(scene, late)
        opened = await maya.click(starter, "Ask back")
        assert "already ended" in await said_to(scene, opened)
        ended = await scene.read(asked)
        assert ended.outcome is not None
        assert ended.outcome.text == "yes"

"""A route on which an approval and a denial count only with a reason."""

from __future__ import annotations

import asyncio

import pytest
from discord_double.forms import inputs_of, interactive
from discord_double.reading import text_of

from escalation_worker.discord_channel.showing.controls import Act, ControlId
from listening.conftest import CHANNEL_ROUTE, Scene, Worker, in_force
from listening.test_controls import form_of, said_to, shown
from shared.escalation import State
from shared.routes.route import DecisionReason

WITH_REASONS = CHANNEL_ROUTE.model_copy(update={"decision_reason": DecisionReason.REQUIRED})


def a_worker(scene: Scene) -> Worker:
    """Make a worker whose one route wants reasons."""
    return scene.make_worker(routes=in_force(WITH_REASONS))


@pytest.mark.parametrize(("button", "approved"), [("Approve", True), ("Deny", False)])
async def test_both_ask_why_and_count_only_with_a_reason(
    scene: Scene, button: str, approved: bool
) -> None:
    async with asyncio.timeout(30), scene.listening(a_worker(scene)) as worker:
        asked = await scene.ask(worker, "Refund 80 €", approvals_needed=1)
        maya, starter = scene.double.person("Maya"), scene.starter(asked)
        assert "Both ask why" in text_of(starter)
        form = await form_of(scene, await maya.click(starter, button))
        assert form.modal is not None
        assert [item["required"] for item in inputs_of(form.modal["components"])] == [True]
        with pytest.raises(ValueError, match="must be filled in"):
            await maya.submit(form, {})
        for blank in ("  ", "\u200b"):
            words = await said_to(scene, await maya.submit(form, {"text": blank}))
            assert "counts only with its reason" in words
        assert (await scene.read(asked)).votes == ()

        form = await form_of(scene, await maya.click(starter, button))
        assert "decided" in await said_to(scene, await maya.submit(form, {"text": "Because."}))
        ended = await scene.until_ended(asked)
        assert ended.outcome is not None
        assert (ended.outcome.approved, ended.outcome.text) == (approved, "Because.")
        assert "Because." in text_of(await shown(scene, worker, asked))


async def test_a_click_that_pretends_to_be_the_form_counts_for_nothing(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening(a_worker(scene)) as worker:
        asked = await scene.ask(worker, "Refund 80 €", approvals_needed=1)
        maya, starter = scene.double.person("Maya"), scene.starter(asked)
        button = interactive(starter.components)[0]
        button["custom_id"] = str(ControlId(Act.APPROVE, asked.id, form=True))
        words = await said_to(scene, await maya.click(starter, "Approve"))
        assert "counts only with its reason" in words
        assert (await scene.read(asked)).state is State.POSTED


async def test_who_may_not_decide_is_told_so_and_not_to_give_a_reason(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening(a_worker(scene)) as worker:
        asked = await scene.ask(worker, "Refund 80 €", approvals_needed=1)
        mallory = scene.double.person("Mallory")
        form = await form_of(scene, await mallory.click(scene.starter(asked), "Approve"))
        assert "may not act" in await said_to(scene, await mallory.submit(form, {"text": "Yes!"}))
        assert (await scene.read(asked)).votes == ()


async def test_after_the_end_it_is_too_late_whatever_the_reason(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening(a_worker(scene)) as worker:
        asked = await scene.ask(worker, "Refund 80 €", approvals_needed=1)
        maya, noor = scene.double.person("Maya"), scene.double.person("Noor")
        forms = [
            await form_of(scene, await each.click(scene.starter(asked), "Deny"))
            for each in (maya, noor)
        ]
        await said_to(scene, await maya.submit(forms[0], {"text": "Too much."}))
        for text in (" ", "Not at all."):
            words = await said_to(scene, await noor.submit(forms[1], {"text": text}))
            assert "already ended" in words


async def test_where_none_is_wanted_an_approval_counts_at_once(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "Refund 80 €", approvals_needed=1)
        maya, starter = scene.double.person("Maya"), scene.starter(asked)
        assert "ask why" not in text_of(starter)
        click = await maya.click(starter, "Approve")
        assert "decided" in await said_to(scene, click)
        assert click.modal is None

"""What slash commands tell and suggest: to each person what is theirs, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime

import pytest
from discord_double import defaults
from support.make import an_ask

from listening.commanding import suggested, told, until_registered
from listening.conftest import Scene
from listening.test_controls import FORM
from listening.test_routes import of_file
from shared.escalation import Author, Escalation, Remark
from shared.ports.clock import utc_now


async def test_the_list_shows_each_person_what_they_may_answer_and_nobody_else(
    scene: Scene,
) -> None:
    worker = scene.make_worker(routes=of_file())
    async with asyncio.timeout(30), scene.listening(worker):
        await until_registered(scene)
        later = await scene.ask(worker, "a *discount*?", seconds=900)
        sooner = await scene.ask(worker, "Ship it", seconds=300, approvals_needed=1, agent="bank")
        await scene.ask(worker, "a refund?", route="refunds")
        await told(scene, "Maya", "claim", later)
        words = await told(scene, "Maya", "pending")
        assert "you may answer: 2" in words
        assert words.index("Ship it") < words.index("discount"), "the nearest deadline first"
        assert "bank asks for approval" in words
        assert f"<t:{int(sooner.deadline.timestamp())}:R>" in words
        assert "on it: Maya" in words
        assert "nobody is on it" in words
        assert "a \\*discount\\*?" in words
        assert sooner.posting is not None
        assert str(sooner.posting.url) in words
        assert "refund" not in words
        noors = await told(scene, "Noor", "pending")
        assert "a refund?" in noors
        assert "discount" not in noors
        assert (
            await told(scene, "Mallory", "pending") == "No question waits for an answer of yours."
        )


async def test_what_is_not_shown_anywhere_yet_is_neither_listed_nor_suggested(
    scene: Scene,
) -> None:
    async with asyncio.timeout(30), scene.listening():
        await until_registered(scene)
        await scene.store.accept(an_ask("still queued?"))
        assert "No question waits" in await told(scene, "Maya", "pending")
        assert await suggested(scene, "Maya", "ask-back") == {}


async def test_a_long_list_has_pages(scene: Scene) -> None:
    worker = scene.make_worker()
    async with asyncio.timeout(30), scene.listening(worker):
        await until_registered(scene)
        for number in range(12):
            await scene.ask(worker, f"question {number}?", seconds=300 + number)
        first = await told(scene, "Maya", "pending")
        second = await told(scene, "Maya", "pending", page=2)
        assert "12**, page 1 of 2" in first
        assert first.count("\n• ") == 10
        assert second.count("\n• ") == 2
        assert await told(scene, "Maya", "pending", page=99) == second


async def test_suggestions_are_the_persons_own_and_fit_the_command(scene: Scene) -> None:
    worker = scene.make_worker(routes=of_file())
    async with asyncio.timeout(30), scene.listening(worker):
        await until_registered(scene)
        plain = await scene.ask(worker, "a **discount**\nfor Ada?")
        form = await scene.ask(worker, "a form", form=FORM)
        approval = await scene.ask(worker, "an approval", approvals_needed=1)
        refund = await scene.ask(worker, "a refund?", route="refunds")
        label = f"a **discount** for Ada? · {plain.id[-6:]}"
        assert await suggested(scene, "Maya", "answer") == {label: plain.id}
        assert set((await suggested(scene, "Maya", "decline")).values()) == {plain.id, form.id}
        for command in ("approve", "deny"):
            assert list((await suggested(scene, "Maya", command)).values()) == [approval.id]
        assert len(await suggested(scene, "Maya", "reassign")) == 3
        assert list((await suggested(scene, "Maya", "claim", "ADA")).values()) == [plain.id]
        assert await suggested(scene, "Maya", "release") == {}
        await told(scene, "Maya", "claim", plain)
        assert list((await suggested(scene, "Maya", "release")).values()) == [plain.id]
        assert plain.id not in (await suggested(scene, "Maya", "claim")).values()
        assert list((await suggested(scene, "Noor", "answer")).values()) == [refund.id]


async def test_suggestions_for_somebody_who_may_answer_nothing_read_no_record(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed, read = 0, scene.store.open_pages

    def counted() -> AsyncGenerator[list[Escalation]]:
        nonlocal listed
        listed += 1
        return read()

    monkeypatch.setattr(scene.store, "open_pages", counted)
    worker = scene.make_worker(routes=of_file())
    async with asyncio.timeout(30), scene.listening(worker):
        await until_registered(scene)
        asked = await scene.ask(worker, "a discount?")
        for typed in ("", "a", "a d"):
            assert await suggested(scene, "Mallory", "answer", typed) == {}
        assert "No question waits" in await told(scene, "Mallory", "pending")
        assert listed == 0
        assert list((await suggested(scene, "Maya", "answer")).values()) == [asked.id]
        assert listed == 1


ON_CALL_FILE = f"""
[people]
maya = {defaults.MAYA_ID}
noor = {defaults.NOOR_ID}
[schedules.nights]
time_zone = "Europe/Berlin"
rotation = {{ users = ["noor", "maya"], starts = 2026-01-05T09:00:00 }}
quiet_hours = [{{ start = "00:00", end = "23:00" }}]
[schedules.office]
time_zone = "Europe/Lisbon"
shifts = [{{ start = "00:00", end = "00:00", users = ["noor"] }}]

[routes.default]
channels = [{defaults.CHANNEL_ID}]
operators = {{ users = ["maya", "noor"] }}
tiers = [{{ schedules = ["nights"] }}]
[routes.refunds]
channels = [{defaults.CHANNEL_ID}]
operators = {{ users = ["noor"] }}
tiers = [{{ schedules = ["office"] }}]
"""


async def test_who_is_on_call_is_told_to_those_whom_it_concerns(scene: Scene) -> None:
    at = datetime(2026, 1, 6, 12, tzinfo=UTC)
    worker = scene.make_worker(routes=of_file(ON_CALL_FILE), clock=lambda: at)
    hand_over = int(datetime(2026, 1, 12, 8, tzinfo=UTC).timestamp())
    async with asyncio.timeout(30), scene.listening(worker):
        await until_registered(scene)
        words = await told(scene, "Maya", "oncall")
        assert f"**nights**: noor (<@{defaults.NOOR_ID}>) until <t:{hand_over}:f>" in words
        assert f"then maya (<@{defaults.MAYA_ID}>)" in words
        assert "quiet hours until" in words
        assert "office" not in words
        assert "office" in await told(scene, "Noor", "oncall")
        noors = await told(scene, "Noor", "oncall", schedule="office")
        assert noors == f"**office**: noor (<@{defaults.NOOR_ID}>), for good"
        assert "no such schedule" in await told(scene, "Maya", "oncall", schedule="office")
        assert "no such schedule" in await told(scene, "Mallory", "oncall")
        assert await suggested(scene, "Maya", "oncall", focused="schedule") == {"nights": "nights"}
        assert await suggested(scene, "Mallory", "oncall", focused="schedule") == {}


async def test_the_list_says_which_questions_wait_for_the_agent(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        await until_registered(scene)
        asked = await scene.ask(worker, "which?")
        await told(scene, "Maya", "ask-back", asked, text="Which what?")
        assert "waits for the agent" in await told(scene, "Maya", "pending")
        reply = Remark(author=Author.AGENT, text="That one.", at=utc_now(), source="s1")
        await scene.stores.discussion.remark(asked.id, reply)
        assert "waits for the agent" not in await told(scene, "Maya", "pending")

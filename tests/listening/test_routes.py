"""Routes and policies in Discord: where a question goes, who may answer it, who is called when."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from discord_double import defaults
from discord_double.model import Channel, Message
from discord_double.permissions import Permission
from discord_double.reading import text_of
from support.clock import SteppedClock
from support.discord_views import said_by_bot
from support.make import an_ask
from support.processes import ROOT

from escalation_worker.reloading import Reloading
from listening.conftest import Scene, Worker
from listening.test_controls import said_to, shown
from shared.escalation import Escalation, Provenance, State
from shared.ports.clock import utc_now
from shared.ports.hold import Hold
from shared.redis_adapter.policies import RedisPolicyLog
from shared.routes.file import load_routes, parse_routes
from shared.routes.route import Route
from shared.routes_in_force import InForce

MAYA, NOOR = defaults.MAYA_ID, defaults.NOOR_ID
FILE = f"""
[people]
maya = {MAYA}
noor = {NOOR}
[roles]
operators = {defaults.OPERATOR_ROLE_ID}

[routes.default]
channels = [{defaults.CHANNEL_ID}]
operators = {{ users = ["maya"] }}

[routes.refunds]
channels = [{defaults.SECOND_CHANNEL_ID}, {defaults.CHANNEL_ID}]
operators = {{ users = ["noor"] }}
at_end = "deny"

[routes.tiers]
channels = [{defaults.CHANNEL_ID}]
operators = {{ roles = ["operators"] }}
at_end = "fallback"
fallback_text = "We call back."
[[routes.tiers.tiers]]
users = ["maya"]
reminders = ["1m"]
claim_wait = "2m"
[[routes.tiers.tiers]]
roles = ["operators"]
channel = {defaults.SECOND_CHANNEL_ID}
claim_wait = "2m"
"""


def of_file(text: str = FILE) -> InForce[Route]:
    """Put a file into force."""
    return InForce(lambda: parse_routes(text).routes)


def second_channel(scene: Scene) -> Channel:
    """Find the channel beside the first."""
    return scene.double.world.channel(defaults.SECOND_CHANNEL_ID)


def calls_in(place: Channel) -> list[Message]:
    """List what the bot said in a channel or thread to call people."""
    return [each for each in place.messages if "Call (" in each.content or "⏰" in each.content]


async def ask_tiers(scene: Scene, worker: Worker) -> Escalation:
    """Ask on the route with tiers, and do what is due at once."""
    asked = await scene.ask(worker, "a discount?", route="tiers")
    await worker.escalating.follow(asked.id)
    return await scene.read(asked)


async def test_each_route_has_its_own_channel_operators_and_people_to_call(scene: Scene) -> None:
    worker = scene.make_worker(routes=of_file())
    async with asyncio.timeout(30), scene.listening(worker):
        first = await scene.ask(worker, "a discount?")
        refund = await scene.ask(worker, "a refund?", route="refunds")
        assert scene.starter(first).mentions.users == [MAYA]
        assert scene.starter(refund).channel_id == defaults.SECOND_CHANNEL_ID
        assert scene.starter(refund).mentions.users == [NOOR]

        maya, noor = scene.double.person("Maya"), scene.double.person("Noor")
        await maya.write(scene.thread(refund), "Sure!")
        await scene.double.until(lambda: said_by_bot(scene.double, scene.thread(refund)) or None)
        for button in ("I'm on it", "Decline"):
            click = await maya.click(scene.starter(refund), button)
            if button == "Decline":
                form = await scene.double.until(lambda c=click: c if c.modal else None)
                click = await maya.submit(form, {"text": "No."})
            assert "may not" in await said_to(scene, click)
        await maya.write(scene.thread(refund), "? And why?")
        assert (await scene.read(refund)).state is State.POSTED

        await noor.write(scene.thread(refund), "Yes.")
        assert (await scene.until_ended(refund)).state is State.ANSWERED
        await noor.write(scene.thread(first), "Yes.")
        await scene.double.until(lambda: said_by_bot(scene.double, scene.thread(first)) or None)
        assert (await scene.read(first)).state is State.POSTED


async def test_a_question_whose_route_is_gone_goes_on_with_the_default_one(scene: Scene) -> None:
    worker = scene.make_worker(routes=of_file())
    async with asyncio.timeout(30), scene.listening(worker):
        asked = await scene.ask(worker, "a discount?", route="long-gone")
        assert scene.starter(asked).mentions.users == [MAYA]
        await scene.double.person("Maya").write(scene.thread(asked), "Yes.")
        assert (await scene.until_ended(asked)).state is State.ANSWERED


async def test_a_channel_that_refuses_is_passed_over_for_the_next_one(scene: Scene) -> None:
    worker = scene.make_worker(routes=of_file())
    async with asyncio.timeout(30), scene.listening(worker):
        scene.double.deny(second_channel(scene), defaults.BOT_ROLE_ID, Permission.SEND_MESSAGES)
        asked = await scene.ask(worker, "a refund?", route="refunds")
        assert scene.starter(asked).channel_id == defaults.CHANNEL_ID
        await scene.double.person("Noor").write(scene.thread(asked), "Yes.")
        assert (await scene.until_ended(asked)).state is State.ANSWERED

        scene.double.deny(scene.double.channel, defaults.BOT_ROLE_ID, Permission.SEND_MESSAGES)
        lost = await scene.ask(worker, "another?", route="refunds")
        assert lost.state is State.UNDELIVERABLE


async def test_a_server_that_is_full_of_threads_takes_the_question_without_one(
    scene: Scene,
) -> None:
    worker = scene.make_worker(routes=of_file())
    scene.double.settings.max_active_threads = 0
    async with asyncio.timeout(30), scene.listening(worker):
        asked = await scene.ask(worker, "a refund?", route="refunds")
        assert asked.posting is not None
        assert not asked.posting.threaded
        assert scene.starter(asked).channel_id == defaults.SECOND_CHANNEL_ID
        await scene.double.person("Noor").reply(scene.starter(asked), "Yes.")
        assert (await scene.until_ended(asked)).state is State.ANSWERED


async def test_a_channel_that_is_gone_does_not_keep_the_others_from_being_heard(
    scene: Scene,
) -> None:
    text = FILE.replace(f"{defaults.SECOND_CHANNEL_ID}, ", "42, ")
    worker = scene.make_worker(routes=of_file(text))
    async with asyncio.timeout(30), scene.listening(worker):
        asked = await scene.ask(worker, "a refund?", route="refunds")
        await scene.double.person("Noor").write(scene.thread(asked), "Yes.")
        assert (await scene.until_ended(asked)).state is State.ANSWERED


async def test_an_earlier_try_is_found_in_a_further_channel(scene: Scene) -> None:
    scene.double.settings.nonce_window = 0
    worker = scene.make_worker(routes=of_file())
    async with asyncio.timeout(30), scene.listening(worker):
        place = second_channel(scene)
        scene.double.deny(place, defaults.BOT_ROLE_ID, Permission.SEND_MESSAGES)
        accepted = (await scene.store.accept(an_ask("a refund?", route="refunds"))).escalation
        posting = await worker.channel.post(accepted, _Journal(attempt=1))
        scene.double.allow(place, defaults.BOT_ROLE_ID, Permission.SEND_MESSAGES)
        again = await worker.channel.post(accepted, _Journal(attempt=2))
        assert again == posting
        assert len(scene.double.threads) == 1


class _Journal:
    """A fake of `PostingJournal`: nothing is written down."""

    def __init__(self, attempt: int) -> None:
        self.attempt = attempt

    async def started(self, posting: object) -> None:
        """Write nothing down."""

    def found(self) -> None:
        """Remember nothing."""


@pytest.mark.parametrize("full", [False, True])
async def test_people_are_reminded_and_the_next_tier_called_once_each(
    scene: Scene, full: bool
) -> None:
    clock = SteppedClock()
    scene.double.settings.nonce_window = 0  # as long after
    scene.double.settings.max_active_threads = 0 if full else 1000
    worker = scene.make_worker(routes=of_file(), clock=clock)
    async with asyncio.timeout(30), scene.listening(worker):
        asked = await ask_tiers(scene, worker)
        where = scene.double.channel if full else scene.thread(asked)
        assert scene.starter(asked).mentions.users == [MAYA]
        assert calls_in(where) == []
        clock.advance(seconds=61)
        before = await scene.read(asked)
        for _ in range(2):
            await worker.escalating.follow(asked.id)
        (reminder,) = calls_in(where)
        assert reminder.mentions.users == [MAYA]
        assert "Reminder (2)" in reminder.content
        if full:
            assert reminder.reference is not None
            assert str(reminder.reference["message_id"]) == str(scene.starter(asked).id)

        # Whoever did it died before it was noted: it is done again, and seen once.
        record = scene.keys.record(asked.id)
        await scene.redis.hset(record, "progress", before.progress.model_dump_json())  # type: ignore[misc]
        await scene.redis.hset(record, "policy_steps", str(before.progress.steps))  # type: ignore[misc]
        await worker.escalating.follow(asked.id)
        assert len(calls_in(where)) == 1

        clock.advance(seconds=60)
        for _ in range(2):
            await worker.escalating.follow(asked.id)
        (call,) = calls_in(second_channel(scene))
        assert call.mentions.roles == [defaults.OPERATOR_ROLE_ID]
        assert str(scene.starter(asked).id) in call.content, "it leads to the question"
        assert len(calls_in(where)) == 1


async def test_a_silent_claim_is_released_for_all_to_see(scene: Scene) -> None:
    clock = SteppedClock()
    text = FILE.replace('at_end = "fallback"', 'at_end = "fallback"\nclaim_timeout = "30s"')
    worker = scene.make_worker(routes=of_file(text), clock=clock)
    async with asyncio.timeout(30), scene.listening(worker):
        asked = await ask_tiers(scene, worker)
        noor = scene.double.person("Noor")
        await said_to(scene, await noor.click(scene.starter(asked), "I'm on it"))
        assert "Noor" in text_of(await shown(scene, worker, asked))
        clock.now = utc_now() + timedelta(seconds=31)
        await worker.escalating.follow(asked.id)
        assert (await scene.read(asked)).claim is None
        assert "Noor" not in text_of(await shown(scene, worker, asked))
        (call,) = calls_in(scene.thread(asked))
        assert call.mentions.users == [MAYA], "its tier begins anew"


async def test_the_prepared_answer_is_shown_as_no_persons_and_a_late_one_is_still_kept(
    scene: Scene,
) -> None:
    clock = SteppedClock()
    worker = scene.make_worker(routes=of_file(), clock=clock)
    async with asyncio.timeout(30), scene.listening(worker):
        asked = await ask_tiers(scene, worker)
        for _ in range(2):
            clock.advance(seconds=121)
            await worker.escalating.follow(asked.id)
        assert (await scene.read(asked)).state is State.POSTED, "nobody heard people until then"
        await scene.hearing.note_heard_until(clock.now, Hold(0, 10**6))
        await worker.escalating.follow(asked.id)
        ended = await scene.read(asked)
        assert ended.outcome is not None
        assert (ended.outcome.text, ended.outcome.provenance) == (
            "We call back.",
            Provenance.FALLBACK,
        )
        assert "the prepared answer was given" in text_of(await shown(scene, worker, asked))
        await scene.double.person("Noor").write(scene.thread(asked), "Yes, 10 %.")

        async def kept() -> bool:
            return (await scene.read(asked)).late_answer is not None

        while not await kept():
            await asyncio.sleep(0.01)


async def test_an_approval_that_nobody_decides_is_denied_where_the_route_says_so(
    scene: Scene,
) -> None:
    clock = SteppedClock()
    worker = scene.make_worker(routes=of_file(), clock=clock)
    async with asyncio.timeout(30), scene.listening(worker):
        asked = await scene.ask(worker, "Refund 80 €", route="refunds", approvals_needed=1)
        clock.advance(seconds=700)
        await scene.hearing.note_heard_until(clock.now, Hold(0, 10**6))
        assert await worker.concluding.expire(asked.id)
        ended = await scene.read(asked)
        assert ended.outcome is not None
        assert (ended.state, ended.outcome.approved) == (State.TIMED_OUT, False)
        assert "Silence counts as a no" in text_of(await shown(scene, worker, asked))


async def test_a_changed_file_holds_for_open_questions_and_a_bad_one_for_none(
    scene: Scene, tmp_path: Path
) -> None:
    path = tmp_path / "routes.toml"
    path.write_text(FILE, encoding="utf-8")
    routes = InForce(lambda: load_routes(path).routes)
    policies = RedisPolicyLog(scene.redis, scene.keys)
    reloading = Reloading(routes, scene.store, scene.hearing.open_postings, policies)
    worker = scene.make_worker(routes=routes)
    running = asyncio.create_task(reloading.run())
    async with asyncio.timeout(30), scene.listening(worker):
        asked = await scene.ask(worker, "a refund?", route="refunds")
        await worker.escalating.follow(asked.id)
        path.write_text("[routes.default]\n", encoding="utf-8")
        with structlog.testing.capture_logs() as logged:
            reloading.told()
            while not logged:
                await asyncio.sleep(0.01)
        assert [each["event"] for each in logged] == ["routes_not_reloaded"]
        assert routes.names == ("default", "refunds", "tiers")

        path.write_text(FILE.replace('users = ["noor"]', 'users = ["noor", "maya"]'), "utf-8")
        reloading.told()
        while await scene.redis.zscore(scene.keys.looks, asked.id) is None:
            await asyncio.sleep(0.01)
        await worker.escalating.follow(asked.id)
        (call,) = calls_in(scene.thread(asked))
        assert call.mentions.users == [MAYA], "whom the file adds is called"
        await scene.double.person("Maya").write(scene.thread(asked), "Yes.")
        assert (await scene.until_ended(asked)).state is State.ANSWERED
    running.cancel()


EXAMPLES = {
    path.stem: path.read_text("utf-8")
    for path in sorted((ROOT / "docs" / "examples").glob("routes-*.toml"))
}


@pytest.mark.parametrize("example", EXAMPLES)
async def test_each_example_asks_somebody_who_may_answer(scene: Scene, example: str) -> None:
    """The examples' default channel is the double's; a person of theirs is let in by their id."""
    text = EXAMPLES[example]
    for theirs in ("731482065947918350", "1182731077223653390"):  # ana; the role of support
        ours = MAYA if theirs.startswith("7") else defaults.OPERATOR_ROLE_ID
        text = text.replace(theirs, str(ours))
    worker = scene.make_worker(routes=of_file(text))
    async with asyncio.timeout(30), scene.listening(worker):
        asked = await scene.ask(worker, "may I?")
        await worker.escalating.follow(asked.id)
        maya = scene.double.person("Maya")
        await maya.write(scene.thread(asked), "Yes.")
        if 'answer_mode = "send_button"' in text:
            await maya.click(scene.starter(asked), "Send")
        assert (await scene.until_ended(asked)).state is State.ANSWERED

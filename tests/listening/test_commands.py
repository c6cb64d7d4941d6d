"""What operators do with slash commands, in a question's thread and elsewhere."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import structlog
from discord_double import defaults
from support.discord_views import said_by_bot
from support.make import an_outcome

from escalation_worker.discord_channel.hearing import commands
from listening.commanding import suggested, told, until_registered, used
from listening.conftest import Scene, Worker, until
from listening.test_controls import FORM
from listening.test_who_listens import Gate
from shared.errors import StoreUnavailableError
from shared.escalation import DEFAULT_BOT, Escalation, State, new_id
from shared.ports.clock import utc_now

ABOUT_ONE: dict[str, dict[str, Any]] = {
    "answer": {"text": "Yes."},
    "ask-back": {"text": "Why?"},
    "claim": {},
    "release": {},
    "reassign": {"person": str(defaults.MAYA_ID)},
    "decline": {"reason": "No."},
    "approve": {},
    "deny": {},
}
"""Every command about one question, with what it needs."""


async def test_a_command_in_a_questions_thread_is_about_that_question(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        await until_registered(scene)
        asked = await scene.ask(worker, "a discount?")
        await scene.ask(worker, "another?")
        thread = scene.thread(asked)
        assert "Sent" in await told(scene, "Maya", "answer", place=thread, text="Yes, 10 %.")
        ended = await scene.until_ended(asked)
        assert ended.outcome is not None
        assert ended.outcome.text == "Yes, 10 %."
        assert ended.outcome.source is not None
        assert ended.outcome.source.startswith("command-")
        await worker.concluding.show_outcome(asked.id)
        assert "Answered by Maya" in said_by_bot(scene.double, thread)[-1]
        assert "Yes, 10 %." in said_by_bot(scene.double, thread)[-1], "it stands nowhere else"


async def test_elsewhere_a_command_needs_to_be_told_which_question(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        await until_registered(scene)
        asked = await scene.ask(worker, "a discount?")
        assert "Which question?" in await told(scene, "Maya", "claim")
        assert "You are on it" in await told(scene, "Maya", "claim", asked)
        assert (await scene.read(asked)).state is State.CLAIMED


async def test_a_question_is_claimed_once_and_released_by_whoever_is_on_it(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        await until_registered(scene)
        asked = await scene.ask(worker, "who?")
        thread = scene.thread(asked)
        assert "You are on it" in await told(scene, "Maya", "claim", place=thread)
        assert "Somebody else is on it" in await told(scene, "Noor", "claim", place=thread)
        assert "done before" in await told(scene, "Maya", "claim", asked)
        assert "Somebody else is on it" in await told(scene, "Noor", "release", asked)
        assert "Nobody is on it" in await told(scene, "Maya", "release", asked)
        assert (await scene.read(asked)).claim is None


async def test_the_agent_is_asked_back_and_the_question_declined(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        await until_registered(scene)
        asked = await scene.ask(worker, "a discount?")
        assert "was asked" in await told(scene, "Maya", "ask-back", asked, text="How many?")
        read = await scene.read(asked)
        assert (read.state, read.remarks[0].text) == (State.NEEDS_INFO, "How many?")
        assert "Sent" in await told(scene, "Maya", "decline", asked, reason="Not ours.")
        ended = await scene.read(asked)
        assert ended.outcome is not None
        assert (ended.state, ended.outcome.reason) == (State.DECLINED, "Not ours.")


async def test_an_approval_is_voted_on_with_a_comment_each_person_once(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        await until_registered(scene)
        asked = await scene.ask(worker, "Refund 80 €", approvals_needed=2)
        assert "1 of 2" in await told(scene, "Maya", "approve", asked, comment="Fine.")
        assert "decided this before" in await told(scene, "Maya", "deny", asked)
        assert "It is decided" in await told(scene, "Noor", "approve", asked)
        ended = await scene.read(asked)
        assert ended.outcome is not None
        assert ended.outcome.approved is True
        assert [each.comment for each in ended.votes] == ["Fine.", None]

        other = await scene.ask(worker, "Refund 90 €", approvals_needed=2)
        assert "It is decided" in await told(scene, "Noor", "deny", other, reason="Too much.")
        denied = (await scene.read(other)).outcome
        assert denied is not None
        assert (denied.approved, denied.text) == (False, "Too much.")


@pytest.mark.parametrize(
    ("shape", "command", "words"),
    [
        ({"form": FORM}, "answer", "Fill in the form"),
        ({"form": FORM}, "approve", "Fill in the form"),
        ({"approvals_needed": 1}, "answer", "`/approve` or `/deny`"),
        ({"approvals_needed": 1}, "decline", "`/approve` or `/deny`"),
        ({}, "approve", "`/answer`"),
        ({}, "deny", "`/answer`"),
        ({"options": ("5 %", "10 %"), "options_only": True}, "answer", "• 10 %"),
    ],
)
async def test_a_command_that_does_not_fit_names_the_one_that_does(
    scene: Scene, shape: dict[str, Any], command: str, words: str
) -> None:
    options = ABOUT_ONE[command]
    async with asyncio.timeout(30), scene.listening() as worker:
        await until_registered(scene)
        asked = await scene.ask(worker, "what now?", **shape)
        assert words in await told(scene, "Maya", command, asked, **options)
        assert (await scene.read(asked)).state is State.POSTED


@pytest.mark.parametrize("command", ABOUT_ONE)
async def test_a_stranger_may_use_no_command_and_learns_nothing(scene: Scene, command: str) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        await until_registered(scene)
        asked = await scene.ask(worker, "a secret discount?")
        with structlog.testing.capture_logs() as logged:
            words = await told(scene, "Mallory", command, asked, **ABOUT_ONE[command])
        assert words == "You may not act on this question. Nothing was passed on."
        assert [each["event"] for each in logged] == ["reply_refused"], "it is in the audit log"
        read = await scene.read(asked)
        assert (read.state, read.claim, read.remarks) == (State.POSTED, None, ())
        assert await suggested(scene, "Mallory", command) == {}


@pytest.mark.parametrize("command", ABOUT_ONE)
async def test_an_ended_question_an_unknown_one_and_a_forged_one_are_told_apart_by_nobody(
    scene: Scene, command: str
) -> None:
    options = ABOUT_ONE[command]
    approval = command in {"approve", "deny"}
    async with asyncio.timeout(30), scene.listening() as worker:
        await until_registered(scene)
        asked = await scene.ask(worker, "over?", approvals_needed=1 if approval else None)
        noor = scene.double.person("Noor")
        over = "deny" if approval else "decline"
        await used(scene, noor, over, asked, reason="Over.")
        assert "already ended" in await told(scene, "Maya", command, asked, **options)
        for forged in (new_id(), f"{asked.id}:reply", "10 %", asked.id.lower(), "x" * 100):
            words = await told(scene, "Maya", command, forged, **options)
            assert words == "This question is no longer kept."


async def test_a_relieved_listener_does_nothing_and_says_nothing_and_the_next_one_does(
    scene: Scene,
) -> None:
    gate = Gate(scene)
    async with asyncio.timeout(30):
        async with scene.listening(scene.make_worker(gate.find)) as old:
            await until_registered(scene)
            asked = await scene.ask(old, "whose?")
            maya = scene.double.person("Maya")
            unheard = await maya.command(scene.thread(asked), "claim")
            await gate.reached.wait()
            hold = old.turn.hold()
            assert hold is not None
            # Another holds the slot from here on, and never gets as far as connecting.
            await scene.redis.incr(scene.keys.fence(hold.bot, hold.slot))
            with structlog.testing.capture_logs() as logged:
                gate.opened.set()

                async def dropped() -> bool:
                    return any(each["event"] == "reply_left_to_next_listener" for each in logged)

                await until(dropped)
            assert not unheard.is_acknowledged
            assert (await scene.read(asked)).claim is None
        async with scene.listening():
            assert "You are on it" in await told(scene, "Maya", "claim", asked)


async def test_a_listener_that_is_relieved_once_it_has_announced_an_answer_says_so(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "SOON_SECONDS", 0.05)
    gate = Gate(scene)
    async with asyncio.timeout(30), scene.listening(scene.make_worker(gate.find)) as worker:
        await until_registered(scene)
        asked = await scene.ask(worker, "whose?")
        claim = await scene.double.person("Maya").command(scene.thread(asked), "claim")
        await scene.double.until(lambda: claim.is_acknowledged or None)
        hold = worker.turn.hold()
        assert hold is not None
        await scene.redis.incr(scene.keys.fence(hold.bot, hold.slot))
        gate.opened.set()
        await scene.double.until(lambda: claim.response and claim.response.content)
        assert [each.content for each in claim.messages] == [
            "This worker no longer listens. Please try again."
        ]
        assert (await scene.read(asked)).claim is None


async def test_an_answer_that_takes_long_is_announced_within_discords_time(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "SOON_SECONDS", 0.05)
    opened = asyncio.Event()

    async def find(reference: str) -> str | None:
        await opened.wait()
        return await scene.postings.find(DEFAULT_BOT, reference)

    async with asyncio.timeout(30), scene.listening(scene.make_worker(find)) as worker:
        await until_registered(scene)
        asked = await scene.ask(worker, "slow?")
        maya = scene.double.person("Maya")
        claim = await maya.command(scene.thread(asked), "claim")
        await scene.double.until(lambda: claim.is_acknowledged or None)
        assert claim.response is not None
        assert claim.response.content == ""
        opened.set()
        await scene.double.until(lambda: claim.response and claim.response.content)
        assert [each.content for each in claim.messages] == ["You are on it."]
        assert claim.messages[0].only_for == maya.id


async def test_while_redis_is_away_nothing_is_passed_on_and_nothing_is_suggested(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise StoreUnavailableError("away")

    def fail_at_once(*_: object) -> None:
        raise StoreUnavailableError("away")

    async with asyncio.timeout(30), scene.listening() as worker:
        await until_registered(scene)
        asked = await scene.ask(worker, "stored?")
        with monkeypatch.context() as patch:
            patch.setattr(type(scene.store), "get", fail)
            patch.setattr(type(scene.store), "open_pages", fail_at_once)
            assert "try again" in await told(scene, "Maya", "claim", asked)
            assert "try again" in await told(scene, "Maya", "pending")
            assert await suggested(scene, "Maya", "claim") == {}
        assert "You are on it" in await told(scene, "Maya", "claim", asked)


async def test_a_late_answer_by_command_is_kept_as_one(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        await until_registered(scene)
        asked = await timed_out(scene, worker)
        assert "late answer" in await told(scene, "Maya", "answer", asked, text="Yes.")
        late = (await scene.read(asked)).late_answer
        assert late is not None
        assert late.text == "Yes."
        assert await suggested(scene, "Maya", "answer") == {}


async def timed_out(scene: Scene, worker: Worker) -> Escalation:
    """Ask something, and let nobody answer."""
    asked = await scene.ask(worker, "in time?")
    ended = an_outcome(asked, State.TIMED_OUT, at=utc_now() + timedelta(seconds=1))
    await scene.store.conclude(asked.id, ended)
    return await scene.read(asked)

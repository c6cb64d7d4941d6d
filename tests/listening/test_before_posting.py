"""What people do with a question through a command before they can see it in Discord."""

from __future__ import annotations

import asyncio

import pytest
from arq import Retry
from discord_double import defaults
from discord_double.reading import text_of
from support.discord_views import said_by_bot
from support.make import JON, a_remark, an_ask

from escalation_worker.jobs import Jobs
from listening.conftest import Scene, Worker
from listening.test_reassigning import told_to_assignee
from shared.errors import ChannelUnavailableError
from shared.escalation import Author, Claim, Escalation, Person, State
from shared.ports.clock import utc_now

NOOR = Person(id=str(defaults.NOOR_ID), name="Noor")


def jobs_of(worker: Worker) -> Jobs:
    """Give what a worker's queue calls."""
    return Jobs(worker.posting, worker.concluding, worker.escalating)


async def accepted(scene: Scene, text: str) -> Escalation:
    """Ask, while no worker posts."""
    return (await scene.store.accept(an_ask(text))).escalation


async def show(worker: Worker, escalation: Escalation) -> None:
    """Run the job that follows from what people did."""
    await jobs_of(worker).show_outcome({"job_try": 1}, escalation.id)


async def post(worker: Worker, escalation: Escalation) -> None:
    """Run the job that shows it to people."""
    await jobs_of(worker).post({"job_try": 1}, escalation.id)


async def test_a_question_that_is_asked_back_and_replied_to_unseen_is_seen_all_the_same(
    scene: Scene,
) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        waiting = await accepted(scene, "which shelf?")
        discussion = scene.stores.discussion
        await discussion.remark(waiting.id, a_remark(at=utc_now(), text="Whose?"))
        await show(worker, waiting)
        assert scene.double.threads == []
        reply = a_remark(Author.AGENT, at=utc_now(), text="The customer's.", source="r2")
        await discussion.remark(waiting.id, reply)
        await show(worker, waiting)
        await post(worker, waiting)

        posted = await scene.read(waiting)
        assert posted.state is State.POSTED
        assert "The customer's." in "".join(said_by_bot(scene.double, scene.thread(posted)))
        assert await scene.postings.unshown_score(waiting.id) is None
        await scene.double.person("Maya").write(scene.thread(posted), "The small one.")
        assert (await scene.until_ended(waiting)).state is State.ANSWERED


async def test_a_question_that_is_asked_back_before_it_has_its_thread_gets_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(*_: object) -> None:
        raise ChannelUnavailableError("its worker was killed")

    async with asyncio.timeout(30), scene.listening() as worker:
        waiting = await accepted(scene, "which shelf?")
        with monkeypatch.context() as patched:
            patched.setattr(worker.channel, "_discuss", dies)
            with pytest.raises(Retry):
                await post(worker, waiting)
        begun = await scene.read(waiting)
        assert (begun.state, scene.double.threads) == (State.QUEUED, [])
        await scene.stores.discussion.remark(waiting.id, a_remark(at=utc_now()))
        await show(worker, waiting)
        await post(worker, waiting)
        posted = await scene.read(waiting)
        assert posted.state is State.NEEDS_INFO
        (thread,) = scene.double.threads
        assert thread is scene.thread(posted)


async def test_whoever_is_given_a_question_before_it_is_posted_is_called_to_it(
    scene: Scene,
) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        waiting = await accepted(scene, "whose?")
        given = Claim(by=NOOR, at=utc_now(), assigned_by=JON)
        await scene.stores.discussion.claim(waiting.id, given, take_over=True)
        await show(worker, waiting)
        await post(worker, waiting)
        posted = await scene.read(waiting)
        (call,) = told_to_assignee(scene, posted)
        assert call.mentions.users == [defaults.NOOR_ID]
        assert "Noor" in text_of(scene.starter(posted))
        assert await scene.postings.unshown_score(waiting.id) is None

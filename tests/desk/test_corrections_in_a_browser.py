"""How a corrected answer looks among the recent ones, in a real browser."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path

import pytest
from support.make import a_correction, an_outcome

from desk.browser import PROGRAM
from desk.seen import Seen, a_seen_desk
from shared.attachment import Attachment
from shared.escalation import Escalation, Outcome, Provenance, State
from shared.memory.corrections import MemoryCorrections
from shared.ports.clock import utc_now

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="no Chromium on the PATH"),
]
PHOTO = Attachment(
    name="shelf.png", url="https://cdn.example/shelf.png", media_type="image/png", size=1
)


@pytest.fixture
async def seen(tmp_path: Path) -> AsyncGenerator[Seen]:
    """Serve a desk and open it."""
    async with a_seen_desk(tmp_path / "profile") as seen:
        yield seen


async def answered(seen: Seen) -> Escalation:
    """Answer a question with a file, for a while to be edited."""
    question = await seen.asked()
    ending = an_outcome(question, at=utc_now(), text="Yes, 5 %.")
    until = ending.at + timedelta(minutes=5)
    answer = ending.model_copy(update={"correctable_until": until, "attachments": (PHOTO,)})
    await seen.store.conclude(question.id, answer)
    await seen.shows("#recent .answer", "Yes, 5 %.")
    return await seen.read(question)


async def corrected(seen: Seen, question: Escalation, text: str) -> None:
    edit = a_correction(question, text, seconds=12)
    noted = await MemoryCorrections(seen.store).correct(question.id, edit)
    assert noted is not None
    assert noted.applied


async def test_a_correction_of_what_the_agent_had_read_holds_beside_the_first_answer(
    seen: Seen,
) -> None:
    question = await answered(seen)
    await seen.store.hand_over(question.id)
    await corrected(seen, question, "No: <b>10 %</b>.")
    await seen.shows("#recent .answer", "No: <b>10 %</b>.")
    await seen.shows("#recent .beside", "The agent was told first: Yes, 5 %.")
    await seen.shows("#recent .how", "Maya answered after")
    await seen.shows("#recent .how", "corrected 12 s later, after the agent had read it")
    await seen.announced("Maya corrected the answer: No")
    page = seen.page
    how = await page.run('document.querySelector("#recent .how").textContent')
    assert "answered late" not in how
    assert await page.run('document.querySelector("#recent li").dataset.state') == "answered"
    files = '[...document.querySelectorAll("#recent .files a")].map((each) => each.href)'
    assert await page.run(files) == [PHOTO.url], "a file that stays with the answer is listed once"
    assert await page.run('document.querySelectorAll("#recent b").length') == 0

    await page.run("location.reload()")
    await seen.shows("#recent .answer", "No: <b>10 %</b>.")
    await seen.shows("#recent .beside", "Yes, 5 %.")


async def test_an_edit_before_the_agent_read_it_is_the_answer(seen: Seen) -> None:
    question = await answered(seen)
    await corrected(seen, question, "Yes, 10 %.")
    await seen.shows("#recent .answer", "Yes, 10 %.")
    await seen.shows("#recent .how", "corrected 12 s later, before the agent had read it")
    await seen.announced("Maya corrected the answer: Yes, 10 %.")
    assert await seen.page.run('document.querySelector("#recent .beside").hidden')


async def test_what_came_late_is_told_from_what_was_prepared_for_silence(seen: Seen) -> None:
    question = await seen.asked()
    ending = an_outcome(question, State.TIMED_OUT, at=utc_now())
    prepared = {"text": "Not today.", "provenance": Provenance.FALLBACK}
    await seen.store.conclude(question.id, ending.model_copy(update=prepared))
    await seen.shows("#recent .beside", "Prepared answer: Not today.")
    await seen.shows("#recent .how", "a prepared answer was given")
    assert await seen.page.run('document.querySelector("#recent .answer").hidden')
    await late(seen, question, "Yes, gladly.")
    await seen.shows("#recent .answer", "Yes, gladly.")
    await seen.shows("#recent .beside", "Prepared answer: Not today.")
    await seen.shows("#recent .how", "Maya answered late")


async def late(seen: Seen, question: Escalation, text: str) -> None:
    answer: Outcome = an_outcome(question, at=utc_now(), text=text)
    kept = await seen.store.keep_late_answer(question.id, answer)
    assert kept is not None

"""What the desk shows of a customer who has gone."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from support.make import an_outcome

from desk.browser import PROGRAM
from desk.conftest import Desk
from desk.seen import Seen, a_seen_desk
from escalation_worker.desk.views import view_of
from shared.escalation import Escalation, Outcome, Provenance, State
from shared.ports.clock import utc_now

Test = TypeVar("Test", bound=Callable[..., Any])


def in_a_browser(test: Test) -> Test:
    """Run a test where there is a browser."""
    skip = pytest.mark.skipif(PROGRAM is None, reason="no Chromium on the PATH")
    return pytest.mark.slow(skip(test))


@pytest.fixture
async def seen(tmp_path: Path) -> AsyncGenerator[Seen]:
    """Serve a desk and open it."""
    async with a_seen_desk(tmp_path / "profile") as seen:
        yield seen


async def test_a_page_is_told_whether_the_customer_has_gone(desk: Desk) -> None:
    question = await desk.asked()
    for gone in (True, False):
        noted = await desk.store.note_caller(question.id, gone=gone)
        assert noted is not None
        assert view_of(noted.escalation).caller_gone == gone


async def test_the_question_of_a_customer_who_has_gone_is_answered_as_any_other(
    desk: Desk,
) -> None:
    question = await desk.asked()
    await desk.store.note_caller(question.id, gone=True)
    assert (await desk.answer(question.id)).status_code == 200
    outcome = await desk.outcome(question)
    assert outcome is not None
    assert outcome.text == "Yes, 10 %."


@in_a_browser
async def test_a_card_says_that_the_customer_has_gone_and_is_back(seen: Seen) -> None:
    question = await seen.asked()
    await seen.page.until('!document.querySelector(".gone").offsetParent')
    await seen.store.note_caller(question.id, gone=True)
    await seen.shows(".gone", "The customer has gone. The answer is still wanted.")
    await seen.announced("The customer has gone: May I?")
    await seen.store.note_caller(question.id, gone=False)
    await seen.announced("The customer is back: May I?")
    await seen.page.until('!document.querySelector(".gone").offsetParent')


@in_a_browser
async def test_an_answer_for_a_customer_who_has_gone_is_listed_as_such(seen: Seen) -> None:
    question = await seen.asked()
    await seen.store.note_caller(question.id, gone=True)
    await seen.store.conclude(question.id, an_outcome(question, at=utc_now()))
    await seen.shows("#recent .how", "the customer has gone")


@in_a_browser
@pytest.mark.parametrize(
    ("provenance", "words"),
    [(Provenance.AGENT, "The agent took it back"), (Provenance.SYSTEM, "Cancelled after")],
)
async def test_a_card_says_whose_word_a_cancellation_was_and_why(
    seen: Seen, provenance: Provenance, words: str
) -> None:
    question = await seen.asked()
    await seen.type(question, "I would say")
    await seen.store.conclude(question.id, cancelled(question, provenance))
    await seen.shows(".ended", words)
    await seen.shows(".ended", "the conversation ended")
    await seen.shows("#recent .answer", "the conversation ended")


def cancelled(question: Escalation, provenance: Provenance) -> Outcome:
    ending = an_outcome(question, State.CANCELLED, at=utc_now())
    return ending.model_copy(update={"provenance": provenance, "reason": "the conversation ended"})

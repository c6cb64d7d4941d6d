"""The page in a real browser, where there is one: what operators see and do."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from support.make import an_ask, an_outcome

from desk.browser import PROGRAM
from desk.seen import Seen, a_seen_desk
from shared.escalation import Escalation, State
from shared.ports.clock import utc_now

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="no Chromium on the PATH"),
]
MARKUP = '<img src=x onerror="document.title=1"> May I give <b>10 %</b> off?'


@pytest.fixture
async def seen(tmp_path: Path) -> AsyncGenerator[Seen]:
    """Serve a desk and open it."""
    async with a_seen_desk(tmp_path / "profile") as seen:
        yield seen


async def test_a_question_appears_as_text_takes_the_focus_and_is_answered_with_enter(
    seen: Seen,
) -> None:
    page = seen.page
    assert await page.run('!document.getElementById("empty").hidden')
    question = await seen.asked(MARKUP)
    await page.until(f'document.activeElement.id === "answer-{question.id}"')
    assert await page.run('document.querySelector(".question").textContent') == MARKUP
    assert await page.run('document.querySelectorAll(".question *").length') == 0
    assert await page.run("document.title") == "(1) Desk"
    assert await page.run('document.getElementById("announcer").textContent.includes("10 %")')

    await seen.type(question, "Yes, 10 %.")
    await seen.press_enter()
    await page.until('document.querySelector("#recent .answer")?.textContent === "Yes, 10 %."')
    await page.until('!document.getElementById("empty").hidden')
    assert await seen.state(question) is State.ANSWERED


async def test_one_click_answers_with_an_option_under_the_operators_name(seen: Seen) -> None:
    await seen.page.run(
        'const box = document.getElementById("name"); box.value = "Maya";'
        'box.dispatchEvent(new Event("input"))'
    )
    question = await seen.asked(options=("Yes, 10 %", "No"))
    await seen.page.run('document.querySelector(".options button").click()')
    await seen.page.until('document.querySelector("#recent .how")?.textContent.includes("Maya")')
    found = await seen.store.get(question.id)
    assert found is not None
    assert found.outcome is not None
    assert found.outcome.text == "Yes, 10 %"


async def test_text_typed_is_kept_when_somebody_else_answers_first(seen: Seen) -> None:
    question = await seen.asked()
    await seen.type(question, "I would say")
    await seen.store.conclude(question.id, an_outcome(question, at=utc_now()))
    await seen.page.until('document.querySelector(".ended")?.textContent.includes("Maya answered")')
    assert await seen.page.run('document.querySelector(".card textarea").value') == "I would say"
    assert await seen.page.run("document.title") == "Desk"
    await seen.page.run('document.querySelector(".dismiss").click()')
    await seen.page.until('!document.getElementById("empty").hidden')


async def test_what_is_open_behind_the_first_five_hundred_stays_and_the_list_fills_up_again(
    seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, pages = seen.page, seen.store.open_pages

    async def one_a_page() -> AsyncGenerator[list[Escalation]]:
        async for found in pages():
            for each in found:
                yield [each]

    monkeypatch.setattr(seen.store, "open_pages", one_a_page)
    first, second = (
        await seen.asked("First?", timeout=600),
        await seen.asked("Second?", timeout=900),
    )
    seen.store.changes.tell("")  # all is read again: only the first is listed
    await page.until('document.title === "(2+) Desk"')
    await seen.type(second, "Of course.")
    assert await page.run('document.querySelectorAll(".over").length') == 0
    with monkeypatch.context() as silent:
        silent.setattr(seen.store.changes, "tell", lambda _: None)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
        third = (await seen.store.accept(an_ask("Third?", timeout=700))).escalation
    await seen.store.conclude(first.id, an_outcome(first, at=utc_now()))
    await page.until(f'document.getElementById("answer-{third.id}")')
    written = f'document.getElementById("answer-{second.id}").value'
    assert await page.run(written) == "Of course."
    await seen.press_enter()
    await page.until('[...document.querySelectorAll("#recent .answer")].length === 2')
    assert await seen.state(second) is State.ANSWERED


async def test_declining_asks_for_a_reason_and_ends_the_question(seen: Seen) -> None:
    question = await seen.asked()
    await seen.page.run('document.querySelector(".decline-open").click()')
    await seen.page.call("Input.insertText", text="Nobody may decide this.")
    await seen.press_enter()
    await seen.page.until(
        'document.querySelector("#recent .answer")?.textContent === "Nobody may decide this."'
    )
    assert await seen.state(question) is State.DECLINED


async def test_a_question_that_timed_out_can_be_answered_late(seen: Seen) -> None:
    question = await seen.asked()
    await seen.store.conclude(question.id, an_outcome(question, State.TIMED_OUT, at=utc_now()))
    await seen.page.until('[...document.querySelectorAll(".late")].some((each) => !each.hidden)')
    await seen.page.run('document.querySelector("#recent .late").click()')
    await seen.type(question, "Yes, late.")
    await seen.press_enter()
    await seen.page.until('document.querySelector("#recent .answer")?.textContent === "Yes, late."')
    found = await seen.store.get(question.id)
    assert found is not None
    assert found.late_answer is not None

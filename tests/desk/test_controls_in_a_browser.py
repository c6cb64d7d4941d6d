"""The controls of a card in a real browser: forms, approvals, questions back, claims."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from support.make import MAYA, a_remark, a_vote, an_outcome

from desk.browser import PROGRAM
from desk.seen import Seen, a_seen_desk
from shared.answer_form import AnswerForm
from shared.escalation import Author, Claim, State
from shared.memory.discussion import MemoryDiscussion
from shared.ports.clock import utc_now

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="no Chromium on the PATH"),
]
FORM = AnswerForm.model_validate(
    {
        "type": "object",
        "properties": {
            "percent": {"type": "integer", "maximum": 20, "title": "Per cent"},
            "until": {"type": "string", "format": "date"},
            "at": {"type": "string", "format": "date-time"},
            "mail": {"type": "string", "format": "email", "description": "Where to?"},
            "site": {"type": "string", "format": "uri"},
            "size": {"type": "string", "enum": ["s", "l"], "enumNames": ["Small", "Large"]},
            "gift": {"type": "boolean", "title": "As a gift"},
            "note": {"type": "string"},
            "why": {"type": "string", "maxLength": 80, "default": "kindness"},
        },
        "required": ["percent", "size"],
    }
)


@pytest.fixture
async def seen(tmp_path: Path) -> AsyncGenerator[Seen]:
    """Serve a desk and open it."""
    async with a_seen_desk(tmp_path / "profile") as seen:
        yield seen


async def test_a_form_has_fitting_inputs_and_its_errors_beside_them_and_keeps_what_was_written(
    seen: Seen,
) -> None:
    page, question = seen.page, await seen.asked(form=FORM)
    field = f"field-{question.id}"
    kinds = await page.run(
        '[...document.querySelectorAll(".field")].map((each) => '
        'each.querySelector("input, select, textarea").type)'
    )
    assert kinds == [
        "number",
        "date",
        "datetime-local",
        "email",
        "url",
        "select-one",
        "checkbox",
        "textarea",
        "text",
    ]
    unnamed = await page.run(
        '[...document.querySelectorAll(".fields input, .fields select, .fields textarea")]'
        ".filter((each) => !each.labels.length).length"
    )
    assert unnamed == 0, "each input has a label"
    fill = (
        "for (const [name, value] of Object.entries({until: '2026-12-24', at: '2026-12-24T14:30', "
        "percent: '50', mail: 'me', size: 'l'})) "
        f"document.getElementById(`{field}-${{name}}`).value = value;"
        f"document.getElementById('{field}-gift').click();"
    )
    await page.run(fill)
    await seen.click(".fields .send")
    await seen.shows(f"#{field}-percent-wrong", "less than or equal to 20")
    await seen.shows(f"#{field}-mail-wrong", "must be an e-mail address")
    assert await page.run("document.activeElement.id") == f"{field}-percent"
    assert await page.run("document.activeElement.getAttribute('aria-invalid')") == "true"
    # What others do meanwhile does not touch what was written.
    discussion = MemoryDiscussion(seen.store)
    await discussion.claim(question.id, Claim(by=MAYA, at=utc_now()))
    await seen.shows(".claimed", "Maya is on it")
    assert await page.run(f"document.getElementById('{field}-until').value") == "2026-12-24"

    await page.run(
        f"document.getElementById('{field}-percent').value = '5';"
        f"document.getElementById('{field}-mail').value = '';"
    )
    await seen.click(".fields .send")
    await seen.shows("#recent .answer", "Per cent: 5")
    outcome = (await seen.read(question)).outcome
    assert outcome is not None
    assert outcome.values is not None
    at = await page.run("new Date('2026-12-24T14:30').toISOString()")
    assert str(outcome.values.pop("at"))[:16] == at[:16]
    assert outcome.values == {
        "percent": 5,
        "until": "2026-12-24",
        "size": "l",
        "gift": True,
        "why": "kindness",
    }


async def test_an_approval_shows_how_far_it_is_and_ends_with_the_last_one_needed(
    seen: Seen,
) -> None:
    page, question = seen.page, await seen.asked("Refund 80 €", approvals_needed=2)
    await seen.shows(".votes", "2 different people must approve")
    outcome = an_outcome(question, at=utc_now()).model_copy(update={"approved": True})
    await MemoryDiscussion(seen.store).vote(question.id, a_vote(at=utc_now()), outcome, needed=2)
    await seen.shows(".votes", "1 of 2 approved: Maya")
    await seen.announced("1 of 2 approved: Maya")
    await page.run('document.querySelector(".vote input").focus()')
    await page.call("Input.insertText", text="Fine with me.")
    await seen.press_enter()
    assert (await seen.read(question)).state.is_open, "Enter in the comment decides nothing"
    await seen.click(".approve")
    await seen.shows("#recent .how", "Approved after")
    votes = (await seen.read(question)).votes
    assert [(each.by.name, each.comment) for each in votes] == [
        ("Maya", None),
        ("Operator", "Fine with me."),
    ]


async def test_the_agent_is_asked_back_and_its_reply_is_shown_as_soon_as_it_comes(
    seen: Seen,
) -> None:
    page, question = seen.page, await seen.asked("A discount?", options=("5 %", "10 %"))
    await seen.click(".claim")
    await seen.shows(".claimed", "You are on it")
    await seen.click(".ask-back-open")
    assert await page.run('document.activeElement.closest("form").className') == "ask-back"
    await page.call("Input.insertText", text="How many pieces?")
    await seen.press_enter()
    await seen.shows(".remarks li", "How many pieces?")
    await seen.shows(".waiting", "Waiting for the agent")
    assert (await seen.read(question)).state is State.NEEDS_INFO

    told = a_remark(Author.AGENT, at=utc_now(), text="<b>Three.</b>", source="r2")
    await MemoryDiscussion(seen.store).remark(question.id, told)
    await seen.shows('.remarks [data-author="agent"]', "<b>Three.</b>")
    await seen.announced("The agent: <b>Three.</b>")
    assert await page.run('document.querySelector(".waiting").hidden')
    await seen.click(".claim")
    await page.until('document.querySelector(".claimed").hidden')
    assert (await seen.read(question)).claim is None


async def test_where_only_an_option_will_do_there_is_nothing_to_write_in(seen: Seen) -> None:
    question = await seen.asked(options=("5 %", "10 %"), options_only=True)
    box = f'document.getElementById("answer-{question.id}")'
    assert await seen.page.run(f"{box}.offsetParent") is None
    await seen.page.until("document.activeElement.textContent === '5 %'")
    await seen.click(".options button:last-child")
    await seen.shows("#recent .answer", "10 %")

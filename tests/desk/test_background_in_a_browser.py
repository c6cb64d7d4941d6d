"""What comes with a question, and answering as before, in a real browser."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from support.make import an_ask, an_outcome

from desk.browser import PROGRAM
from desk.seen import Seen, a_seen_desk
from shared.background import Background
from shared.escalation import Escalation
from shared.memory.precedents import MemoryPrecedents
from shared.ports.clock import utc_now
from shared.precedent import Precedent

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="no Chromium on the PATH"),
]
ATTACHED = Background.model_validate(
    {
        "turns": [
            {"speaker": "customer", "text": "<b>A discount?</b>\nAgent: yes"},
            {"speaker": "agent", "text": "I'll ask."},
        ],
        "facts": {"<i>Since</i>": 2019, "VIP": True},
        "links": [{"title": "https://bank.example", "url": "https://shop.example:8443/o?id=7"}],
    }
)


@pytest.fixture
async def seen(tmp_path: Path) -> AsyncGenerator[Seen]:
    """Serve a desk and open it."""
    async with a_seen_desk(tmp_path / "profile") as seen:
        yield seen


async def asked_before(seen: Seen, answer: str, **shape: Any) -> Escalation:
    """Ask a question that shows how another one was answered."""
    known = (await seen.store.accept(an_ask("May I give 5 %?"))).escalation
    await seen.store.conclude(known.id, an_outcome(known, at=utc_now(), text=answer))
    shown = Precedent(
        id=known.id, question="May I give <b>5 %</b>?", answer="Yes, …", by="Maya", at=utc_now()
    )
    question = (await seen.store.accept(an_ask("And 10 %?", **shape))).escalation
    await MemoryPrecedents(seen.store).note_shown(question.id, (shown,))
    await seen.asked("Something else?")  # so that the page reads anew what it shows
    await seen.page.run("location.reload()")
    await seen.page.until(f'document.getElementById("answer-{question.id}")')
    return question


async def test_what_was_said_facts_and_links_are_text_and_say_where_they_lead(seen: Seen) -> None:
    await seen.asked(background=ATTACHED)
    await seen.shows('.turns [data-speaker="customer"]', "<b>A discount?</b>")
    await seen.shows('.turns [data-speaker="agent"]', "I'll ask.")
    await seen.shows(".facts", "<i>Since</i>")
    await seen.shows(".facts", "2019")
    await seen.shows(".links .host", "shop.example:8443")
    page = seen.page
    assert await page.run('document.querySelectorAll(".turns b, .facts i").length') == 0
    anchor = 'document.querySelector(".links a")'
    assert await page.run(f"{anchor}.href") == "https://shop.example:8443/o?id=7"
    assert await page.run(f"{anchor}.rel") == "noopener noreferrer nofollow"
    assert await page.run('document.querySelector(".before").hidden'), "nothing was found"


async def test_an_earlier_answer_is_put_into_the_box_whole_and_sent_when_it_was_changed(
    seen: Seen,
) -> None:
    question = await asked_before(seen, "Yes, 5 %. <b>Once.</b>")
    box = f'document.getElementById("answer-{question.id}")'
    await seen.shows(".before li", "May I give <b>5 %</b>?")
    await seen.shows(".before li", "Maya, just now")
    await seen.type(question, "First:")
    await seen.click(".before button")
    await seen.page.until(f"{box}.value.includes('Once')")
    assert await seen.page.run(f"{box}.value") == "First:\nYes, 5 %. <b>Once.</b>"
    assert (await seen.read(question)).state.is_open, "nothing is sent by that"
    await seen.page.until(f"document.activeElement === {box}")
    await seen.press_enter()
    await seen.shows("#recent .answer", "First:")
    outcome = (await seen.read(question)).outcome
    assert outcome is not None
    assert outcome.text == "First:\nYes, 5 %. <b>Once.</b>"


async def test_an_earlier_answer_that_is_gone_is_said_to_be(seen: Seen) -> None:
    question = await asked_before(seen, "Yes, 5 %.")
    gone = (Precedent(id="01GONE", question="?", answer="!", by="Maya", at=utc_now()),)
    entry = seen.store.entry(question.id)
    assert entry is not None
    entry.escalation = entry.escalation.model_copy(update={"precedents": gone})
    await seen.click(".before button")
    await seen.shows(".problem", "no longer kept")


async def test_where_only_an_option_will_do_an_earlier_answer_has_no_button(seen: Seen) -> None:
    await asked_before(seen, "5 %", options=("5 %", "No"), options_only=True)
    await seen.shows(".before li", "Yes, …")
    assert await seen.page.run('document.querySelectorAll(".before button").length') == 0


async def test_a_title_reads_in_its_order_and_the_host_beside_it_in_its_own(seen: Seen) -> None:
    turned = "\u202e\u2066moc.elpmaxe.knab//:sptth"
    await seen.asked(
        f"{turned}?",
        background=Background.model_validate(
            {"links": [{"title": turned, "url": "https://evil.example/o"}]}
        ),
    )
    await seen.shows(".links a", "moc.elpmaxe.knab//:sptth")
    await seen.shows(".links .host", "evil.example")
    for selector in (".links a", ".links .host", ".question"):
        assert await seen.page.run(_PLACES.replace("SELECTOR", selector)), "from left to right"


_PLACES = """(() => {
  const text = document.querySelector("SELECTOR").firstChild;
  const left = (at) => {
    const range = document.createRange();
    range.setStart(text, at);
    range.setEnd(text, at + 1);
    return range.getBoundingClientRect().left;
  };
  const places = [...text.data].map((_, at) => left(at));
  return places.every((place, at) => at === 0 || place > places[at - 1]);
})()"""

"""How the desk fits: on any screen, and in the pictures of the documentation."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pictures.desk_pictures import take_desk
from pictures.shots import look
from support.make import an_outcome

from desk.browser import PROGRAM
from desk.seen import a_seen_desk
from shared.background import Background
from shared.ports.clock import utc_now

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="no Chromium on the PATH"),
]
LONG = "W" * 64


@pytest.mark.parametrize("width", [320, 400, 1280])
async def test_nothing_is_wider_than_the_screen_whatever_people_write(
    width: int, tmp_path: Path
) -> None:
    attached = Background.model_validate(
        {
            "turns": [{"speaker": "customer", "text": LONG * 3}],
            "facts": {LONG: LONG * 3},
            "links": [{"title": LONG, "url": f"https://{LONG[1:]}.{LONG[1:]}.example/"}],
        }
    )
    async with a_seen_desk(tmp_path / "profile") as seen:
        await look(seen.page, width=width)
        ended = await seen.asked(LONG * 4)
        await seen.store.conclude(ended.id, an_outcome(ended, at=utc_now(), text=LONG * 4))
        await seen.asked(LONG * 4, context=LONG * 4, options=(LONG, LONG[1:]), background=attached)
        await seen.shows(".links .host", ".example")
        await seen.shows("#recent .answer", LONG)
        assert await seen.page.run("document.documentElement.scrollWidth") <= width
        too_wide = """[...document.querySelectorAll(".card *, .recent *")]
            .filter((each) => each.offsetParent && !each.closest(".turns, .unseen"))
            .filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
            .map((each) => each.className || each.tagName)"""
        assert await seen.page.run(too_wide) == []


def test_the_pictures_of_the_documentation_can_be_taken_anew(tmp_path: Path) -> None:
    asyncio.run(take_desk(tmp_path, tmp_path / "profile", also=True))
    pictures = sorted(each.name for each in tmp_path.glob("*.png"))
    assert pictures == ["desk-dark.png", "desk-narrow.png", "desk.png"]
    assert all(each.read_bytes().startswith(b"\x89PNG") for each in tmp_path.glob("*.png"))

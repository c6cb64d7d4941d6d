"""Pictures of the desk."""

from __future__ import annotations

import asyncio
from pathlib import Path

from desk.browser import Page, a_browser
from desk.conftest import a_desk

from escalation_worker.desk.serving import serve_desk
from hitl.embedded_redis import free_port
from pictures.desk_scene import TOM, DeskScene
from pictures.shots import look, shoot

BOUND = 60
FILLED_IN = """
const card = [...document.querySelectorAll(".card")].find((each) => each.querySelector(".field"));
const put = (at, value) => {
  const input = card.querySelectorAll(".field input, .field select")[at];
  input.value = value;
  input.dispatchEvent(new Event("input"));
};
put(0, "240"); put(2, "transfer"); put(3, "kim@example");
card.querySelector(".fields .send").click();
"""


async def take_desk(folder: Path, profile: Path, *, also: bool) -> None:
    """Show a desk in the middle of a working day, as Tom sees it."""
    scene, port = DeskScene(), free_port()
    desk = a_desk(scene.store, clock=scene.clock)
    serving = asyncio.create_task(serve_desk(desk, host="127.0.0.1", port=port))
    try:
        async with asyncio.timeout(BOUND), a_browser(profile) as page:
            await _open(page, f"http://127.0.0.1:{port}/")
            await scene.play()
            await page.run("location.reload()")  # with the clock as it is now
            await page.until('document.querySelectorAll(".card").length === 3')
            await page.until('document.querySelectorAll("#recent li").length === 4')
            await page.run(FILLED_IN)
            await page.until('document.querySelector(".wrong:not([hidden])")')
            await page.run("document.activeElement.blur()")
            await look(page, width=1280)
            await shoot(page, folder / "desk.png")
            if also:
                for name, width, dark in (("narrow", 400, False), ("dark", 1280, True)):
                    await look(page, width=width, dark=dark)
                    await shoot(page, folder / f"desk-{name}.png")
            assert page.errors == []
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def _open(page: Page, url: str) -> None:
    await page.open(url)
    await page.run(f'localStorage.setItem("desk.name", "{TOM}")')
    await page.until('document.querySelector(".link")?.dataset.state === "live"')

"""A picture of `make demo`: the whole system on this machine, in the middle of its scene."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import httpx2
from desk.browser import Page, a_browser

from hitl.demo.page import build_page, served
from hitl.demo.stage import set_stage
from pictures.shots import look, shoot

BOUND = 120
CONVERSATION: Final = "demo-picture"
SCENE: Final = (
    ("What can I do for you?", "Hi! Can I get 10 % off if I take two of the oak shelves?"),
    ("anything else?", "And when are you open on Saturday?"),
)
"""What the customer writes once the agent has said this."""


async def take_demo(folder: Path, profile: Path) -> None:
    """Ask for a discount, go on chatting, and look before the operator answers."""
    async with (
        asyncio.timeout(BOUND),
        set_stage(profile / "demo", on_ready=lambda _part, _seconds: None) as stage,
        httpx2.AsyncClient(base_url=stage.chat_url) as chat,
        served(
            build_page(chat_url=stage.chat_url, desk_url=stage.desk_url, conversation=CONVERSATION),
            port=0,
        ) as url,
        a_browser(profile / "chromium") as page,
    ):
        await look(page, width=1280, height=720, scale=1.0)
        await page.open(url)
        for heard, text in SCENE:
            await _until_frame_shows(page, stage.chat_url, heard)
            said = await chat.post("/messages", params={"c": CONVERSATION}, json={"text": text})
            said.raise_for_status()
        await _until_frame_shows(page, stage.chat_url, "Saturday from 10")
        await _until_frame_shows(page, stage.desk_url, "two of the oak shelves")
        await shoot(page, folder / "demo.png")


async def _until_frame_shows(page: Page, url: str, words: str) -> None:
    """Wait for what a page from another address shows in its frame."""
    frame = None
    while frame is None:
        tree = (await page.call("Page.getFrameTree"))["frameTree"]
        frames = [each["frame"] for each in tree.get("childFrames", [])]
        frame = next((each["id"] for each in frames if each["url"].startswith(url)), None)
    world = await page.call("Page.createIsolatedWorld", frameId=frame)
    shown = f"document.body.innerText.includes({words!r})"
    while True:
        found = await page.call(
            "Runtime.evaluate", expression=shown, contextId=world["executionContextId"]
        )
        if found["result"].get("value"):
            return
        await asyncio.sleep(0.05)

"""The login in a real browser: the name given there is the session's."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from desk.browser import PROGRAM, a_browser
from desk.conftest import PASSWORD, a_desk
from escalation_worker.desk.serving import serve_desk
from hitl.embedded_redis import free_port
from shared.memory.escalations import MemoryEscalations

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="no Chromium on the PATH"),
]


async def test_the_name_given_at_the_login_stands_on_the_page_and_can_not_be_changed_there(
    tmp_path: Path,
) -> None:
    desk, port = a_desk(MemoryEscalations(), password=PASSWORD), free_port()
    serving = asyncio.create_task(serve_desk(desk, host="127.0.0.1", port=port))
    try:
        async with asyncio.timeout(30), a_browser(tmp_path / "profile") as page:
            await page.open(f"http://127.0.0.1:{port}/")
            await page.until('document.title === "Desk: log in"')
            await page.until('document.readyState === "complete"')  # its script has run
            for field, text in (("name", "Maya"), ("password", PASSWORD)):
                await page.run(f'document.getElementById("{field}").focus()')
                await page.call("Input.insertText", text=text)
            await page.run('document.querySelector("#login .send").click()')
            await page.until('document.querySelector(".link")?.dataset.state === "live"')
            await page.until('document.getElementById("name").readOnly')
            assert await page.run('document.getElementById("name").value') == "Maya"
            assert page.errors == []
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

"""A customer's page, which stays open to the end, and no longer."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from faults.customers import Talk


async def test_a_page_that_is_open_is_closed_when_the_campaign_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reading = asyncio.Event()

    async def read_for_ever(_: Talk) -> None:
        reading.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(Talk, "_read", read_for_ever)
    host = cast("Any", SimpleNamespace(process=SimpleNamespace(env={"CHAT_PORT": "1"})))
    async with asyncio.timeout(5):
        listening = asyncio.create_task(Talk("Q1x1", host, cast("Any", None)).listen())
        await reading.wait()
        listening.cancel()
        await asyncio.wait({listening})
    assert listening.cancelled()

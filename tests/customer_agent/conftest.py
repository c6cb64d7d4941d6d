"""The runtime's own warnings, and a clean place for settings."""

from __future__ import annotations

import asyncio
import importlib
import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from fake_gateway import FakeGateway, running_gateway

importlib.import_module("support.videosdk_runtime")


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # no .env
    for name in list(os.environ):
        if name.startswith(("AGENT_", "GATEWAY_", "CHAT_", "VIDEOSDK_", "ROOM_", "CONVERSATION_")):
            monkeypatch.delenv(name)


@pytest.fixture
async def gateway() -> AsyncGenerator[FakeGateway]:
    """Run a fake gateway."""
    async with running_gateway() as fake, asyncio.timeout(30):
        yield fake

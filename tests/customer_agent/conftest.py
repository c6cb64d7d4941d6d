"""The runtime's own warnings, and a clean place for settings."""

from __future__ import annotations

import asyncio
import importlib
import os
import re
import warnings
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from fake_gateway import FakeGateway, running_gateway

with warnings.catch_warnings():
    # VideoSDK 1.0.30 imports names that websockets calls deprecated. Imported once here, they
    # can't warn again in a test, where every warning is an error.
    for _name in ("websockets.legacy", "websockets.WebSocketClientProtocol"):
        warnings.filterwarnings("ignore", rf"{re.escape(_name)} is deprecated", DeprecationWarning)
    importlib.import_module("videosdk.agents")


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

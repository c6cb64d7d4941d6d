"""Settings, providers, and how the process starts and stops."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from fake_gateway import FakeGateway

from customer_agent.notices import Notices
from customer_agent.providers import build_llm, voice_pipeline
from customer_agent.rule_based_llm import RuleBasedLLM
from customer_agent.running import manner_from
from customer_agent.settings import AgentSettings, OnHangup
from shared.errors import ConfigurationError
from shared.settings import load

ROOT = Path(__file__).parents[2]


def test_everything_has_a_default_that_runs_without_any_key() -> None:
    settings = load(AgentSettings)
    assert settings.gateway_url == "http://127.0.0.1:8765/mcp"
    assert settings.chat_host == "127.0.0.1"
    assert isinstance(build_llm(settings, Notices()), RuleBasedLLM)
    assert "Juniper" in manner_from(settings).instructions


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("AGENT_LLM", "gpt", "'rules', 'openai', 'anthropic' or 'google'"),
        ("AGENT_STT", "ears", "'none', 'deepgram', 'openai' or 'google'"),
        ("AGENT_ON_HANGUP", "shout", "'route', 'cancel' or 'leave'"),
        ("AGENT_TURNS", "21", "20"),
        ("AGENT_FACTS", "Shop", "pairs"),
        ("AGENT_FACTS", "Shop=", "1 to 256 characters"),
        ("AGENT_FACTS", f"{'x' * 65}=1", "1 to 64 characters"),
        ("AGENT_FACTS", ";".join(f"f{n}=1" for n in range(19)), "at most 18 pairs"),
        ("CHAT_PORT", "70000", "65535"),
        ("GATEWAY_URL", "127.0.0.1:8765", "http or https"),
        ("GATEWAY_URL", "http://me:hunter2@host/mcp", "GATEWAY_API_KEY"),
        ("CONVERSATION_ID", "no spaces", "pattern"),
        ("AGENT_INSTRUCTIONS_FILE", "nowhere.txt", "file"),
        ("AGENT_HOLD_LINE_SECONDS", "soon", "number"),
        ("LOG_LEVEL", "LOUD", "'WARNING'"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as caught:
        load(AgentSettings)
    assert str(caught.value).startswith(f"{name}: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_an_empty_line_in_the_env_file_means_not_set(tmp_path: Path) -> None:
    names = ["GATEWAY_API_KEY", "CONVERSATION_ID", "ROOM_ID", "VIDEOSDK_AUTH_TOKEN"]
    (tmp_path / ".env").write_text("".join(f"{name}=\n" for name in names))
    settings = load(AgentSettings)
    assert settings.gateway_api_key is None
    assert settings.room_id is None


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_API_KEY", "s3cret-key")
    monkeypatch.setenv("VIDEOSDK_AUTH_TOKEN", "s3cret-token")
    assert "s3cret" not in repr(load(AgentSettings))


@pytest.mark.parametrize(
    ("name", "value", "package"),
    [
        ("AGENT_LLM", "openai", "videosdk-plugins-openai"),
        ("AGENT_LLM", "anthropic", "videosdk-plugins-anthropic"),
        ("AGENT_STT", "deepgram", "videosdk-plugins-deepgram"),
        ("AGENT_TTS", "cartesia", "videosdk-plugins-cartesia"),
        ("AGENT_VAD", "silero", "videosdk-plugins-silero"),
        ("AGENT_TURN_DETECTOR", "namo", "videosdk-plugins-turn-detector"),
    ],
)
def test_a_missing_plugin_is_one_line_with_the_setting_and_the_package(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, package: str
) -> None:
    # The parts are built in the order in which the environment below names them.
    for part in ("AGENT_STT", "AGENT_TTS"):
        monkeypatch.setenv(part, "google")
    monkeypatch.setenv(name, value)
    _pretend_installed(monkeypatch, unless=value)
    settings = load(AgentSettings)
    with pytest.raises(ConfigurationError) as caught:
        voice_pipeline(settings)(Notices())
    assert str(caught.value).startswith(f"{name}={value}")
    assert f"pip install {package}" in str(caught.value)
    assert "\n" not in str(caught.value)


def _pretend_installed(monkeypatch: pytest.MonkeyPatch, *, unless: str) -> None:
    """Put a plugin in place for all that a voice needs, except the one in question."""
    if unless == "google":
        return

    class _Google:
        class GoogleSTT:
            """Hears nothing."""

        class GoogleTTS:
            """Says nothing."""

    monkeypatch.setitem(sys.modules, "videosdk.plugins", _Google)
    monkeypatch.setitem(sys.modules, "videosdk.plugins.google", _Google)


def test_a_room_without_ears_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENT_TTS", "openai")
    with pytest.raises(ConfigurationError, match="AGENT_STT"):
        voice_pipeline(load(AgentSettings))


def _start(**environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "customer_agent"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "LOG_FORMAT": "json", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"AGENT_LLM": "gpt"}, "AGENT_LLM: "),
        ({"AGENT_LLM": "openai"}, "pip install videosdk-plugins-openai"),
        ({"ROOM_ID": "abcd-efgh"}, "VIDEOSDK_AUTH_TOKEN: "),
        ({"ROOM_ID": "abcd-efgh", "VIDEOSDK_AUTH_TOKEN": "t0ken"}, "AGENT_STT: "),
    ],
)
def test_a_start_that_cannot_work_ends_with_one_line_and_code_2(
    environment: dict[str, str], said: str
) -> None:
    process = _start(**environment, CHAT_PORT="0")
    out, problems = process.communicate(timeout=60)
    assert process.returncode == 2
    assert said in problems
    assert len(problems.splitlines()) == 1
    assert out == ""
    assert "t0ken" not in problems


def test_a_taken_port_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = _start(CHAT_PORT=str(taken.getsockname()[1]))
        _, problems = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "CHAT_PORT: can't listen" in problems


async def test_a_stopped_agent_leaves_its_questions_for_the_next_one(
    gateway: FakeGateway,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {
        "CHAT_PORT": str(port),
        "GATEWAY_URL": gateway.url,
        "CONVERSATION_ID": "kiosk",
        "AGENT_ON_HANGUP": "cancel",
    }
    base = f"http://127.0.0.1:{port}"
    async with httpx2.AsyncClient(base_url=base, timeout=10) as http:
        first = _start(**settings)
        try:
            await _until_up(http, first)
            await http.post("/messages", json={"text": "Can I get a discount, says Otto?"})
            await gateway.until(lambda: gateway.held == 1)
            async with http.stream("GET", "/events"):  # a page that is still open
                began = time.monotonic()
                first.send_signal(signal.SIGTERM)
                _, log = await asyncio.to_thread(first.communicate, timeout=20)
            assert time.monotonic() - began < 3
            assert first.returncode == 0
            assert gateway.cancelled == []
            assert "Otto" not in log, "customers' words don't belong into the log"
            assert re.search(r'"event": "questions_left"', log)
        finally:
            first.kill()
        second = _start(**settings)
        try:
            await _until_up(http, second)
            await gateway.settle(gateway.asked[0], answer="Ten per cent")
            async with http.stream("GET", "/events") as events:
                async for line in events.aiter_lines():
                    if "Ten per cent" in line:
                        break
        finally:
            second.terminate()
            await asyncio.to_thread(second.communicate, timeout=20)


async def _until_up(http: httpx2.AsyncClient, process: subprocess.Popen[str]) -> None:
    while process.poll() is None:
        try:
            await http.get("/healthz")
        except httpx2.TransportError:
            await asyncio.sleep(0.1)
        else:
            return
    raise AssertionError(process.communicate())


def test_in_a_room_one_caller_hears_nothing_of_what_another_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ROOM_ID", "abcd-efgh")
    monkeypatch.setenv("VIDEOSDK_AUTH_TOKEN", "token")
    shared = load(AgentSettings)
    assert (shared.on_hangup, shared.resume) == (OnHangup.CANCEL, timedelta(minutes=15))
    monkeypatch.setenv("AGENT_ON_HANGUP", "leave")
    monkeypatch.setenv("AGENT_RESUME_MINUTES", "60")
    chosen = load(AgentSettings)
    assert (chosen.on_hangup, chosen.resume) == (OnHangup.LEAVE, timedelta(hours=1))
    monkeypatch.delenv("AGENT_ON_HANGUP")
    monkeypatch.setenv("CONVERSATION_ID", "of-one-customer")
    assert load(AgentSettings).on_hangup is OnHangup.ROUTE

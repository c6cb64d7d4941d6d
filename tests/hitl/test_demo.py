"""The demo: it plays its scene by itself, says what went wrong, and leaves nothing running."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx2
import pytest

from hitl.demo import leash
from hitl.demo.page import build_page
from hitl.demo.processes import Child, DemoError
from hitl.demo.stage import _only_one  # pyright: ignore[reportPrivateUsage]

ROOT = Path(leash.__file__).resolve().parents[2]


def _children_in(folder: Path) -> list[int]:
    """Find the processes that work in a folder; only where there is a /proc."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                where = (entry / "cwd").readlink()
            except OSError:
                continue
            if where.is_relative_to(folder) and int(entry.name) != os.getpid():
                found.append(int(entry.name))
    return found


def _child_that_runs(module: str, folder: Path) -> int:
    return next(
        pid
        for pid in _children_in(folder)
        if module.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    )


async def _gone(folder: Path) -> None:
    while _children_in(folder):
        await asyncio.sleep(0.05)


async def _demo(folder: Path, *arguments: str, **env: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hitl", "demo", "--folder", str(folder), *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=ROOT,
        env={**os.environ, **env},
    )


async def _words(process: asyncio.subprocess.Process) -> AsyncGenerator[str]:
    assert process.stdout is not None
    async for line in process.stdout:
        yield line.decode()


@pytest.mark.e2e
async def test_the_scene_plays_by_itself_and_leaves_nothing_running(tmp_path: Path) -> None:
    began = time.monotonic()
    async with asyncio.timeout(60):
        # What a developer's shell may hold must not reach the demo.
        process = await _demo(
            tmp_path, DISCORD_TOKEN="made-up", REDIS_URL="redis://127.0.0.1:1", GATEWAY_PORT="x"
        )
        said, _ = await process.communicate()
    text = said.decode()
    assert process.returncode == 0, text
    print(f"whole demo: {time.monotonic() - began:.1f} s")  # noqa: T201 (shown with -rP)
    speakers = re.findall(r"^ *[\d.]+ s {2}(\w+)", text, re.MULTILINE)
    assert speakers == [
        "agent",
        "customer",
        "agent",
        "desk",
        "customer",
        "agent",
        "operator",
        "agent",
    ]
    assert re.search(r"demo: answered in [\d.]+ s", text)
    assert _children_in(tmp_path) == []


@pytest.mark.e2e
async def test_the_page_is_served_until_it_is_told_to_stop(tmp_path: Path) -> None:
    async with asyncio.timeout(60):
        process = await _demo(tmp_path, "--page")
        text = ""
        async for line in _words(process):
            text += line
            if "Ctrl-C" in line:
                break
        address = re.search(r"http://127\.0\.0\.1:\d+/", text)
        assert address, text
        async with httpx2.AsyncClient() as client:
            page = await client.get(address[0])
        assert page.text.count("<iframe") == 2
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 130
    assert _children_in(tmp_path) == []


@pytest.mark.e2e
async def test_a_process_that_dies_is_reported_with_its_last_words(tmp_path: Path) -> None:
    async with asyncio.timeout(60):
        process = await _demo(tmp_path, "--page")
        text = ""
        async for line in _words(process):
            text += line
            if "Ctrl-C" in line:
                break
        os.kill(_child_that_runs("mcp_gateway", tmp_path), signal.SIGKILL)
        async for line in _words(process):
            text += line
        assert await process.wait() == 1
    assert "the gateway was killed by signal 9. Its last words:" in text
    assert str(tmp_path / "gateway.log") in text
    assert "What to do" in text
    assert _children_in(tmp_path) == []


@pytest.mark.e2e
async def test_when_the_demo_itself_is_killed_its_children_end_and_the_next_one_clears_up(
    tmp_path: Path,
) -> None:
    async with asyncio.timeout(90):
        process = await _demo(tmp_path, "--page")
        async for line in _words(process):
            if "Ctrl-C" in line:
                break
        process.kill()
        await process.wait()
        again = await _demo(tmp_path)
        said, _ = await again.communicate()
        assert again.returncode == 0, said.decode()
        await _gone(tmp_path)


def _a_child(folder: Path, module: str, code: str) -> Child:
    (folder / f"{module}.py").write_text(code)
    return Child(
        "stand-in",
        module,
        health_url="http://127.0.0.1:9/healthz",
        folder=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"},
    )


async def test_a_child_that_fails_at_its_start_is_told_from_one_that_is_slow(
    tmp_path: Path,
) -> None:
    child = _a_child(tmp_path, "failing", "import sys; print('no such key'); sys.exit(2)")
    async with asyncio.timeout(20):
        await child.start()
        with pytest.raises(DemoError, match=r"ended with code 2(.|\n)*no such key"):
            await child.healthy()


async def test_a_child_that_does_not_hear_sigterm_is_ended_by_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hitl.demo.processes.STOP_SECONDS", 0.2)
    child = _a_child(
        tmp_path,
        "stubborn",
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('deaf', flush=True); time.sleep(60)",
    )
    async with asyncio.timeout(20):
        await child.start()
        while "deaf" not in child.tail():
            await asyncio.sleep(0.01)
        await child.stop()
        with pytest.raises(DemoError, match="killed by signal 9"):
            await child.watch()


def test_two_demos_do_not_share_a_folder(tmp_path: Path) -> None:
    with _only_one(tmp_path), pytest.raises(DemoError, match="running in"), _only_one(tmp_path):
        pass
    with _only_one(tmp_path):
        pass


async def test_the_page_frames_the_two_sides_and_nothing_else() -> None:
    app = build_page(
        chat_url="http://127.0.0.1:1", desk_url="http://127.0.0.1:2", conversation="demo-1"
    )
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        page = await client.get("/")
        assert 'src="http://127.0.0.1:1/?c=demo-1"' in page.text
        assert 'src="http://127.0.0.1:2/"' in page.text
        policy = page.headers["content-security-policy"]
        assert "frame-src http://127.0.0.1:1 http://127.0.0.1:2;" in policy
        assert (await client.get("/", headers={"host": "evil.example"})).status_code == 400
        for address in re.findall(r'"(/static/[^"]+)"', page.text):
            assert (await client.get(address)).status_code == 200

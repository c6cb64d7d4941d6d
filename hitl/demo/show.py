"""`hitl demo`: sets the stage, then plays the scene or shows the page, and clears up."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import sys
import webbrowser
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from hitl.demo.page import build_page, served
from hitl.demo.processes import DemoError
from hitl.demo.scene import play
from hitl.demo.stage import Stage, set_stage
from shared.errors import ConfigurationError

SCENE_SECONDS: Final = 60.0
"""Everything together, from the start of Redis to the last word."""
_STOPPED: Final = 130
_VOICES: Final = {"customer": "cyan", "agent": "green", "desk": "yellow", "operator": "magenta"}


def main(folder: Path, *, port: int, scripted: bool) -> int:
    """Run the demo; return the exit code."""
    console = Console(soft_wrap=True, highlight=False)
    try:
        return asyncio.run(_until_stopped(_show(console, folder, port=port, scripted=scripted)))
    except (DemoError, ConfigurationError) as error:
        console.print(Text(f"demo: {error}", style="red"))
    except TimeoutError:
        console.print(Text(f"demo: not done after {SCENE_SECONDS:.0f} s; logs: {folder}"))
    return 1


async def _until_stopped(showing: Coroutine[Any, Any, int]) -> int:
    """Run until it returns, or until SIGINT or SIGTERM ends it in order."""
    task, stop = asyncio.ensure_future(showing), asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop.set)
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if task.done():
        return task.result()
    task.cancel()
    await asyncio.wait({task})
    return _STOPPED if task.cancelled() else task.result()


async def _show(console: Console, folder: Path, *, port: int, scripted: bool) -> int:
    if scripted:
        async with asyncio.timeout(SCENE_SECONDS), _everything(console, folder, port) as (stage, _):
            return await _play(console, stage)
    console.print("Starting Redis, gateway, worker and agent …")
    async with _everything(console, folder, port) as (stage, url):
        await _invite(console, url, folder)
        await stage.watch()
    return 0


@asynccontextmanager
async def _everything(
    console: Console, folder: Path, port: int
) -> AsyncGenerator[tuple[Stage, str]]:
    def ready(part: str, seconds: float) -> None:
        console.print(Text.assemble(("  ✓ ", "green"), f"{part:<8} {seconds:5.1f} s"))

    async with set_stage(folder, on_ready=ready) as stage:
        app = build_page(
            chat_url=stage.chat_url, desk_url=stage.desk_url, conversation=_conversation(folder)
        )
        async with served(app, port=port) as url:
            console.print(Text.assemble("\n  page  ", (url, "bold underline")))
            yield stage, url


def _conversation(folder: Path) -> str:
    """Read the page's conversation, or begin one.

    It stays the same from run to run: a question that was open when the demo was stopped is still
    on the desk, and its answer has a customer to reach.
    """
    note = folder / "conversation"
    if not note.exists():
        note.write_text(f"demo-{secrets.token_hex(8)}")
    return note.read_text().strip()


async def _play(console: Console, stage: Stage) -> int:
    def line(seconds: float, who: str, text: str) -> None:
        console.print(
            Text.assemble(
                (f"{seconds:6.2f} s  ", "dim"), (f"{who:<9} ", _VOICES.get(who, "")), text
            )
        )

    console.print()
    playing = asyncio.ensure_future(play(stage, on_line=line))
    watching = asyncio.ensure_future(stage.watch())
    try:
        await asyncio.wait({playing, watching}, return_when=asyncio.FIRST_COMPLETED)
        if not playing.done():
            watching.result()
        timing = playing.result()
    except DemoError:
        if not watching.done():
            for child in stage.children:
                console.print(Text(f"\n{child.name}'s last words:\n{child.tail()}", style="dim"))
        raise
    finally:
        for each in (playing, watching):
            each.cancel()
        await asyncio.gather(playing, watching, return_exceptions=True)
    console.print(
        f"\ndemo: the customer's other question was answered in {timing.meanwhile:.2f} s meanwhile"
    )
    console.print(
        f"demo: answered in {timing.answer:.2f} s (from the question's arrival at the desk until "
        "the agent told the customer)"
    )
    return 0


async def _invite(console: Console, url: str, folder: Path) -> None:
    console.print("  Left you are the customer: ask for a discount. Right you are the operator.")
    console.print(Text(f"  Logs: {folder}   Ctrl-C stops everything.\n", style="dim"))
    if sys.stdout.isatty() and _has_display():
        await asyncio.to_thread(webbrowser.open, url)


def _has_display() -> bool:
    """Whether a browser could show anything: on macOS always, elsewhere with X or Wayland."""
    if sys.platform == "darwin":
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))

"""Run a campaign by hand, or check the history of one: `python -m faults --help`."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from faults import campaign, history, plans, report


def main(
    seed: Annotated[int, typer.Option(help="What all dice are made of.")] = 7,
    seconds: Annotated[float, typer.Option(help="How long to disturb.")] = 90.0,
    plan: Annotated[str, typer.Option(help=f"One of {', '.join(plans.PLANS)}.")] = "everything",
    mutation: Annotated[str | None, typer.Option(help="Break a guarantee on purpose.")] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Where history and logs go (default: var/faults/…).")
    ] = None,
    check: Annotated[
        Path | None, typer.Option(help="Only check this history again; start nothing.")
    ] = None,
) -> None:
    """Disturb the whole system for a while and check what everybody saw."""
    console = Console(width=None if sys.stdout.isatty() else 120)
    if check is not None:
        kept = report.tell(history.read(check), console)
        raise typer.Exit(0 if kept else 1)
    chosen = plans.PLANS[plan] if plan != "everything" else plans.everything(seconds)
    folder = folder or Path("var", "faults", f"{time.strftime('%Y%m%d-%H%M%S')}-seed-{seed}")

    def say(line: str) -> None:
        console.print(line, highlight=False)

    events = asyncio.run(campaign.run(chosen, seed, folder.resolve(), mutation=mutation, tell=say))
    kept = report.tell(events, console)
    console.print(f"history and logs: {folder}", highlight=False)
    raise typer.Exit(0 if kept else 1)


if __name__ == "__main__":
    typer.run(main)

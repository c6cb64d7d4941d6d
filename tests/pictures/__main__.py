"""Takes the pictures of the documentation anew: `make pictures`, or with a folder to put them in.

Needs Chromium on the PATH. `--also` takes what the documentation does not show: narrow and dark.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from pictures.demo_pictures import take_demo
from pictures.desk_pictures import take_desk
from pictures.discord_pictures import take_discord

IMAGES = Path(__file__).parents[2] / "docs" / "images"


async def take(folder: Path, *, also: bool) -> None:
    """Take all of them."""
    with tempfile.TemporaryDirectory() as profile:
        await take_desk(folder, Path(profile) / "desk", also=also)
        await take_discord(folder, Path(profile) / "discord")
        await take_demo(folder, Path(profile) / "demo")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m pictures", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=IMAGES)
    parser.add_argument("--also", action="store_true")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(take(arguments.folder, also=arguments.also))


if __name__ == "__main__":
    main()

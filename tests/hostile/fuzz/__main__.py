"""Runs one target under atheris: `python -m hostile.fuzz TARGET SECONDS [FOLDER]`.

What was interesting is kept in FOLDER, and is where the next run begins. What broke is written to
`crash-…` beside it, and the exit code tells.
"""

from __future__ import annotations

import importlib
import logging
import sys
import tempfile
from pathlib import Path
from typing import Any

atheris: Any = importlib.import_module("atheris")  # a group of its own, and not on every platform

# Only what is imported within is watched: ours, and what of the SDK reads a request.
with atheris.instrument_imports(
    include=["mcp_gateway", "shared", "mcp.shared", "mcp.server.runner"]
):
    from hostile.doorway import Doorway
    from hostile.fuzz import seeds, targets

LENGTH_LIMIT = 4_096


def main() -> None:
    """Fuzz one target for so long."""
    name, seconds, *folders = sys.argv[1:]
    folder = Path(folders[0] if folders else tempfile.mkdtemp(prefix="fuzz-")) / name
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds.every()[name]):
        (folder / f"seed-{number}").write_bytes(seed)
    logging.disable()
    with Doorway().open() as doorway:
        atheris.Setup(
            [
                f"fuzz {name}",
                f"-max_total_time={int(seconds)}",
                f"-max_len={LENGTH_LIMIT}",
                f"-artifact_prefix={folder.parent}/{name}-",
                "-timeout=20",
                "-print_final_stats=1",
                "-verbosity=0",
                str(folder),
            ],
            targets.every(doorway)[name],
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()

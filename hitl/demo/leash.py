"""Runs a module as a child that ends with its parent: `python -m hitl.demo.leash MODULE`.

Standard input is the leash. The parent holds its other end and never writes; when the parent is
gone, however it went, the end of the input tells, and nothing is left running.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
import time
from typing import Final

GRACE_SECONDS: Final = 8.0
"""How long a module may take to end in order once the parent is gone."""


def _end_with_parent() -> None:
    # Read below Python's buffers: their lock would still be held when the interpreter ends.
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    # Everything else is ending too: a module that waits for another one to answer waits in vain.
    time.sleep(GRACE_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Run the module named by the first argument as if it had been started by itself."""
    module = sys.argv.pop(1)
    threading.Thread(target=_end_with_parent, daemon=True, name="leash").start()
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

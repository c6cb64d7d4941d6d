"""Start a process of the product with one guarantee broken: `python -m faults.mutant NAME MODULE`.

The product knows nothing of this: the mutation changes it from outside before it runs.
"""

from __future__ import annotations

import runpy
import sys

from faults.mutations import MUTATIONS


def main() -> None:
    """Break what is named, then run the module as if it had been started itself."""
    name, module = sys.argv[1:]
    MUTATIONS[name].apply(module)
    sys.argv = [module]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

"""The hash seed: texts hash the same at every run.

A set of texts walks in the order of their hashes, which Python draws anew for each run. The seed can only
be set from outside: so the interpreter is started again, with PYTHONHASHSEED, in the place of this one.
"""

from __future__ import annotations

import os
import sys
from typing import Final

VARIABLE: Final = "PYTHONHASHSEED"


def pin_hash_seed() -> None:
    """Start the interpreter again with PYTHONHASHSEED=0, unless hashes are fixed already.

    Arguments and flags stay as they were given (`python -X dev -m herd sim ...`), and so does everything else
    of the process. Call it first of all: what was done before is done twice.
    """
    if not sys.flags.hash_randomization or os.environ.get(VARIABLE, "random") != "random":
        return
    if sys.flags.ignore_environment or not sys.executable:
        raise RuntimeError(f"run without -E and -I, or with {VARIABLE}=0: the order of sets has to be fixed")
    sys.stdout.flush()
    sys.stderr.flush()
    environ = {**os.environ, VARIABLE: "0"}
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environ)  # noqa: S606 - it is this very program

"""Imported first by scripts that need herd: where it is not installed, they run again in `.venv`."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

VENV = Path(__file__).resolve().parent.parent / ".venv"

if find_spec("herd") is None:
    if not (VENV / "bin" / "python").exists() or Path(sys.prefix) == VENV:
        sys.exit("herd is not installed here: run scripts/setup first")
    os.execv(VENV / "bin" / "python", [str(VENV / "bin" / "python"), *sys.argv])  # noqa: S606 - it is this very script

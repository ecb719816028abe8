"""Imported first by the scripts beside it: finds what scripts share, which is a directory above, and herd."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import in_venv  # noqa: F401 - found by the line above

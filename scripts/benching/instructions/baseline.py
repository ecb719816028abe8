"""What messages cost when that was last looked at, for each minor version of Python: a JSON file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from benching.instructions.counting import Counts
from benching.machine import interpreter

from herd.core.errors import HerdError

FILE: Final = Path(__file__).resolve().parents[2] / "bench" / "instructions.json"

Counted = dict[str, Counts]
"""Column, such as "pure instructions" -> workload -> what a message costs."""


def version() -> str:
    """Return the minor version that runs this, the key of its entry."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def read(file: Path) -> dict[str, Any]:
    """Return this version's entry: `build` and `counts`, empty if there is none."""
    entry: dict[str, Any] = _read_all(file).get(version(), {"build": None, "counts": {}})
    return entry


def write(file: Path, counted: Counted) -> None:
    """Make what was counted this version's entry; other columns stay, if the build is the same."""
    entries = _read_all(file)
    before = entries.get(version(), {})
    kept = before["counts"] if before.get("build") == interpreter() else {}
    entries[version()] = {"build": interpreter(), "counts": {**kept, **counted}}
    file.write_text(json.dumps(entries, indent=2, sort_keys=True) + "\n", "utf-8")


def _read_all(file: Path) -> dict[str, Any]:
    try:
        entries: dict[str, Any] = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise HerdError(f"{file} is no JSON: {error}; restore it, or make it anew with --update") from None
    return entries

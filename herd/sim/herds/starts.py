"""What a server reads at its start, read once: the same file comes to the same configuration.

A seed starts five servers and restarts some, all with the configuration of all other seeds, and reading it is
half of a start. It is a pure function of the text and of where the file stands, and its result is frozen. So
its results are kept here, and servers get what they would have made.
"""

from __future__ import annotations

from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Final

from herd.config import load

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST: Final = 2_000
"""Readings that are kept: for a thousand servers with a file each, one of each, and as many that are old."""


def remember_readings() -> None:
    """Have configurations that were read before not be read again."""
    read = load.read_text
    if hasattr(read, "__wrapped__"):
        return
    readings: dict[tuple[object, ...], load.Reading] = {}

    @wraps(read)
    def read_text(text: str, source: str, base: Path | None, environ: Mapping[str, str]) -> load.Reading:
        key = (text, source, base, Path.cwd(), *sorted(environ.items()))
        reading = readings.get(key)
        if reading is None:
            if len(readings) >= _MOST:
                readings.clear()
            reading = readings[key] = read(text, source, base, environ)
        return reading

    load.read_text = read_text

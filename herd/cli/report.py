"""How `herd up` tells what happens: to a terminal, to a pipe or file, or to a program.

Each happening has a word (`event`), a text for a person, and facts for a program.
"""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING, Any, Protocol, TextIO

if TYPE_CHECKING:
    from rich.console import RenderableType


class Report(Protocol):
    """Where happenings go."""

    wants_table: bool
    """Whether `show` puts anything anywhere."""

    def say(self, event: str, text: str, **facts: Any) -> None:
        """Tell one happening; `text` may have several lines."""

    def show(self, table: RenderableType) -> None:
        """Replace the table, where there is one."""

    def close(self) -> None:
        """Leave the terminal as it was."""


class LinesReport:
    """A line for each happening, written at once."""

    wants_table = False

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def say(self, event: str, text: str, **facts: Any) -> None:
        """Write the text."""
        del event, facts
        self._write(text)

    def _write(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()

    def show(self, table: RenderableType) -> None:
        """Show nothing: what changed was said."""

    def close(self) -> None:
        """Nothing to restore."""


class JsonReport(LinesReport):
    """An object for each happening: `event`, `text`, and its facts."""

    def say(self, event: str, text: str, **facts: Any) -> None:
        """Write one line of JSON."""
        self._write(json.dumps({"event": event, "text": text, **facts}))


class ScreenReport:
    """Happenings scroll by above a table that is always the newest."""

    wants_table = True

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._live = Live(console=Console(), auto_refresh=False, transient=True)
        self._live.start()

    def say(self, event: str, text: str, **facts: Any) -> None:
        """Print the text above the table."""
        del facts
        from rich.text import Text

        style = {"up": "green", "back": "green", "links-up": "green", "died": "red", "failed": "red"}
        self._live.console.print(Text(text, style.get(event, "")), soft_wrap=True)

    def show(self, table: RenderableType) -> None:
        """Put a new table in place of the old."""
        self._live.update(table, refresh=True)

    def close(self) -> None:
        """Take the table away."""
        self._live.stop()


def report_for(*, as_json: bool) -> Report:
    """Return what fits standard output."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal may lack a place's letters
    if as_json:
        return JsonReport(sys.stdout)
    return ScreenReport() if sys.stdout.isatty() else LinesReport(sys.stdout)

"""How long work shows itself: a bar on a terminal, a plain line now and then elsewhere; on standard error."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from herd.places.tree import Progress

_LINES: Final = 5
"""Plain lines for work whose size is known: enough to see it move, too few to fill a log."""

_EVERY: Final = 100_000
"""Things between two plain lines where the size is not known."""


@contextmanager
def progress(label: str) -> Iterator[Progress]:
    """Give a function to be told (done, total) as work goes on; total is None where it is not known."""
    if not sys.stderr.isatty():
        yield _plain(label)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(label, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def _plain(label: str) -> Progress:
    next_at = 0

    def tell(done: int, total: int | None) -> None:
        nonlocal next_at
        if done < next_at:
            return
        next_at = done + (max(1, total // _LINES) if total else _EVERY)
        click.echo(f"{label}: {done:,}" + (f" of {total:,}" if total else ""), err=True)

    return tell

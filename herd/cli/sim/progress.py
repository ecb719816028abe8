"""How a simulation shows that it moves: a bar on a terminal, a plain line now and then elsewhere.

It draws from the calling thread alone: a process that forks had better have no other.
"""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Show = Callable[[float, float | None, str], None]
    """Takes how much is done, of how much (None: not known), and a few words."""

_DRAW_EVERY_S: Final = 0.1
_SAY_EVERY_S: Final = 10.0


@contextmanager
def showing(label: str, unit: str = "") -> Iterator[Show]:
    """Give a function that shows how far work is, on standard error."""
    if not sys.stderr.isatty():
        yield _plain(label, unit)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[amount]}"),
        TextColumn("{task.fields[words]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as bar:
        task = bar.add_task(label, total=None, amount="", words="")
        next_s = 0.0

        def show(done: float, total: float | None, words: str) -> None:
            nonlocal next_s
            now_s = time.monotonic()
            if now_s >= next_s:
                next_s = now_s + _DRAW_EVERY_S
                bar.update(task, completed=done, total=total, amount=_amount(done, total, unit), words=words)
                bar.refresh()

        yield show


def _plain(label: str, unit: str) -> Show:
    next_s = time.monotonic() + _SAY_EVERY_S

    def show(done: float, total: float | None, words: str) -> None:
        nonlocal next_s
        now_s = time.monotonic()
        if now_s >= next_s:
            next_s = now_s + _SAY_EVERY_S
            click.echo(f"{label}: {_amount(done, total, unit)}  {words}".rstrip(), err=True)

    return show


def _amount(done: float, total: float | None, unit: str) -> str:
    return f"{done:,.0f}" + (f"/{total:,.0f}" if total is not None else "") + unit

"""`herd sim trace`: a history to be read, or looked at."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from herd.cli.options import example
from herd.cli.sim.common import file_errors

if TYPE_CHECKING:
    from collections.abc import Callable

    from herd.sim.engine.tracefile import TraceFile
    from herd.sim.pictures import Window

    Writer = Callable[[TraceFile, TextIO, Window], None]

FORMS = {
    "text": "One line for each event. This is what you get if you ask for nothing.",
    "json": "One JSON object for each event.",
    "shiviz": "For ShiViz (https://bestchai.bitbucket.io/shiviz/), which draws causal histories.",
    "svg": "A space-time diagram: hosts side by side, an arrow for each message; for a browser.",
}


def _form_options(command: Callable[..., None]) -> Callable[..., None]:
    for form, text in reversed(FORMS.items()):
        command = click.option(f"--{form}", form, is_flag=True, help=text)(command)
    return command


@example(
    "herd sim trace failure.trace --from 12 --to 14.5",
    "herd sim trace failure.trace --host Alford --host Ball",
    "herd sim trace failure.trace --svg --from 12 --to 13 --out failure.svg",
)
@click.command()
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_form_options
@click.option(
    "--out", metavar="FILE", type=click.Path(path_type=Path), help="Write there, not to standard output."
)
@click.option(
    "--from", "from_s", metavar="SECONDS", type=float, default=0.0, help="Begin at this virtual time."
)
@click.option("--to", "to_s", metavar="SECONDS", type=float, help="End at this virtual time.")
@click.option("--host", "hosts", metavar="NAME", multiple=True, help="Only this host; may be repeated.")
def trace(
    *,
    file: Path,
    out: Path | None,
    from_s: float,
    to_s: float | None,
    hosts: tuple[str, ...],
    **forms: bool,
) -> None:
    """Show a history that was recorded.

    FILE is what `herd sim run --trace FILE` wrote. In text and JSON each event has its virtual time, its
    host, what happened, and an excerpt of the bytes.
    """
    form, *more = [name for name, is_asked in forms.items() if is_asked] or ["text"]
    if more:
        raise click.UsageError(f"--{form} or --{more[0]}? Ask for one of them")
    from herd.sim.engine.tracefile import TraceError, read_trace
    from herd.sim.pictures import PictureError, Window

    try:
        with ExitStack() as stack:
            history = read_trace(file)
            window = Window(from_s, to_s, hosts)
            window.check(history)
            stack.enter_context(file_errors(out))
            stream = sys.stdout if out is None else stack.enter_context(out.open("w", encoding="utf-8"))
            _writer(form)(history, stream, window)
            if out is None:
                stream.flush()
    except (TraceError, PictureError) as error:
        raise click.UsageError(str(error)) from error


def _writer(form: str) -> Writer:
    from herd.sim import pictures

    writers: dict[str, Writer] = {
        "text": pictures.write_text,
        "json": pictures.write_jsonlines,
        "shiviz": pictures.write_shiviz,
        "svg": pictures.write_svg,
    }
    return writers[form]

"""`herd up`: a whole herd in the foreground, one process a server, started again when one dies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from herd.cli.options import ServerName, chosen, config_option, example, json_option, load
from herd.core.errors import HerdError

if TYPE_CHECKING:
    from pathlib import Path


@example("herd up", "herd up --config herd.toml --only Alford --only Welsh", "herd up --session --once")
@click.command()
@config_option
@click.option(
    "--only", metavar="NAME", type=ServerName(), multiple=True, help="This server; may be repeated."
)
@click.option("--session", is_flag=True, help="When all is up, hold a short session and show it.")
@click.option("--once", is_flag=True, help="With --session: stop after it; exit 0 if all answers were right.")
@json_option
def up(*, config_file: Path | None, only: tuple[str, ...], session: bool, once: bool, as_json: bool) -> None:
    """Run the herd's servers, each in its own process, until Ctrl-C.

    Each is `twistd --nodaemon herd --name NAME`. One that dies is started again. On a terminal a table shows
    how all of them stand; into a pipe or file goes one line for each thing that happens. Ctrl-C stops the
    servers in order, a second one kills them; no process stays behind, even if this command is itself killed.

    Exit status: 0 when stopped by Ctrl-C or a TERM signal; 1 if a server cannot start.

    \b
    With --json, one object a line for each thing that happens:
      event   starting, up, links-up, missing, died, back, failed,
              exchange, asked-again, right, wrong, stopping, stopped
      text    the same in words
      server, servers, pid, clients, cause, lines, missing, line,
      answer, times, problem
              facts, where they apply
    """  # noqa: D301  # click's mark for lines that stay as they are
    if once and not session:
        raise click.UsageError("--once says when to stop: after --session")
    config = load(config_file)
    names = chosen(config, only)
    from herd.cli.ports import ports_in_trouble, words

    troubles = ports_in_trouble(config, names)
    if troubles:
        raise HerdError(words(troubles))
    from herd.cli.index import ensure_index

    ensure_index(config)
    from herd.cli.report import report_for
    from herd.cli.supervise import Plan, supervise

    plan = Plan(config=config, config_file=config_file, names=names, session=session, once=once)
    raise click.exceptions.Exit(supervise(plan, report_for(as_json=as_json)))

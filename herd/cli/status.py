"""`herd status`: asks every server of a configuration how it stands."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any, Final

import click

from herd.cli.options import config_option, example, json_option, load

if TYPE_CHECKING:
    from pathlib import Path

    from herd.cli.control import Standing
    from herd.config.model import Config

WATCH_S: Final = 1.0
"""Between two looks of `--watch`: as fast as a person reads."""

PIPE_COLUMNS: Final = 160


@example("herd status", "herd status --json | jq '.servers[] | {name, records}'", "herd status --exit-code")
@click.command()
@config_option
@json_option
@click.option("--exit-code", is_flag=True, help="Exit 1 if any server or link is down.")
@click.option("--watch", is_flag=True, help="Look again every second, until Ctrl-C.")
def status(*, config_file: Path | None, as_json: bool, exit_code: bool, watch: bool) -> None:
    """Show which servers are up, their links, and how many clients they hold.

    Servers are asked through their control sockets: those on this machine, started by this user.

    Exit status: 0 if the question could be asked, whatever the answer; with --exit-code 1 unless everything
    is up.

    \b
    With --json, one object:
      herd     the herd's name
      config   where the configuration comes from
      up       true if every server is up, and every link
      servers  a list, in the order of the configuration, of objects:
        name, up                        always
        error                           if it is down: why
        pid, version, core ("compiled" or "pure"), uptime_s, clients, links, log, records,
        refused_records, connections, provider, durability, answers_waiting,
        journal, neighbors              if it is up; neighbors is a list of
          name, state ("up", "connecting" or "down"), for_s, outbox, sent,
          acknowledged, received, in_sync, behind_s, error (null, or why it
          is not up)
    Fields may be added to it, none is ever taken away.
    """  # noqa: D301  # click's mark for lines that stay as they are
    if watch and as_json:
        raise click.UsageError("--watch is for people, --json for programs: choose one")
    config = load(config_file)
    if watch:
        _watch(config)
        return
    from herd.cli.control import standings

    found = standings(config, config.names)
    if as_json:
        click.echo(json.dumps(as_object(config, found), indent=2))
    else:
        _print_table(config, found)
    if exit_code and not is_up(config, found):
        raise click.exceptions.Exit(1)


def is_up(config: Config, found: tuple[Standing, ...]) -> bool:
    """Tell whether every server is up, and every link of them at both ends."""
    from herd.cli.links import links_among, links_down

    by_name = {each.name: each for each in found}
    all_up = all(each.status is not None for each in found)
    return all_up and not links_down(links_among(config, config.names), by_name)


def as_object(config: Config, found: tuple[Standing, ...]) -> dict[str, Any]:
    """Return what `--json` prints."""
    servers = [
        {"name": each.name, "up": False, "error": each.error}
        if each.status is None
        else {**each.status, "name": each.name, "up": True}
        for each in found
    ]
    return {"herd": config.name, "config": config.source, "up": is_up(config, found), "servers": servers}


def _print_table(config: Config, found: tuple[Standing, ...]) -> None:
    from rich.console import Console

    from herd.cli.table import herd_table

    # A file or a pipe has no width: what is read there with grep should not be broken into 80 columns.
    console = Console(width=None if sys.stdout.isatty() else PIPE_COLUMNS)
    console.print(herd_table(config, found))


def _watch(config: Config) -> None:
    from rich.console import Console
    from rich.live import Live

    from herd.cli.control import standings
    from herd.cli.table import herd_table

    try:
        with Live(console=Console(), auto_refresh=False) as live:
            while True:
                live.update(herd_table(config, standings(config, config.names)), refresh=True)
                time.sleep(WATCH_S)
    except KeyboardInterrupt:
        return

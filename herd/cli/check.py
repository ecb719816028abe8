"""`herd check`: everything that is wrong with a configuration, or the herd that it describes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from herd.cli import clock
from herd.cli.options import example, json_option

if TYPE_CHECKING:
    from herd.config.load import Reading


@example("herd check", "herd check herd.toml", "herd check --json herd.toml | jq '.problems[].message'")
@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@json_option
@click.pass_context
def check(ctx: click.Context, *, file: Path | None, as_json: bool) -> None:
    """Tell all that is wrong with a configuration; if nothing is, draw the herd that it describes.

    FILE is a configuration; without it, the packaged one. In the drawing each link is a bracket between the
    lines of its two servers. Nothing is started, and no port is opened; but where an endpoint is tls:, the
    certificates that servers on this machine would use are read too.

    Exit status: 0 if a herd could be started from it, warnings or not; 1 if it has errors.

    \b
    With --json, one object:
      source    the file
      ok        true if it has no errors
      problems  a list, in the order of the file, of objects with severity
                ("error" or "warning"), path, line, column and message
      herd      the configuration with all defaults; null if it has errors
      topology  links, parts, diameter, longest_path, cut_servers and
                cut_links, the servers and links whose loss parts others;
                null if it has errors
    Fields may be added to it, none is ever taken away.
    """  # noqa: D301  # click's mark for lines that stay as they are
    from herd.config.load import read_config
    from herd.config.report import as_json as config_json
    from herd.config.report import describe, problem_json, topology_json

    reading = _with_certificates_checked(_with_provider_checked(read_config(file)))
    config = reading.config
    if as_json:
        told = {
            "source": reading.source,
            "ok": config is not None,
            "problems": [problem_json(problem) for problem in reading.problems],
            "herd": config and config_json(config),
            "topology": config and topology_json(config),
        }
        click.echo(json.dumps(told, indent=2, ensure_ascii=False, default=str))
    else:
        for problem in (*reading.errors, *reading.warnings):
            click.echo(str(problem))
        if config is not None:
            click.echo("\n".join(["", *describe(config)] if reading.problems else describe(config)))
    if config is None:
        ctx.exit(1)


def _with_certificates_checked(reading: Reading) -> Reading:
    """Return a reading with what is wrong with the certificates that it needs, if it is right by itself."""
    from herd.config.trust import speaks_tls

    if reading.config is None or not speaks_tls(reading.config):
        return reading
    from herd.cli.certificate_check import check_certificates

    return reading.plus(check_certificates(reading.config, clock.now()))


def _with_provider_checked(reading: Reading) -> Reading:
    """Return a reading with what the places provider has against its options."""
    from herd.config.problem import Problem
    from herd.places.finder import check_provider

    places = reading.places
    problems = []
    for line in check_provider(places.provider, places.options):
        option, _, rest = line.partition(": ")
        if option in places.options:
            problems.append(Problem(path=("places", places.provider, option), message=rest))
        else:
            problems.append(Problem(path=("places", "provider"), message=line))
    return reading.plus(problems)

"""`herd config`: a configuration to start from, one made from a prototype, and one with all its defaults."""

from __future__ import annotations

import json
from pathlib import Path

import click

from herd.cli.options import example, json_option
from herd.core.errors import HerdError


@example(
    "herd config default > herd.toml", "herd config import conf.py -o herd.toml", "herd config show herd.toml"
)
@click.group()
def config() -> None:
    """Write configurations, and show what one comes to."""


@example("herd config default > herd.toml")
@config.command()
def default() -> None:
    """Print the packaged configuration, the five servers of the specification, to start from."""
    from herd.config.load import packaged_text

    click.echo(packaged_text(), nl=False)


@example("herd config show", "herd config show herd.toml", "herd config show --json herd.toml | jq .limits")
@config.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@json_option
def show(*, file: Path | None, as_json: bool) -> None:
    """Print a configuration with everything that it leaves to defaults, and the reason of each.

    FILE is a configuration; without it, the packaged one. What is printed is a configuration again.

    With --json, one object: name, source, state, durability, servers, links, tls, places, logging, limits.
    """
    from herd.config.dump import dump_config
    from herd.config.load import load_config
    from herd.config.report import as_json as config_json

    found = load_config(file)
    if as_json:
        click.echo(json.dumps(config_json(found), indent=2, ensure_ascii=False, default=str))
    else:
        click.echo(
            dump_config(found, heading=[f"{found.source}, with all defaults"], with_defaults=True), nl=False
        )


@example("herd config import conf.py -o herd.toml", "herd config import conf.py server.py --name fall-2016")
@config.command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write there, not to standard output.",
)
@click.option("--name", default="herd", show_default=True, help="The herd's name.")
def import_(*, files: tuple[Path, ...], output: Path | None, name: str) -> None:
    """Make a configuration from a prototype's Python FILEs, which are read and never run.

    It finds the dictionaries from names of servers to ports, to neighbors and to hosts, whatever they are
    called, in files of Python 3 or 2. Links get the clients' port plus 100. All that was left out, added or
    not understood is told on standard error, with its line, and stands in the new file too.
    """
    from herd.config.dump import dump_config
    from herd.config.names import name_problem
    from herd.config.prototype import import_prototype

    wrong = name_problem(name)
    if wrong:
        raise click.UsageError(f"--name: {wrong}")
    found, notes = import_prototype([(str(file), _text_of(file)) for file in files], name)
    heading = [f"Imported from {found.source}."]
    heading += ["", "What the import left out, added or did not understand:", *notes] if notes else []
    text = dump_config(found, heading=heading, with_state=False)
    for note in notes:
        click.echo(note, err=True)
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        with output.open("x", encoding="utf-8") as new:
            new.write(text)
    except FileExistsError:
        raise HerdError(f"{output} is there already: choose another name, or remove it") from None
    except OSError as error:
        raise HerdError(f"{output} cannot be written: {error.strerror or error}") from None
    click.echo(f"{output} is written; `herd check {output}` shows it", err=True)


def _text_of(file: Path) -> str:
    """Return a Python file's text; bytes that are no UTF-8, in old comments, do not matter."""
    from herd.config.load import MAX_FILE_BYTES

    try:
        with file.open(encoding="utf-8-sig", errors="replace") as opened:
            text = opened.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise HerdError(f"{file} cannot be read: {error.strerror or error}") from None
    if len(text) > MAX_FILE_BYTES:
        raise HerdError(
            f"{file} is larger than {MAX_FILE_BYTES} characters: that is no prototype's configuration"
        )
    return text

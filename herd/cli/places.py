"""`herd places`: makes what answers are taken from, and shows what a server would answer."""

from __future__ import annotations

import json
import os
import re
import tomllib
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from herd.cli.options import config_option, example, json_option, load
from herd.core.errors import HerdError
from herd.core.position import Position, parse_position

if TYPE_CHECKING:
    from collections.abc import Mapping

    from herd.config.model import Config
    from herd.places.interfaces import Answer, Question


@example("herd places near +34.068930-118.445127 10 5", "herd places import helsinki.osm.pbf")
@click.group()
def places() -> None:
    """Places that WHATSAT finds: what a position is near to."""


@example("herd places build", "HERD_CACHE=/var/cache/herd herd places build")
@places.command()
@json_option
def build(*, as_json: bool) -> None:
    """Build the index of the places that come with herd.

    Some seconds and 30 MB, once for each user and version; `herd up` does it by itself. The index is in
    $HERD_CACHE, else $XDG_CACHE_HOME/herd, else ~/.cache/herd. Where it is there already nothing happens.

    \b
    With --json, one object:
      path     the index
      built    whether this command built it
      warning  what should be known, or empty
    """  # noqa: D301  # click's mark for lines that stay as they are
    from herd.cli.progress import progress
    from herd.places.index import build_index

    with progress("Building the index of places") as tell:
        index = build_index(os.environ, tell)
    if as_json:
        told = {"path": str(index.path), "built": index.built, "warning": index.warning}
        click.echo(json.dumps(told))
        return
    if index.warning:
        click.echo(f"herd: {index.warning}", err=True)
    click.echo(f"{'built' if index.built else 'there already'}: {index.path}")


@example(
    "herd places import helsinki.osm.pbf",
    "herd places import ucla.osm --to /var/lib/herd/ucla.sqlite",
)
@places.command("import")
@click.argument("source", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--to",
    "target",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where the places go. Without it: osm.sqlite in the cache directory, where the provider looks.",
)
@json_option
def import_osm(*, source: Path, target: Path | None, as_json: bool) -> None:
    """Read an OpenStreetMap extract for the provider `osm`.

    FILE is an extract such as a region's .osm.pbf. Its named points and areas are written into a file that
    answers by itself; the extract is not needed any more. Reading it needs osmium: pip install 'herd[osm]'.

    \b
    With --json, one object:
      path    the file of places
      places  how many it holds
    """  # noqa: D301  # click's mark for lines that stay as they are
    from herd.cli.progress import progress
    from herd.places.osm import default_file
    from herd.places.osm_import import import_osm as read

    path = target or default_file(os.environ)
    with progress(f"Reading {source.name}") as tell:
        count = read(source, path, tell)
    if as_json:
        click.echo(json.dumps({"path": str(path), "places": count}))
        return
    click.echo(f"{count:,} places: {path}")
    option = "" if target is None else f' and [places.osm] file = "{path.absolute()}"'
    click.echo(f'To use them: [places] provider = "osm"{option} in the configuration.')


class _PositionType(click.ParamType[Position]):
    """ISO 6709, as in an IAMAT."""

    name = "position"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Position:
        try:
            return parse_position(str(value).encode())
        except ValueError:
            return self.fail(
                f"{value!r} is no position: a sign on both numbers, such as +34.07-118.45", param, ctx
            )


@example(
    "herd places near +34.068930-118.445127 10 5",
    "herd places near +60.17+24.94 1 --provider osm",
    "HERD_GOOGLE_KEY=... herd places near +34.07-118.45 2 --provider google --json",
)
# A southern position begins with a minus, and is no option.
@places.command(context_settings={"ignore_unknown_options": True})
@click.argument("position", type=_PositionType())
@click.argument("radius_km", metavar="RADIUS", type=click.FloatRange(0, 50))
@click.argument("bound", type=click.IntRange(0, 20), default=20)
@config_option
@click.option("--provider", metavar="NAME", help="Ask this provider, not the configured one.")
@click.option(
    "--option",
    "given",
    metavar="NAME=VALUE",
    multiple=True,
    help="An option of the provider, over what is configured; may be repeated.",
)
@json_option
def near(  # noqa: PLR0913  # one parameter for each word of the command line
    *,
    position: Position,
    radius_km: float,
    bound: int,
    config_file: Path | None,
    provider: str | None,
    given: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show at most BOUND places (20) within RADIUS kilometers (0 to 50) of POSITION, nearest first.

    They are asked for just as a server does for a WHATSAT.

    Exit status: 0 for an answer, even an empty one; 1 if the provider refuses or fails.

    With --json, the very text that a client gets: html_attributions, results, status, and error_message.
    """
    from herd.cli.index import ensure_index
    from herd.places.interfaces import Question

    config = _with_provider(load(config_file), provider, _options(given))
    ensure_index(config)
    text = _ask(config, Question(position, radius_km, bound))
    _tell(text, position, as_json=as_json)


def _tell(text: bytes, center: Position, *, as_json: bool) -> None:
    """Print an answer as it was asked for; one that is a refusal or a failure ends in exit status 1."""
    answer: Answer = json.loads(text)
    is_good = answer["status"] in {"OK", "ZERO_RESULTS"}
    if as_json:
        click.echo(text)
        raise click.exceptions.Exit(0 if is_good else 1)
    if not is_good:
        raise HerdError(f"{answer['status']}: {answer.get('error_message', 'no reason was given')}")
    _show(answer, center)


def _with_provider(config: Config, provider: str | None, options: Mapping[str, Any]) -> Config:
    """Return the configuration with another provider, whose own table is not known then, and more options."""
    from attrs import evolve

    configured = config.places
    if provider is not None and provider != configured.provider:
        configured = evolve(configured, provider=provider, options={})
    return evolve(config, places=evolve(configured, options={**configured.options, **options}))


def _options(given: tuple[str, ...]) -> dict[str, Any]:
    """Read NAME=VALUE; a value is what TOML makes of it, and else a text."""
    options: dict[str, Any] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals:
            raise click.UsageError(f"--option takes NAME=VALUE, not {name!r}")
        try:
            options[name] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            options[name] = value
    return options


def _ask(config: Config, question: Question) -> bytes:
    """Run a reactor until the answer is there."""
    import random

    from twisted.internet import task

    from herd.places.finder import open_finder
    from herd.places.interfaces import Surroundings

    outcome: list[bytes | HerdError] = []

    async def ask(reactor: Any) -> None:
        surroundings = Surroundings(reactor=reactor, random=random.SystemRandom(), environ=os.environ)
        places_config, timeout_s = config.places, config.limits.places_timeout_s
        try:
            finder = open_finder(places_config.provider, places_config.options, surroundings, timeout_s)
            outcome.append(await finder.find(question))
            await finder.close()
        except HerdError as error:
            outcome.append(error)

    try:
        task.react(ask)
    except SystemExit as end:
        if end.code:
            raise
    if isinstance(outcome[0], HerdError):
        raise outcome[0]
    return outcome[0]


def _show(answer: Answer, center: Position) -> None:
    """Print a table, and whom to thank for it."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from herd.places.geometry import distance_from

    if not answer["results"]:
        click.echo("no places there")
        return
    distance_km = distance_from(center)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("km", justify="right")
    for heading in ("name", "what", "where", "id"):
        table.add_column(heading)
    for each in answer["results"]:
        at = each["geometry"]["location"]
        words = (each["name"], ", ".join(each.get("types", [])), each.get("vicinity", ""), each["place_id"])
        # As text, not markup: a name may have brackets in it.
        table.add_row(f"{distance_km(at['lat'], at['lng']):.2f}", *(Text(word) for word in words))
    console = Console()
    console.print(table)
    for credit in answer["html_attributions"]:
        console.print(Text(unescape(re.sub("<[^>]*>", "", credit)), "dim"))

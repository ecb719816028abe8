"""`herd ca`: make an authority, issue and renew the certificates of servers, and show when they expire."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from herd.cli import clock
from herd.cli.options import ServerName, config_option, example, json_option, load

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from herd.cli.authority import Authority
    from herd.cli.certificate import Certificate

_AUTHORITY_DAYS: Final = 3650
_SERVER_DAYS: Final = 365

_directory_option: Final = click.option(
    "--directory",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the PEM files are. Without it: [tls] directory of the --config FILE, or `tls` here.",
)
_force_option: Final = click.option("--force", is_flag=True, help="Overwrite what is there.")


def _days_option(default: int, help_text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    days = click.IntRange(1, 36_500)
    return click.option("--days", type=days, default=default, show_default=True, help=help_text)


_server_days_option: Final = _days_option(
    _SERVER_DAYS, "How long they are valid, but never longer than the authority's."
)


def _authority(directory: Path | None, config_file: Path | None, now: datetime) -> Authority:
    from herd.cli.authority import Authority

    if directory is None:
        directory = Path("tls") if config_file is None else load(config_file).tls.directory
    return Authority(directory, now)


@example(
    "herd ca init",
    "herd ca issue Alford Ball Hamilton Holiday Welsh",
    "herd ca show",
    "herd ca renew --config herd.toml",
)
@click.group()
def ca() -> None:
    """Certificates for `tls:` links and clients: the herd's own authority.

    The files stand in one directory: ca.pem and ca.key, and NAME.pem and NAME.key for each server. Servers
    look for it where `[tls] directory` of the configuration says, by default in `tls` beside the
    configuration. So where that file is, these commands need no --directory; from elsewhere, --config FILE
    leads to it.

    A server needs ca.pem and its own two files, and clients of its `tls:` port ca.pem. ca.key signs new
    certificates: keep it on the machine where you issue. `herd check` tells what is missing or expires.
    """


@example(
    "herd ca init", "herd ca init --config herd.toml", "herd ca init --directory /etc/herd/tls --days 730"
)
@ca.command()
@_directory_option
@config_option
@_days_option(_AUTHORITY_DAYS, "How long it is valid.")
@_force_option
def init(directory: Path | None, config_file: Path | None, days: int, *, force: bool) -> None:
    """Make the authority: ca.pem and ca.key.

    With --force, a new one takes its place, and all servers' certificates must be renewed.
    """
    now = clock.now()
    authority = _authority(directory, config_file, now)
    _say_made([authority.init(load(config_file).name, days, force=force)], now)
    stale = authority.names()
    if stale:
        click.echo(f"`herd ca renew` must follow, as the old authority signed {', '.join(stale)}", err=True)


@example(
    "herd ca issue Alford Ball",
    "herd ca issue Alford --host alford.example.org --host 192.0.2.7",
    "herd ca issue Alford --config herd.toml --days 90 --force",
)
@ca.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True, type=ServerName())
@click.option("--host", "hosts", multiple=True, help="A further name or address that clients know it by.")
@_directory_option
@config_option
@_server_days_option
@_force_option
def issue(  # noqa: PLR0913 -- one parameter for each word of the command line
    names: tuple[str, ...],
    hosts: tuple[str, ...],
    directory: Path | None,
    config_file: Path | None,
    days: int,
    *,
    force: bool,
) -> None:
    """Make keys and certificates of servers: NAME.pem and NAME.key."""
    now = clock.now()
    _say_made(_authority(directory, config_file, now).issue(names, hosts, days, force=force), now)


@example("herd ca renew", "herd ca renew Alford --days 90")
@ca.command()
@click.argument("names", metavar="[NAME...]", nargs=-1, type=ServerName())
@_directory_option
@config_option
@_server_days_option
def renew(names: tuple[str, ...], directory: Path | None, config_file: Path | None, days: int) -> None:
    """Replace certificates, all or those named, by new ones with the same names.

    Running servers use them for connections made from then on.
    """
    now = clock.now()
    authority = _authority(directory, config_file, now)
    _say_made(authority.renew(names or authority.names(), days), now)


@example("herd ca show", "herd ca show --json | jq '.[] | select(.expiry != \"valid\")'")
@ca.command()
@_directory_option
@config_option
@json_option
def show(directory: Path | None, config_file: Path | None, *, as_json: bool) -> None:
    """Show whose certificates there are, and when they expire.

    SOON marks those that expire within 30 days.

    \b
    With --json, a list of objects, the authority first, with name, file,
    names (and addresses that it carries), begins, expires, days_left and
    expiry ("valid", "soon" or "expired").
    """  # noqa: D301  # click's mark for lines that stay as they are
    from herd.config.names import AUTHORITY

    now = clock.now()
    authority = _authority(directory, config_file, now)
    found = [authority.read(name) for name in (AUTHORITY, *authority.names())]
    if as_json:
        click.echo(json.dumps([_as_json(each, now) for each in found], indent=2))
        return
    width = max(len(each.name) for each in found)
    for each in found:
        click.echo(f"{each.name:{width}}  {_expiry_text(each, now)}  {', '.join(each.names)}".rstrip())


def _expiry_text(certificate: Certificate, now: datetime) -> str:
    """Return when a certificate expires, and how soon that is."""
    expiry = certificate.expiry(now)
    day = f"{certificate.expires:%Y-%m-%d}"
    if expiry == "expired":
        return f"EXPIRED {day}"
    days = certificate.days_left(now)
    in_days = f"in {days} day{'' if days == 1 else 's'}"
    return f"expires {day}, {in_days}{' SOON' if expiry == 'soon' else ''}"


def _as_json(certificate: Certificate, now: datetime) -> dict[str, Any]:
    return {
        "name": certificate.name,
        "file": str(certificate.path),
        "names": list(certificate.names),
        "begins": certificate.begins.isoformat(),
        "expires": certificate.expires.isoformat(),
        "days_left": certificate.days_left(now),
        "expiry": certificate.expiry(now),
    }


def _say_made(certificates: list[Certificate], now: datetime) -> None:
    for each in certificates:
        click.echo(f"{each.path}: {_expiry_text(each, now)}")

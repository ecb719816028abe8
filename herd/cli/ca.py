"""`herd ca`: make an authority, issue and renew the certificates of servers, and show when they expire."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from herd.cli.options import ServerName, config_option, example, json_option, load

if TYPE_CHECKING:
    from collections.abc import Callable

    from herd.cli.authority import Authority, Certificate

WARN_DAYS: Final = 30
"""`herd ca show` and `herd check` warn of a certificate that expires sooner than this."""

_AUTHORITY_DAYS: Final = 3650
_SERVER_DAYS: Final = 365


def _directory_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--directory",
        metavar="DIR",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path("tls"),
        show_default=True,
        help="Where the PEM files are.",
    )(command)


def _days_option(default: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(
        "--days",
        type=click.IntRange(1, 36_500),
        default=default,
        show_default=True,
        help="How long it is valid.",
    )


_force_option: Final = click.option("--force", is_flag=True, help="Overwrite what is there.")


def _authority(directory: Path) -> Authority:
    from herd.cli.authority import Authority

    return Authority(directory, datetime.now(UTC).replace(microsecond=0))


@example("herd ca init", "herd ca issue Alford Ball Hamilton Holiday Welsh", "herd ca show")
@click.group()
def ca() -> None:
    """Certificates for `tls:` links and clients: the herd's own authority.

    The files stand in one directory (`[tls] directory` of the configuration): ca.pem and ca.key, and NAME.pem
    and NAME.key for each server. A server needs ca.pem and its own two; ca.key stays where you issue.
    """


@example("herd ca init --directory tls")
@ca.command()
@_directory_option
@_days_option(_AUTHORITY_DAYS)
@config_option
@_force_option
def init(directory: Path, days: int, config_file: Path | None, *, force: bool) -> None:
    """Make the authority: ca.pem and ca.key."""
    made = _authority(directory).init(load(config_file).name, days, force=force)
    _say_made(made)


@example("herd ca issue Alford Ball", "herd ca issue Alford --host alford.example.org --host 192.0.2.7")
@ca.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True, type=ServerName())
@click.option("--host", "hosts", multiple=True, help="A further name or address that clients know it by.")
@_directory_option
@_days_option(_SERVER_DAYS)
@_force_option
def issue(names: tuple[str, ...], hosts: tuple[str, ...], directory: Path, days: int, *, force: bool) -> None:
    """Make keys and certificates of servers."""
    authority = _authority(directory)
    for name in names:
        _say_made(authority.issue(name, hosts, days, force=force))


@example("herd ca renew", "herd ca renew Alford --days 90")
@ca.command()
@click.argument("names", metavar="[NAME...]", nargs=-1, type=ServerName())
@_directory_option
@_days_option(_SERVER_DAYS)
def renew(names: tuple[str, ...], directory: Path, days: int) -> None:
    """Replace certificates, all or those named, by new ones with the same names.

    Running servers use them for connections made from then on.
    """
    authority = _authority(directory)
    for name in names or authority.names():
        _say_made(authority.renew(name, days))


@example("herd ca show", "herd ca show --json")
@ca.command()
@_directory_option
@json_option
def show(directory: Path, *, as_json: bool) -> None:
    """Show whose certificates there are, and when they expire."""
    authority = _authority(directory)
    found = [authority.read(name) for name in ("ca", *authority.names())]
    now = datetime.now(UTC)
    if as_json:
        click.echo(json.dumps([_as_json(each, now) for each in found], indent=2))
        return
    width = max(len(each.name) for each in found)
    for each in found:
        click.echo(f"{each.name:{width}}  {expiry_text(each, now)}  {', '.join(each.names)}".rstrip())


def expiry_text(certificate: Certificate, now: datetime) -> str:
    """Return when a certificate expires, and how soon that is."""
    days = certificate.days_left(now)
    if days < 0:
        return f"EXPIRED {certificate.expires:%Y-%m-%d}"
    soon = " SOON" if days < WARN_DAYS else ""
    return f"expires {certificate.expires:%Y-%m-%d}, in {days} days{soon}"


def _as_json(certificate: Certificate, now: datetime) -> dict[str, Any]:
    return {
        "name": certificate.name,
        "file": str(certificate.path),
        "names": list(certificate.names),
        "begins": certificate.begins.isoformat(),
        "expires": certificate.expires.isoformat(),
        "days_left": certificate.days_left(now),
    }


def _say_made(certificate: Certificate) -> None:
    click.echo(f"{certificate.path}: {expiry_text(certificate, datetime.now(UTC))}")

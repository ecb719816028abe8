"""`herd say`: one line to a server's client port and its answer, byte for byte."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

import click

from herd.cli.options import ServerName, config_option, example, load, unknown
from herd.config.model import Address
from herd.core.errors import HerdError

if TYPE_CHECKING:
    from pathlib import Path

    from herd.cli.conversation import Trust

TIMEOUT_S: Final = 10.0
"""A WHATSAT answers within the places provider's time limit, five seconds unless it was configured."""


@example(
    "herd say Alford 'IAMAT kiwi.cs.ucla.edu +34.068930-118.445127 1479413884.392014450'",
    "herd say 127.0.0.1:12483 'WHATSAT kiwi.cs.ucla.edu 10 5'",
)
@click.command()
@click.argument("name", type=ServerName())
@click.argument("line")
@config_option
@click.option(
    "--timeout",
    "timeout_s",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    default=TIMEOUT_S,
    show_default=True,
    help="How long to wait for the whole answer.",
)
def say(name: str, line: str, config_file: Path | None, timeout_s: float) -> None:
    """Send LINE to the server NAME and print its answer.

    NAME is a server of the configuration, or HOST:PORT, which is spoken to in plain TCP. LINE is sent as it
    stands, nothing in it is interpreted, with a newline if it has none; the answer is printed exactly as it
    comes. Where the server's clients endpoint is tls:, it must show a certificate that carries its name.

    Exit status: 0 for an answer, 1 for a `? ` answer or none, 2 for a wrong use of this command.
    """
    from herd.cli.conversation import converse

    address, trust = _whom(name, config_file)
    payload = os.fsencode(line)
    answer = b""
    for chunk in converse(address, payload if payload.endswith(b"\n") else payload + b"\n", timeout_s, trust):
        answer += chunk
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
    if not answer:
        hint = "; if it speaks TLS, give the server's NAME in its place" if _is_address(name) else ""
        raise HerdError(f"{address} closed the connection without an answer{hint}")
    if answer.startswith(b"? ") or b"\n? " in answer:
        raise click.exceptions.Exit(1)


def _is_address(name: str) -> bool:
    """Tell whether what was typed is HOST:PORT, and no server's name."""
    host, colon, _ = name.rpartition(":")
    return bool(colon and host)


def _whom(name: str, config_file: Path | None) -> tuple[Address, Trust | None]:
    """Return where a server is, and what it must show there."""
    if _is_address(name):
        host, _, port = name.rpartition(":")
        if not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536):  # noqa: PLR2004  # TCP's range
            raise click.UsageError(f"{port!r} in {name!r} is no port: a number from 1 to 65535")
        return Address(host.removeprefix("[").removesuffix("]"), int(port)), None
    config = load(config_file)
    if name not in config.names:
        raise unknown(config, name)
    from herd.cli.conversation import trust_of

    return config.server(name).clients.dial, trust_of(config, name)

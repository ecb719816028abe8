"""`herd say`: one line to a server's client port and its answer, byte for byte."""

from __future__ import annotations

import os
import socket
import sys
import time
from typing import TYPE_CHECKING, Final

import click

from herd.cli.options import ServerName, config_option, example, load, unknown
from herd.config.model import Address
from herd.core.errors import HerdError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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

    NAME is a server of the configuration, or HOST:PORT. LINE is sent as it stands, nothing in it is
    interpreted, with a newline if it has none; then the sending side is closed, and the answer is printed
    exactly as it comes.

    Exit status: 0 for an answer, 1 for a `? ` answer or none, 2 for a wrong use of this command.
    """
    address = _address(name, config_file)
    payload = os.fsencode(line)
    answer = b""
    for chunk in converse(address, payload if payload.endswith(b"\n") else payload + b"\n", timeout_s):
        answer += chunk
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
    if not answer:
        raise HerdError(f"{address} closed the connection without an answer")
    if answer.startswith(b"? ") or b"\n? " in answer:
        raise click.exceptions.Exit(1)


def _address(name: str, config_file: Path | None) -> Address:
    host, colon, port = name.rpartition(":")
    if colon and host:
        if not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536):  # noqa: PLR2004  # TCP's range
            raise click.UsageError(f"{port!r} in {name!r} is no port: a number from 1 to 65535")
        return Address(host.removeprefix("[").removesuffix("]"), int(port))
    config = load(config_file)
    if name not in config.names:
        raise unknown(config, name)
    return config.server(name).clients.dial


def converse(address: Address, payload: bytes, timeout_s: float) -> Iterator[bytes]:
    """Send `payload`, half-close, and yield the answer in pieces until the server closes.

    All of it may take `timeout_s`. A `HerdError` says that nobody listens, or that the answer broke off.
    """
    deadline = time.monotonic() + timeout_s
    try:
        connection = socket.create_connection((address.host, address.port), timeout_s)
    except TimeoutError as error:
        raise HerdError(f"{address} cannot be reached: waited {timeout_s:g} s") from error
    except OSError as error:
        hint = "; start the herd with `herd up`" if isinstance(error, ConnectionRefusedError) else ""
        raise HerdError(f"{address} cannot be reached: {error.strerror or error}{hint}") from error
    with connection:
        try:
            _send(connection, payload)
            while chunk := _receive(connection, deadline):
                yield chunk
        except TimeoutError as error:
            raise HerdError(f"{address} did not finish its answer in {timeout_s:g} s") from error
        except OSError as error:
            raise HerdError(f"{address} broke off: {error.strerror or error}") from error


def _send(connection: socket.socket, payload: bytes) -> None:
    try:
        connection.sendall(payload)
        connection.shutdown(socket.SHUT_WR)
    except (BrokenPipeError, ConnectionResetError):
        pass  # a server may close on too long a line before it has read the end; its answer comes first


def _receive(connection: socket.socket, deadline: float) -> bytes:
    left_s = deadline - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    connection.settimeout(left_s)
    return connection.recv(65_536)

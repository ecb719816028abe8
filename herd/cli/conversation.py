"""What a client says to a server and what it hears, over TCP or TLS; blocking.

Over TCP the end of what is said is a half-close, and the answer ends when the server closes. TLS knows no
half-close, so there the end of an answer is told from the protocol: every line that is sent has one answer,
which is one line, unless it begins with the AT line that answers a WHATSAT: that one ends with a blank line.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import frozen

from herd.config.names import AUTHORITY
from herd.core.errors import HerdError
from herd.core.framing import AnswerParser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from herd.config.model import Address, Config

GOODBYE_S: Final = 1.0
"""How long a server's own goodbye is waited for once its answers are there: it is only a courtesy."""


@frozen
class Trust:
    """Who is believed to be `name` over TLS: who shows a certificate for it that `authority` signed.

    `authority` is a PEM file; with None it is the authorities that this system trusts.
    """

    name: str
    authority: Path | None

    def context(self) -> ssl.SSLContext:
        """Return a client's side of TLS; a `HerdError` if the authority cannot be read."""
        try:
            return ssl.create_default_context(cafile=None if self.authority is None else str(self.authority))
        except OSError as error:  # what ssl raises for a file without certificates is one too
            reason = error.strerror or error
            raise HerdError(f"cannot read the herd's authority {self.authority}: {reason}") from None


def trust_of(config: Config, name: str) -> Trust | None:
    """Return what clients of a server believe; None where they speak plain TCP.

    A certificate that all servers show to clients is no affair of the herd's authority: it is an ordinary one
    for the host that clients dial.
    """
    clients = config.server(name).clients
    if clients.scheme == "tcp":
        return None
    if config.tls.client_certificate is not None:
        return Trust(clients.dial.host, None)
    return Trust(name, config.tls.directory / f"{AUTHORITY}.pem")


class Answers:
    """How much of the answers to `payload`, whole lines, has come."""

    def __init__(self, payload: bytes) -> None:
        self._parser = AnswerParser(payload.split(b"\n")[:-1])

    @property
    def are_complete(self) -> bool:
        """Whether every answer has come to its end."""
        return not self._parser

    @property
    def are_cut(self) -> bool:
        """Whether an answer has begun and not ended."""
        return self._parser.rest != b""

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the answers."""
        self._parser.feed(chunk)


def converse(
    address: Address, payload: bytes, timeout_s: float, trust: Trust | None = None
) -> Iterator[bytes]:
    """Send `payload`, whole lines, and yield the answers in pieces until the last of them has ended.

    All of it may take `timeout_s`. Without `trust` it goes over plain TCP. A `HerdError` says that nobody
    listens, that who listens is not believed, or that the answer broke off.
    """
    deadline = time.monotonic() + timeout_s
    context = None if trust is None else trust.context()
    with _connect(address, timeout_s) as connection:
        try:
            if trust is None or context is None:
                yield from _over_tcp(connection, payload, deadline)
            else:
                yield from _over_tls(connection, payload, deadline, context, trust.name)
        except TimeoutError as error:
            raise HerdError(f"{address} did not finish its answer in {timeout_s:g} s") from error
        except ssl.SSLCertVerificationError as error:
            who = "" if trust is None else trust.name
            raise HerdError(f"{address} is not believed to be {who}: {error.verify_message}") from None
        except ssl.SSLError as error:
            raise HerdError(f"{address} does not speak TLS with us: {error.reason or error}") from None
        except OSError as error:
            raise HerdError(f"{address} broke off: {error.strerror or error}") from error


def _connect(address: Address, timeout_s: float) -> socket.socket:
    try:
        return socket.create_connection((address.host, address.port), timeout_s)
    except TimeoutError as error:
        raise HerdError(f"{address} cannot be reached: waited {timeout_s:g} s") from error
    except OSError as error:
        hint = "; start the herd with `herd up`" if isinstance(error, ConnectionRefusedError) else ""
        raise HerdError(f"{address} cannot be reached: {error.strerror or error}{hint}") from error


def _over_tcp(connection: socket.socket, payload: bytes, deadline: float) -> Iterator[bytes]:
    try:
        connection.sendall(payload)
        connection.shutdown(socket.SHUT_WR)
    except (BrokenPipeError, ConnectionResetError):
        pass  # a server may close on too long a line before it has read the end; its answer comes first
    while chunk := _receive(connection, deadline):
        yield chunk


def _over_tls(
    plain: socket.socket, payload: bytes, deadline: float, context: ssl.SSLContext, name: str
) -> Iterator[bytes]:
    answers = Answers(payload)
    with context.wrap_socket(plain, server_hostname=name) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(payload)
        while not answers.are_complete and (chunk := _receive(connection, deadline)):
            answers.feed(chunk)
            yield chunk
        if answers.are_complete:
            with contextlib.suppress(OSError):
                connection.settimeout(GOODBYE_S)
                connection.unwrap()
        elif answers.are_cut:
            raise OSError("closed in the midst of an answer")


def _receive(connection: socket.socket, deadline: float) -> bytes:
    left_s = deadline - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    connection.settimeout(left_s)
    return connection.recv(65_536)

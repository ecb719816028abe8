"""Whether servers' ports are free: each is taken for a moment, before a process is started in vain."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

from attrs import frozen

from herd.config.model import Address

if TYPE_CHECKING:
    from collections.abc import Iterable

    from herd.config.model import Config


@frozen(kw_only=True)
class Trouble:
    """An address that a server cannot listen on, and why."""

    server: str
    address: Address
    purpose: str
    in_use: bool
    reason: str

    def __str__(self) -> str:
        return f"{self.server} cannot listen for {self.purpose} on {self.address}: {self.reason}"


def ports_in_trouble(config: Config, names: Iterable[str]) -> tuple[Trouble, ...]:
    """Return every address of the servers that cannot be listened on, in the order of `names`."""
    found = []
    for name in names:
        server = config.server(name)
        for purpose, endpoint in (("clients", server.clients), ("links", server.links)):
            error = _try(endpoint.listen)
            if error is not None:
                in_use = error.errno == errno.EADDRINUSE
                reason = "the port is in use" if in_use else (error.strerror or str(error))
                found.append(
                    Trouble(
                        server=name, address=endpoint.listen, purpose=purpose, in_use=in_use, reason=reason
                    )
                )
    return tuple(found)


def _try(address: Address) -> OSError | None:
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            address.host or None, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            # What Twisted sets as well: a port whose last connections linger in TIME_WAIT is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
    except OSError as error:
        return error
    return None


def words(troubles: tuple[Trouble, ...]) -> str:
    """Return one line about one or more troubles, with what to do."""
    first, *others = troubles
    more = f" (and {len(others)} more)" if others else ""
    hint = "; perhaps a herd is already up here: see `herd status`" if first.in_use else ""
    return f"{first}{more}{hint}"

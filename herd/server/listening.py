"""Listening and dialing: configured addresses -> Twisted's endpoints.

A server that cannot listen must not run, so a failed bind is an error at once; Twisted's own service would
log it and run on. Names are resolved only where an address is a name, because resolving takes a thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.endpoints import (
    HostnameEndpoint,
    TCP4ClientEndpoint,
    TCP4ServerEndpoint,
    TCP6ClientEndpoint,
    TCP6ServerEndpoint,
)
from twisted.internet.error import CannotListenError

from herd.core.errors import HerdError
from herd.server.transport import QuickTcp
from herd.server.turns import is_epoll

if TYPE_CHECKING:
    from twisted.internet.interfaces import (
        IListeningPort,
        IProtocolFactory,
        IStreamClientEndpoint,
        IStreamServerEndpoint,
    )
    from twisted.python.failure import Failure

    from herd.config.model import Address

_BACKLOG = 1024
"""Connections that the kernel may hold for us: a thousand clients that return at once after a restart."""


class StartError(HerdError):
    """A server that cannot start; the text is one line."""


def _quick(reactor: Any) -> Any:
    """Return the reactor, whose connections send at once if it is one that we know well."""
    return QuickTcp(reactor) if is_epoll(reactor) else reactor


def server_endpoint(reactor: Any, address: Address) -> IStreamServerEndpoint:
    """Return the endpoint that listens at `address`."""
    kind = TCP6ServerEndpoint if isIPv6Address(address.host) else TCP4ServerEndpoint
    return kind(_quick(reactor), address.port, backlog=_BACKLOG, interface=address.host)


def client_endpoint(reactor: Any, address: Address, timeout_s: float) -> IStreamClientEndpoint:
    """Return the endpoint that dials `address`."""
    reactor = _quick(reactor)
    if isIPAddress(address.host):
        return TCP4ClientEndpoint(reactor, address.host, address.port, timeout=timeout_s)
    if isIPv6Address(address.host):
        return TCP6ClientEndpoint(reactor, address.host, address.port, timeout=timeout_s)
    return HostnameEndpoint(reactor, address.host, address.port, timeout=timeout_s)


def listen(
    endpoint: IStreamServerEndpoint, factory: IProtocolFactory, address: Address, server: str
) -> IListeningPort:
    """Listen now; a `StartError` that names the server and the address if that cannot be done."""
    ports: list[IListeningPort] = []
    failures: list[Failure] = []
    endpoint.listen(factory).addCallbacks(ports.append, failures.append)
    if ports:
        return ports[0]
    if not failures:
        raise StartError(f"{server} cannot listen on {address}: the endpoint did not bind at once")
    error = failures[0].value
    cause = error.socketError if isinstance(error, CannotListenError) else error
    reason = getattr(cause, "strerror", None) or str(cause)
    raise StartError(f"{server} cannot listen on {address}: {reason}")

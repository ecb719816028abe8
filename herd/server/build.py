"""A configuration into a server: every part is made here, and then wired, in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.endpoints import wrapClientTLS
from twisted.protocols.tls import TLSMemoryBIOFactory

from herd.config.secret import link_secret
from herd.core.handshake import Identity
from herd.core.promises import Promises
from herd.core.replica import Replica
from herd.server.clientcontext import ClientContext
from herd.server.clients import ClientConnection, ClientFactory
from herd.server.connections import Connections
from herd.server.eventlog import open_event_log
from herd.server.links import LinkContext
from herd.server.listening import client_endpoint
from herd.server.neighbors import Neighbors
from herd.server.node import Node, Parts
from herd.server.tls import CertificateFiles, Certificates

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.interfaces import IProtocolFactory, IStreamClientEndpoint

    from herd.config.model import Config
    from herd.places.finder import Finder
    from herd.server.eventlog import EventLog
    from herd.server.world import World


def build_node(
    config: Config,
    name: str,
    world: World,
    finder: Finder,
    read_again: Callable[[], Config] | None = None,
) -> Node:
    """Build the server called `name`; a `HerdError` says what is in the way.

    `read_again` reads the configuration for a reload, one with this server in it.
    """
    log = open_event_log(config, name, world)
    server = config.server(name)
    replica = Replica(name, server.neighbors, config.limits)
    promises = None if config.durability_of(name) == "memory" else Promises()
    clients = ClientContext(
        replica=replica,
        finder=finder,
        limits=config.limits,
        log=log,
        world=world,
        connections=Connections[ClientConnection](),
        promises=promises,
    )
    dialing = Dialing(config, name, world, log.note)
    links = _link_context(config, name, world, log)
    # Only what the durability names may keep its promises: under `disk` a neighbor's word is not enough.
    kept_by_neighbors = promises if config.durability_of(name) == "neighbor" else None
    neighbors = Neighbors(replica, links, dialing.endpoints(config), kept_by_neighbors)
    parts = Parts(
        clients=clients,
        neighbors=neighbors,
        client_factory=_behind_tls(ClientFactory(clients), _for_clients(config, name, log.note)),
        link_factory=_behind_tls(neighbors.acceptor(), dialing.certificates),
        endpoints=dialing.endpoints,
        read_again=read_again,
    )
    return Node(config, server, world, parts)


def _link_context(config: Config, name: str, world: World, log: EventLog) -> LinkContext:
    secret = link_secret(config, world.environ)
    return LinkContext(
        identity=Identity(herd=config.name, name=name, instance=world.token(), secret=secret),
        limits=config.limits,
        log=log,
        world=world,
        has_tls=config.server(name).links.scheme == "tls",
    )


def _for_clients(config: Config, name: str, say: Callable[[str], None]) -> Certificates | None:
    """Return what `tls:` clients are shown; None where they connect in plain."""
    if config.server(name).clients.scheme == "tcp":
        return None
    own = _own_files(config, name)
    tls = config.tls
    files = CertificateFiles(tls.client_certificate or own.certificate, tls.client_key or own.key)
    return Certificates(files, say)


def _behind_tls(factory: IProtocolFactory, certificates: Certificates | None) -> IProtocolFactory:
    if certificates is None:
        return factory
    return TLSMemoryBIOFactory(certificates, isClient=False, wrappedFactory=factory)


class Dialing:
    """How one server dials its neighbors, with the herd's certificates where its links are `tls:`."""

    def __init__(self, config: Config, name: str, world: World, say: Callable[[str], None]) -> None:
        self._name = name
        self._world = world
        self.certificates: Certificates | None = None
        if config.server(name).links.scheme == "tls":
            self.certificates = Certificates(_own_files(config, name), say)

    def endpoints(self, config: Config) -> dict[str, IStreamClientEndpoint]:
        """Return the endpoint of each neighbor that `config` gives this server."""
        return {
            neighbor: self._endpoint(config, neighbor) for neighbor in config.server(self._name).neighbors
        }

    def _endpoint(self, config: Config, neighbor: str) -> IStreamClientEndpoint:
        links = config.server(neighbor).links
        reactor: Any = self._world.reactor
        endpoint = client_endpoint(reactor, links.dial, config.limits.handshake_timeout_s)
        if self.certificates is None:  # neighbors' links have one scheme, which changes with a restart
            return endpoint
        return wrapClientTLS(self.certificates, endpoint)


def _own_files(config: Config, name: str) -> CertificateFiles:
    directory = config.tls.directory
    return CertificateFiles(directory / f"{name}.pem", directory / f"{name}.key", directory / "ca.pem")

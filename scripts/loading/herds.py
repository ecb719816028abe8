"""Which herd the load is put on: one of its own, one that runs, and who may observe it."""

from __future__ import annotations

import resource
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from attrs import evolve

from herd.config.endpoint import endpoint_from_address
from herd.config.model import Address, Config, Server
from herd.core.errors import HerdError

if TYPE_CHECKING:
    from loading.plan import Plan

OBSERVER: Final = "Observer"
_LOOK_S: Final = 2.0
_SPARE_FILES: Final = 200


def own_config(config: Config, plan: Plan, *, has_observer: bool, logs_lines: bool) -> Config:
    """Return the configuration of a herd of one's own: with room for the load, and for an observer."""
    limits = config.limits
    room = evolve(
        limits,
        connections=max(limits.connections, plan.connections),
        connections_per_address=max(limits.connections_per_address, plan.connections),
    )
    config = evolve(config, limits=room, logging=evolve(config.logging, lines=logs_lines))
    return _with_observer(config) if has_observer else config


def _with_observer(config: Config) -> Config:
    """Return a configuration in which every server has one neighbor more; it gets its ports later."""
    if OBSERVER in config.names:
        raise HerdError(f"the configuration has a server called {OBSERVER}: rename it to measure convergence")
    nowhere = endpoint_from_address(Address("127.0.0.1", 1))
    observer = Server(name=OBSERVER, clients=nowhere, links=nowhere, neighbors=config.names)
    servers = (evolve(each, neighbors=(*each.neighbors, OBSERVER)) for each in config.servers)
    return evolve(config, servers=(*servers, observer))


def check_role(config: Config, name: str) -> None:
    """See that a server may be played: it is configured, and does not run; else a `HerdError`."""
    if name not in config.names:
        raise HerdError(f"{config.source} has no server {name}; there are {', '.join(config.names)}")
    if not config.server(name).neighbors:
        raise HerdError(f"{name} has no neighbors, so there is nobody to observe")
    address = config.server(name).links.dial
    with suppress(OSError), socket.create_connection((address.host, address.port), _LOOK_S):
        raise HerdError(
            f"{name} runs, its links at {address}: --observe-as wants a server that does not, "
            "because it takes its place; add one to the configuration for this"
        )


def client_addresses(config: Config, absent: str | None = None) -> tuple[Address, ...]:
    """Return where clients dial the servers of a herd, but for one that is played."""
    servers = [server for server in config.servers if server.name != absent]
    for server in servers:
        if server.clients.scheme != "tcp":
            raise HerdError(
                f"{server.name} takes clients by TLS, which scripts/load-test does not speak: "
                "load it through a configuration whose clients are tcp:"
            )
    return tuple(server.clients.dial for server in servers)


def allow_files(connections: int) -> None:
    """Let this process, and those that it starts, have so many connections."""
    wanted = connections + _SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and wanted > hard:
        raise HerdError(
            f"{connections:,} connections need {wanted:,} open files, and {hard:,} are allowed here: "
            "try fewer --connections, or raise `ulimit -Hn`"
        )
    if soft != resource.RLIM_INFINITY and wanted > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))

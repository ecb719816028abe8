"""Who else is there in a scenario: those who mean harm, each on a host of its own."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.endpoints import TCP4ClientEndpoint, wrapClientTLS

from herd.core.limits import Limits
from herd.server.tls import CertificateFiles, Certificates
from herd.sim.engine import current
from herd.sim.engine.profile import Profile
from herd.sim.engine.programs import Call
from herd.sim.herds.build import CLIENTS_PORT, LINKS_PORT, NAME, TOWN
from herd.sim.herds.strangers import Disguise, HostileClient, HostileNeighbor

if TYPE_CHECKING:
    from herd.sim.herds.build import SimulatedHerd

_BEGIN_S: Final = 2.0
_UNTIL_S: Final = 60.0
NARROW: Final = Profile(latency=TOWN.latency, window_bytes=8 * 1024)


def narrow_links(herd: SimulatedHerd) -> None:
    """Let the kernels between servers hold only 8 KiB of a connection, so that writers have to wait."""
    for name, neighbors in herd.plan.topology.items():
        for neighbor in neighbors:
            herd.simulation.network.set_profile(name, neighbor, NARROW)


def hostile_clients(herd: SimulatedHerd, most: int = 1) -> None:
    """Attack the port for clients of every server: by one program, the next by two, up to `most`."""
    for place, name in enumerate(herd.hosts):
        host = herd.simulation.host(f"attacker of {name}")
        for _ in range(place % most + 1):
            host.start(Call(partial(_attack_clients, herd=herd, server=name)))


def _attack_clients(reactor: Any, *, herd: SimulatedHerd, server: str) -> None:
    assert current.process is not None
    attacker = HostileClient(
        reactor,
        TCP4ClientEndpoint(reactor, herd.hosts[server].address, CLIENTS_PORT),
        herd.history,
        current.process.random,
        name=f"attacker of {server}",
        server=server,
        limits=Limits(**herd.plan.limits),  # type: ignore[arg-type] # attrs checks them
        origins=tuple(herd.hosts),
        victims=herd.watch.victims,
    )
    reactor.callLater(_BEGIN_S, attacker.start)
    reactor.callLater(_UNTIL_S, attacker.stop)


def _links_endpoint(reactor: Any, herd: SimulatedHerd, server: str, member: str) -> Any:
    """Return how a stranger reaches a port for neighbors: a `tls:` one with the certificate of a member."""
    endpoint = TCP4ClientEndpoint(reactor, herd.hosts[server].address, LINKS_PORT)
    directory = herd.certificates
    if directory is None:
        return endpoint
    files = CertificateFiles(directory / f"{member}.pem", directory / f"{member}.key", directory / "ca.pem")
    return wrapClientTLS(Certificates(files, lambda _: None), endpoint)


def hostile_neighbors(herd: SimulatedHerd, most: int = 1) -> None:
    """Attack the port for neighbors of every server: one from a host, the next from two, up to `most`."""
    for place, name in enumerate(herd.hosts):
        for number in range(1, place % most + 2):
            stranger = f"stranger {number} to {name}"
            herd.simulation.host(stranger).start(
                Call(partial(_attack_links, herd=herd, stranger=stranger, server=name))
            )


def _attack_links(reactor: Any, *, herd: SimulatedHerd, stranger: str, server: str) -> None:
    assert current.process is not None
    neighbors = herd.plan.topology[server]
    others = (*(name for name in herd.hosts if name not in neighbors), "Nobody")
    attacker = HostileNeighbor(
        reactor,
        _links_endpoint(reactor, herd, server, others[0]),
        herd.history,
        current.process.random,
        name=stranger,
        server=server,
        disguise=Disguise(herd=NAME, names=neighbors, proves=True, victims=herd.watch.victims, others=others),
        overheard=lambda: herd.watch.openings_to(server),
    )
    reactor.callLater(_BEGIN_S, attacker.start)
    reactor.callLater(_UNTIL_S, attacker.stop)

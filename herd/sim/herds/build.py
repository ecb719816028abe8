"""Herds to be hosted: a host for each server, and on it the program that `twistd herd` runs.

Everything that a server gets is what it would get in life: a configuration file, environment variables, a
directory. A herd of many servers has one file for each, with itself and its neighbors in it: what a server
reads of others is nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from attrs import Factory, define, field, frozen
from twisted.application.service import MultiService

from herd.config.model import Durability
from herd.server.tap import HerdService
from herd.sim.engine.host import Host
from herd.sim.engine.profile import LogNormal, Profile
from herd.sim.engine.programs import Call, Plugin
from herd.sim.engine.simulation import Simulation
from herd.sim.herds.certificates import write_certificates
from herd.sim.herds.history import History
from herd.sim.herds.places_server import PORT as PLACES_PORT
from herd.sim.herds.places_server import PlacesServer, serve_places
from herd.sim.herds.starts import remember_readings
from herd.sim.herds.topologies import FIVE, Topology
from herd.sim.herds.violation import Invariant, Violation
from herd.sim.herds.walkers import Walker

if TYPE_CHECKING:
    from pathlib import Path

    from herd.core.replica import Replica
    from herd.server.node import Node

CLIENTS_PORT: Final = 12480
LINKS_PORT: Final = 12580
PLACES: Final = "places"
NAME: Final = "simulated"
"""What every simulated herd is called."""
SECRET: Final = "the secret of a simulated herd"  # noqa: S105 - it protects nothing
_SECRET_ENV: Final = "HERD_LINK_SECRET"  # noqa: S105 - its name
_ONE_FILE: Final = 50
"""Up to so many servers share one file."""

TOWN: Final = Profile(latency=LogNormal(median_ms=5.0, sigma=0.5))
"""Links between data centers of one region: 5 ms one way, one packet in a hundred three times that."""


@frozen(kw_only=True)
class HerdPlan:
    """What a herd is like."""

    topology: Topology = field(factory=lambda: FIVE)
    durability: Durability = "memory"
    tls: bool = False
    """Whether links are `tls:`; if not, they prove a secret."""
    limits: Mapping[str, float] = field(factory=dict)
    """`[limits]` of the configuration that differ from the defaults."""
    logs_lines: bool = False
    """Whether servers log every line: two thirds of their work, and the trace tells more."""


@define
class SimulatedHerd:
    """A herd that is hosted: what steps and checks want to find (`simulation.scene`)."""

    simulation: Simulation
    plan: HerdPlan
    hosts: dict[str, Host]
    places: PlacesServer
    history: History
    certificates: Any = None
    """The directory of the servers' certificates, if links are `tls:`."""
    walkers: dict[str, Walker] = Factory(dict)
    """Clients, by name; made when they first say something."""
    verdict: dict[Invariant, list[Violation]] | None = None
    """What is wrong, once the run was judged."""
    watch: Any = None
    """Who looks at the network (`figures.Watch`)."""
    at_rest_ns: int | None = None
    """Since when all looks have found it at rest."""
    settled_ns: int | None = None
    """When it was seen to have settled, if that was looked for (`settling`)."""

    def walker(self, name: str) -> Walker:
        """Return a client; it has a host of its own."""
        found = self.walkers.get(name)
        if found is None:
            addresses = {server: (host.address, CLIENTS_PORT) for server, host in self.hosts.items()}
            found = Walker(self.simulation.host(name), addresses, self.history)
            self.walkers[name] = found
        return found

    def node(self, name: str) -> Node | None:
        """Return the running server of a name, as it is inside; None while it is down."""
        for process in self.hosts[name].processes:
            for service in process.services if process.exit_code is None else ():
                for each in service if isinstance(service, MultiService) else (service,):
                    if isinstance(each, HerdService):
                        return each.node
        return None

    def replica(self, name: str) -> Replica | None:
        """Return what a server holds; None while it is down."""
        node = self.node(name)
        return None if node is None else node.clients.replica


def build_herd(simulation: Simulation, plan: HerdPlan) -> SimulatedHerd:
    """Make the hosts of a herd and of its places provider, and start their programs."""
    remember_readings()
    hosts = {name: simulation.host(name) for name in plan.topology}
    places_host = simulation.host(PLACES)
    resource = PlacesServer()
    places_host.start(Call(serve_places, resource))
    directory = simulation.directory("conf")
    certificates = directory / "tls" if plan.tls else None
    if certificates is not None:
        write_certificates(certificates, plan.topology)
    shared: Path | None = None
    for name, host in hosts.items():
        path = directory / (f"{name}.toml" if len(hosts) > _ONE_FILE else "herd.toml")
        if path != shared:
            shared = path if len(hosts) <= _ONE_FILE else None
            near = (name, *plan.topology[name]) if len(hosts) > _ONE_FILE else tuple(hosts)
            path.write_text(configuration(plan, hosts, near, places_host.address), encoding="utf-8")
        environ = {
            _SECRET_ENV: SECRET,
            "HERD_GOOGLE_KEY": "simulated-key",
            "HERD_STATE": str(host.files),
            "HOME": str(host.files),
        }
        host.start(Plugin("herd", "--name", name, "--config", str(path), in_files=False), environ=environ)
    history = History(now_ns=lambda: simulation.now_ns)
    return SimulatedHerd(simulation, plan, hosts, resource, history, certificates)


def configuration(plan: HerdPlan, hosts: Mapping[str, Host], names: tuple[str, ...], places: str) -> str:
    """Return the file of a herd, with these servers in it."""
    scheme = "tls" if plan.tls else "tcp"
    lines = [f'name = "{NAME}"', f'durability = "{plan.durability}"']
    for name in names:
        address = hosts[name].address
        neighbors = ", ".join(f'"{each}"' for each in plan.topology[name] if each in names)
        lines += [
            f"[servers.{name}]",
            f'clients = "tcp:{address}:{CLIENTS_PORT}"',
            f'links = "{scheme}:{address}:{LINKS_PORT}"',
            f"neighbors = [{neighbors}]",
        ]
    lines += ["[links]", f'secret_env = "{_SECRET_ENV}"'] if not plan.tls else ["[tls]", 'directory = "tls"']
    lines += ["[places]", 'provider = "google"', "[places.google]"]
    lines += [f'base_url = "http://{places}:{PLACES_PORT}"']
    lines += ["[logging]", f"lines = {str(plan.logs_lines).lower()}", "[limits]"]
    lines += [f"{name} = {value}" for name, value in plan.limits.items()]
    return "\n".join(lines) + "\n"

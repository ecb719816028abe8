"""Herds to be measured: real processes of `twistd herd`, with everything on that a user would run.

Durability `memory`, limits and counters on, links up; only the logging of each line is off. Every variant
differs from that in one thing.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from attrs import evolve
from benching.servers import environ_of
from benching.versus.daemons import wait_until
from benching.versus.target import Target

from herd.cli.authority import Authority
from herd.cli.control import standings
from herd.config.load import load_config
from herd.config.model import Tls
from herd.testing.processes import ProcessHerd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from herd.config.model import Config

OBSERVER: Final = "Observer"
"""A neighbor of every server that is no herd's process but the load generator."""

EXPIRY_S: Final = 0.5

Variant = "Callable[[Config, Path], Config]"


def as_users_run_it(config: Config, _directory: Path) -> Config:
    """Switch the logging of lines off, nothing else."""
    return evolve(config, logging=evolve(config.logging, lines=False))


def logging_lines(config: Config, _directory: Path) -> Config:
    """Log each line that is read and written."""
    return evolve(config, logging=evolve(config.logging, lines=True))


def on_disk(config: Config, directory: Path) -> Config:
    """Answer when a report is committed to disk."""
    return evolve(as_users_run_it(config, directory), durability="disk")


def with_neighbor(config: Config, directory: Path) -> Config:
    """Answer when a neighbor has acknowledged a report."""
    return evolve(as_users_run_it(config, directory), durability="neighbor")


def expiring(config: Config, directory: Path) -> Config:
    """Let records expire so soon that each does before its client's next report."""
    limits = evolve(config.limits, record_lifetime_s=EXPIRY_S)
    return evolve(as_users_run_it(config, directory), limits=limits)


def over_tls(config: Config, directory: Path) -> Config:
    """Encrypt the links, both sides with certificates."""
    authority = Authority(directory / "tls", datetime.now(UTC))
    authority.init(config.name, days=2, force=False)
    authority.issue(config.names, [], days=1, force=False)
    servers = tuple(evolve(each, links=evolve(each.links, scheme="tls")) for each in config.servers)
    tls = Tls(directory=directory / "tls")
    return evolve(as_users_run_it(config, directory), servers=servers, tls=tls)


def one_server() -> Config:
    """Return the configuration of a single server, which has no neighbor."""
    config = load_config()
    return evolve(config, servers=(evolve(config.servers[0], neighbors=()),))


def observed() -> Config:
    """Return the configuration of the five servers, each with one more neighbor."""
    config = load_config()
    observer = evolve(config.servers[0], name=OBSERVER, neighbors=config.names)
    watched = tuple(evolve(each, neighbors=(*each.neighbors, OBSERVER)) for each in config.servers)
    return evolve(config, servers=(*watched, observer))


class MeasuredHerd(ProcessHerd):
    """A herd whose observer, if there is one, is not started."""

    def start(self, *names: str) -> None:
        """Start servers."""
        super().start(*(name for name in names if name != OBSERVER))


def herd(
    core: str, config: Config, variant: Callable[[Config, Path], Config] = as_users_run_it
) -> AbstractContextManager[Target]:
    """Run a herd's servers; `core` is `pure` or `compiled`."""
    return _running(environ_of(core), config, variant)


@contextmanager
def _running(
    environ: Mapping[str, str], config: Config, variant: Callable[[Config, Path], Config]
) -> Iterator[Target]:
    with TemporaryDirectory(prefix="versus-") as directory:
        changed = variant(config, Path(directory))
        with MeasuredHerd(changed, environ=environ) as running:
            yield _target(running)


def _target(running: MeasuredHerd) -> Target:
    config = running.config
    names = [name for name in config.names if name != OBSERVER]
    is_observed = OBSERVER in config.names

    def look() -> tuple[bool, int]:
        """Tell whether every server has written everything to its neighbors, and how much all have read."""
        found = standings(config, names)
        links = [
            link
            for each in found
            for name, link in each.neighbors.items()
            if name != OBSERVER and each.status is not None
        ]
        return all(link["in_sync"] for link in links), sum(link["received"] for link in links)

    def settle() -> None:
        """Wait: a server that is in sync may still learn something from one that is not, so look twice."""
        last = [-1]

        def is_settled() -> bool:
            is_in_sync, received = look()
            is_same, last[0] = received == last[0], received
            return is_in_sync and is_same

        wait_until("every server has everything", is_settled, 30, 0.1)

    addresses = {name: config.server(name).links.dial for name in names}
    return Target(
        pids=tuple(int(running.status(name)["pid"]) for name in names),
        speak="herd",
        to=tuple(str(running.address(name)) for name in names),
        observe=tuple(f"{address}={name}" for name, address in addresses.items()) if is_observed else (),
        observe_as="herd",
        settle=settle if len(names) > 1 else None,
        links=lambda: look()[1],
    )

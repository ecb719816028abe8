"""What libraries keep one of in an interpreter, each process has for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import treq.api
from twisted.internet import task
from twisted.logger import ILogObserver, Logger, globalLogPublisher
from twisted.names import client
from twisted.python import log
from zope.interface import implementer

from herd.sim.engine.programs import Call, Script
from herd.sim.engine.simulation import Simulation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    made = Simulation(1)
    yield made
    made.close()


def test_the_cooperator_works_for_one_process(simulation: Simulation) -> None:
    steps: list[tuple[str, int]] = []

    def work(_reactor: Any, name: str) -> None:
        def counting() -> Iterator[None]:
            for number in range(1000):
                steps.append((name, number))
                yield

        task.cooperate(counting())

    for name in ("one", "other"):
        simulation.host(name).start(Call(work, name))
    simulation.hosts["one"].pause()
    simulation.run(5)
    assert {name for name, _ in steps} == {"other"}
    simulation.hosts["one"].resume()
    simulation.run(10)
    assert len(steps) == 2000


def test_dns_resolvers_and_pools_of_connections(simulation: Simulation) -> None:
    found: list[tuple[object, ...]] = []

    def look(reactor: Any) -> None:
        pool = treq.api.default_pool(reactor, None, persistent=True)
        again = treq.api.default_pool(reactor, None, persistent=True)
        assert pool is again
        assert client.getResolver() is client.getResolver()
        found.append((pool, client.getResolver()))

    for name in ("one", "other"):
        simulation.host(name).start(Call(look))
    simulation.run(1)
    (pool, resolver), (other_pool, other_resolver) = found
    assert pool is not other_pool
    assert resolver is not other_resolver
    assert treq.api.get_global_pool() is None
    assert client.theResolver is None


LOGS = """
    import sys
    from twisted.internet import reactor
    from twisted.python import log
    log.startLogging(sys.stdout)
    reactor.callLater(1, log.msg, "from " + sys.argv[1])
    reactor.run()
"""


def test_a_log_is_written_by_its_own_process(simulation: Simulation, tmp_path: Path) -> None:
    script = tmp_path / "logs.py"
    script.write_text("\n".join(line.strip() for line in LOGS.splitlines()))
    processes = [simulation.host(name).start(Script(script, name)) for name in ("one", "other")]
    simulation.run(5)
    for process, name in zip(processes, ("one", "other"), strict=True):
        assert process.output == [
            "2026-01-01 00:00:00+0000 [-] Log opened.\n",
            f"2026-01-01 00:00:01+0000 [-] from {name}\n",
        ]


def test_observers_come_and_go_in_one_process(simulation: Simulation) -> None:
    seen: list[str] = []

    @implementer(ILogObserver)
    def observe(event: Any) -> None:
        seen.append(str(event["log_format"]))

    def watch(reactor: Any) -> None:
        globalLogPublisher.addObserver(observe)
        reactor.callLater(2, globalLogPublisher.removeObserver, observe)

    def tell(reactor: Any, name: str, *, first: Callable[[Any], None] | None = None) -> None:
        if first is not None:
            first(reactor)
        for delay_s in (1, 3):
            reactor.callLater(delay_s, Logger().info, f"{name} {delay_s}")

    simulation.host("one").start(Call(tell, "one", first=watch))
    simulation.host("other").start(Call(tell, "other"))
    simulation.run(5)
    log.msg("the real world")
    assert seen == ["one 1"]


REDIRECTED = """
    import sys, warnings
    from twisted.internet import reactor
    from twisted.python import log
    log.startLogging(sys.stdout)
    print("printed by", sys.argv[1])
    sys.stderr.write("to standard error\\n")
    warnings.warn("mind")
    log.startLogging(sys.stdout)
    reactor.callLater(1, reactor.stop)
    reactor.run()
    print("the end")
"""


def test_what_is_printed_after_logging_began_is_logged(simulation: Simulation, tmp_path: Path) -> None:
    script = tmp_path / "redirected.py"
    script.write_text("\n".join(line.strip() for line in REDIRECTED.splitlines()))
    processes = [simulation.host(name).start(Script(script, name)) for name in ("one", "other")]
    simulation.run(5)
    for process, name in zip(processes, ("one", "other"), strict=True):
        assert process.output == [
            "2026-01-01 00:00:00+0000 [-] Log opened.\n",
            f"2026-01-01 00:00:00+0000 [-] printed by {name}\n",
            "2026-01-01 00:00:00+0000 [-] to standard error\n",
            f"2026-01-01 00:00:00+0000 [-] {script}:8: builtins.UserWarning: mind\n",
            "2026-01-01 00:00:01+0000 [-] Main loop terminated.\n",
            "2026-01-01 00:00:01+0000 [-] the end\n",
        ]
    print("the real world")  # noqa: T201 - it is not logged
    assert log.theLogPublisher.observers == []

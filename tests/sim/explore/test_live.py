"""A run at the pace of a real clock, which the real world talks to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import pytest_twisted
from attrs import evolve
from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.error import CannotListenError
from twisted.protocols.basic import LineOnlyReceiver

from herd.sim.explore.live import Live, Publication
from herd.sim.explore.run import Run
from herd.sim.scenario import load_scenario

if TYPE_CHECKING:
    from collections.abc import Callable

reactor: Any = global_reactor


class Asking(LineOnlyReceiver):
    """A real client of the simulated counter."""

    def __init__(self) -> None:
        self.answer: Deferred[bytes] = Deferred()

    def lineReceived(self, line: bytes) -> None:
        self.answer.callback(line)


@pytest_twisted.ensureDeferred
async def test_a_real_client_talks_to_a_simulated_server(counter: str) -> None:
    run = Run(load_scenario(counter), 5, steps=[])
    live = Live(run, reactor, [Publication("counter", 4000, 0)])
    running = Deferred.fromCoroutine(live.run())
    [address] = live.addresses
    asking = await connectProtocol(TCP4ClientEndpoint(reactor, address.host, address.port), Asking())
    asking.sendLine(b"somebody 1 5")
    assert await asking.answer == b"1"
    live.stop()
    outcome = await running
    # Five were added that no client of the scenario asked for; but it was not run to its end.
    assert run.simulation.scene["counter"].total == 5
    assert (outcome.checked, outcome.violations) == (("no problems",), ())
    assert 0.5 <= outcome.virtual_s < 60.0


@pytest_twisted.ensureDeferred
async def test_at_its_end_it_is_judged_like_any_other(forgetful: str) -> None:
    scenario = evolve(load_scenario(forgetful), duration_s=0.3, checks={"no": lambda _: ["never"]})
    told = []
    outcome = await Live(Run(scenario, 5, steps=[]), reactor).run(tell=lambda *news: told.append(news))
    assert (outcome.virtual_s, outcome.failed_checks) == (0.3, ["no"])
    assert told[0] == (0.0, 0.3, 0)
    assert [end_s for _, end_s, _ in told] == [0.3] * len(told)


@pytest_twisted.ensureDeferred
async def test_it_may_stop_sooner_or_go_on_longer(counter: str) -> None:
    scenario = evolve(load_scenario(counter), duration_s=0.2)
    for until_s, checked in ((0.1, 1), (0.3, 3)):
        outcome = await Live(Run(scenario, 5, steps=[]), reactor).run(until_s)
        assert (outcome.virtual_s, len(outcome.checked)) == (until_s, checked)


@pytest_twisted.ensureDeferred
async def test_a_port_that_is_taken_is_an_error(counter: str, free_ports: Callable[[int], list[int]]) -> None:
    run = Run(load_scenario(counter), 5, steps=[])
    [port] = free_ports(1)
    publication = Publication("counter", 4000, port)
    first = Live(run, reactor, [publication])
    with pytest.raises(CannotListenError):
        Live(run, reactor, [Publication("counter", 4000, 0), publication])
    await first.run(0.1)

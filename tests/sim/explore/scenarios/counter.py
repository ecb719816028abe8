"""A counter on one host, and clients elsewhere that add to it.

A client that has no answer in time connects again and repeats its request, with the same number. The server
remembers the last number of each client, so that no request counts twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen
from twisted.internet.protocol import ClientFactory, Factory
from twisted.protocols.basic import LineOnlyReceiver

from herd.sim.engine.faults import Partition
from herd.sim.engine.profile import Profile, Uniform
from herd.sim.engine.programs import Call
from herd.sim.scenario import Scenario, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from herd.sim.engine.chance import Chance
    from herd.sim.engine.simulation import Simulation

PORT = 4000
PATIENCE_S = 2.0
WORK_S = 0.5
"""How long the server takes to answer."""
CLIENTS = ("north", "east", "south", "west")


@define(eq=False)
class Counter(Factory):
    """The server's state."""

    reactor: Any = None
    total: int = 0
    counted: dict[str, int] = field(factory=dict)
    forgetful: bool = False

    def buildProtocol(self, addr: object) -> Counting:
        del addr
        return Counting(self)


class Counting(LineOnlyReceiver):
    """The server's end of a connection: `north 3 5` is the request number 3 of north, to add 5."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter

    def lineReceived(self, line: bytes) -> None:
        client, number, amount = line.decode().split()
        counter = self._counter
        if counter.forgetful or counter.counted.get(client, 0) < int(number):
            counter.counted[client] = int(number)
            counter.total += int(amount)
        counter.reactor.callLater(WORK_S, self.sendLine, number.encode())


@define(eq=False)
class Client(ClientFactory):
    """Sends one request after the other, each until it is answered."""

    noisy = False
    name: str
    reactor: Any
    amounts: list[int] = field(factory=list)
    answered: int = 0
    _asking: Any = None
    _timer: Any = None

    def add(self, amount: int) -> None:
        self.amounts.append(amount)
        if self._timer is None:
            self._connect()

    def _connect(self) -> None:
        self._timer = self.reactor.callLater(PATIENCE_S, self._connect)
        if self._asking is not None:
            self._asking.disconnect()
        self._asking = self.reactor.connectTCP("counter", PORT, self, timeout=PATIENCE_S)

    def buildProtocol(self, addr: object) -> Asking:
        del addr
        return Asking(self)

    def answer(self, number: int) -> None:
        if number != self.answered + 1:
            return
        self.answered = number
        self._timer.cancel()
        self._timer = None
        self._asking.disconnect()
        self._asking = None
        if self.answered < len(self.amounts):
            self._connect()


class Asking(LineOnlyReceiver):
    """A client's end of a connection."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def connectionMade(self) -> None:
        client = self._client
        number = client.answered + 1
        self.sendLine(f"{client.name} {number} {client.amounts[number - 1]}".encode())

    def lineReceived(self, line: bytes) -> None:
        self._client.answer(int(line))


@frozen
class Add:
    """A client is asked to add."""

    client: str
    amount: int = 1

    def begin(self, simulation: Simulation) -> None:
        client = simulation.scene[self.client]
        process = simulation.hosts[self.client].processes[-1]
        simulation.schedule(simulation.now_ns, process, client.add, (self.amount,))

    def end(self, simulation: Simulation) -> None:
        """An addition lasts."""


def build_with(**options: Any) -> Callable[[Simulation], dict[str, Any]]:
    def build(simulation: Simulation) -> dict[str, Any]:
        scene: dict[str, Any] = {"counter": Counter(**options)}
        simulation.host("counter").start(Call(serve, scene["counter"]))
        for name in CLIENTS:
            simulation.host(name).start(Call(begin, scene, name))
        return scene

    return build


def serve(reactor: Any, counter: Counter) -> None:
    counter.reactor = reactor
    reactor.listenTCP(PORT, counter)


def begin(reactor: Any, scene: dict[str, Any], name: str) -> None:
    scene[name] = Client(name, reactor)


def plan(chance: Chance) -> Sequence[Step]:
    faults, work = chance.stream("faults"), chance.stream("work")
    steps = [Step(work.uniform(1.0, 55.0), Add(work.choice(CLIENTS), work.integer(1, 9))) for _ in range(12)]
    for _ in range(faults.integer(1, 4)):
        cut = tuple(faults.sample(CLIENTS, faults.integer(1, 2)))
        steps.append(Step(faults.uniform(1.0, 50.0), Partition(cut), for_s=faults.uniform(0.5, 6.0)))
    return steps


def total(simulation: Simulation) -> Sequence[str]:
    scene = simulation.scene
    wanted = sum(sum(scene[name].amounts) for name in CLIENTS)
    counted = scene["counter"].total
    return [] if counted == wanted else [f"the counter shows {counted}, all additions make {wanted}"]


def answers(simulation: Simulation) -> Sequence[str]:
    clients = [simulation.scene[name] for name in CLIENTS]
    return [
        f"{each.name} has {each.answered} answers to {len(each.amounts)} requests"
        for each in clients
        if each.answered != len(each.amounts)
    ]


def figures(simulation: Simulation) -> dict[str, Any]:
    return {"additions": sum(len(simulation.scene[name].amounts) for name in CLIENTS)}


scenario = Scenario(
    about="Four clients add to one counter, and are cut off from it now and then.",
    build=build_with(),
    duration_s=60.0,
    settle_s=10.0,
    network=Profile(latency=Uniform(1.0, 20.0)),
    plan=plan,
    checks={"nothing is lost or counted twice": total, "every request is answered": answers},
    figures=figures,
)

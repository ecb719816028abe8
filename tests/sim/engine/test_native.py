"""What is compiled is chosen where it was built, and a history is the same with it and without."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from herd.sim.engine import agenda, native, plaindatagrams, streams

CHOSEN = "from herd.sim.engine import native; print(native.Agenda.__module__, native.Draws.__module__)"

FLOOD = """
from herd.sim.engine.native import use_large_pages
from herd.sim.engine.profile import Profile, Uniform
from herd.sim.engine.simulation import Simulation
from herd.sim.engine.trace import Trace

class Beacon:
    name = "beacon"

    def start(self, process):
        for delay in range(20):
            process.reactor.callLater(process.random.random(), list)

simulation = Simulation(5, profile=Profile(latency=Uniform(1, 20)), trace=Trace())
for number in range(120):
    simulation.host(f"host{number}").start(Beacon())
use_large_pages()
simulation.run(2)
blocks = [bytearray(100_000) + bytes(range(256)) * 3 for _ in range(50)]
small = [str(number) for number in range(200_000)]
assert small[77_777] == "77777"
del small, blocks
print(simulation.trace.digest())
"""

STREAMS = """
import sys
from twisted.internet.protocol import ClientFactory, Factory, Protocol
from herd.sim.engine.profile import Exponential, LogNormal, Profile, Uniform
from herd.sim.engine.programs import Call
from herd.sim.engine.simulation import Simulation
from herd.sim.engine.trace import Trace

class Echo(Protocol):
    def dataReceived(self, data):
        if b"fail" in data:
            raise ValueError("asked to")
        self.transport.write(data[: len(data) // 2])

class Talk(Protocol):
    def connectionMade(self):
        self.transport.registerProducer(self, True)
        self.say(0)

    def say(self, number):
        self.transport.write(b"x" * (number * 997 % 5000) + (b"fail" if number == 150 else b""))
        if number < 200 and self.transport.connected:
            self.factory.reactor.callLater(0.005 * (number % 7), self.say, number + 1)

    def dataReceived(self, data):
        if len(data) % 3 == 0:
            self.transport.write(b"y" * 10)

    def pauseProducing(self):
        pass

    def resumeProducing(self):
        pass

    def stopProducing(self):
        pass

def listen(reactor):
    reactor.listenTCP(7, Factory.forProtocol(Echo))

def dial(reactor):
    factory = ClientFactory.forProtocol(Talk)
    factory.noisy = False
    factory.reactor = reactor
    factory.clientConnectionLost = lambda connector, reason: reactor.callLater(0.1, connector.connect)
    reactor.connectTCP("10.0.0.1", 7, factory)

latencies = (Uniform(1, 20), LogNormal(5, 0.5), Exponential(3, 1))
simulation = Simulation(7, trace=Trace() if sys.argv[1:] else None)
seen = []
simulation.on_write = lambda pipe, data: seen.append(("wrote", pipe.flow, len(data), pipe.outstanding))
simulation.on_read = lambda pipe, data: seen.append(("read", pipe.flow, len(data), pipe.is_opaque))
simulation.host("server").start(Call(listen))
for number, latency in enumerate(latencies * 2):
    own = Profile(latency=latency, loss=0.02, cut=0.1, join_ms=number % 2 * 3.0, window_bytes=4096)
    simulation.host(f"client{number}", profile=own).start(Call(dial))
there = simulation.network.link(simulation.hosts["client0"], simulation.hosts["server"])
simulation.at(0.4, there.block)
simulation.at(0.9, there.unblock)
simulation.at(1.0, simulation.hosts["client1"].pause)
simulation.at(1.2, simulation.hosts["client1"].resume)
simulation.at(1.5, simulation.hosts["client2"].power_off)
simulation.at(1.7, simulation.hosts["client2"].restart)
simulation.run(4)
assert len(seen) > 3000 and simulation.problems, len(seen)
print(hash(tuple(seen)), len(simulation.problems), simulation.events)
print(simulation.trace and simulation.trace.digest())
simulation.close()
"""

DATAGRAMS = """
import sys
from twisted.internet.error import MessageLengthError
from twisted.internet.protocol import DatagramProtocol
from herd.sim.engine.profile import LogNormal, Profile, Uniform
from herd.sim.engine.programs import Call
from herd.sim.engine.simulation import Simulation
from herd.sim.engine.trace import Trace

heard = []

class Talk(DatagramProtocol):
    def __init__(self, reactor, name, peer, connects):
        self.reactor, self.name, self.peer, self.connects = reactor, name, peer, connects

    def startProtocol(self):
        if self.connects:
            self.transport.connect(*self.peer)
        self.say(0)

    def say(self, number):
        if self.transport is None:
            return
        for address in [self.peer, ("127.0.0.1", 7), ("10.0.0.2", 9)][: 1 if self.connects else 3]:
            self.transport.write(b"%d " % number + b"x" * (number * 997 % 3000), address)
        if number == 60:
            try:
                self.transport.write(b"x" * 65_508, self.peer)
            except MessageLengthError as error:
                heard.append((self.name, str(error)))
        if number < 200:
            self.reactor.callLater(0.005 * (number % 7), self.say, number + 1)

    def datagramReceived(self, datagram, address):
        heard.append((self.name, self.reactor.seconds(), len(datagram), address))
        if b"77 " in datagram:
            raise ValueError("asked to")
        if len(datagram) % 3 == 0 and len(datagram) > 20:
            self.transport.write(datagram[:10], address)

    def connectionRefused(self):
        heard.append((self.name, "refused"))

def talk(reactor, name, peer, connects):
    port = reactor.listenUDP(7, Talk(reactor, name, peer, connects))
    if name == "c":
        reactor.callLater(0.8, port.stopListening)

latencies = (Uniform(1, 20), LogNormal(5, 0.5), Uniform(3, 3))
simulation = Simulation(7, trace=Trace() if sys.argv[1:] else None)
names = "abcdef"
for number, name in enumerate(names):
    own = Profile(
        latency=latencies[number % 3],
        loss=0.02 * (number % 2),
        duplicate=0.05 * (number == 4),
        reorder=0.1 * (number == 5),
    )
    simulation.host(name, profile=own)
for number, name in enumerate(names):
    peer = simulation.hosts[names[(number + 1) % 6]].address, 7
    simulation.hosts[name].start(Call(talk, name, peer, number == 1))
there = simulation.network.link(simulation.hosts["c"], simulation.hosts["d"])
simulation.at(0.2, there.block)
simulation.at(0.4, there.unblock)
simulation.at(0.5, simulation.hosts["d"].pause)
simulation.at(0.7, simulation.hosts["d"].resume)
simulation.at(0.9, simulation.hosts["e"].power_off)
simulation.at(1.2, simulation.hosts["e"].restart)
simulation.run(4)
assert len(heard) > 1000 and simulation.problems, len(heard)
print(hash(tuple(heard)), len(heard), len(simulation.problems), simulation.events, simulation.flows)
print(simulation.trace and simulation.trace.digest())
simulation.close()
"""


def output(code: str, *arguments: str, **environ: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": "0", **environ}
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_pure_parts_can_be_chosen() -> None:
    assert output(CHOSEN, HERD_PURE="1") == "herd.sim.engine.agenda herd.sim.engine.draws\n"


@pytest.mark.skipif(native.Agenda is agenda.Agenda, reason="nothing is compiled here")
def test_many_hosts_have_one_history_with_large_pages_and_without() -> None:
    assert output(FLOOD) == output(FLOOD, HERD_PURE="1")


@pytest.mark.skipif(native.PlainPipe is streams.PlainPipe, reason="nothing is compiled here")
@pytest.mark.parametrize("arguments", [(), ("traced",)])
def test_whatever_becomes_of_a_segment_has_one_history(arguments: tuple[str, ...]) -> None:
    assert output(STREAMS, *arguments) == output(STREAMS, *arguments, HERD_PURE="1")


@pytest.mark.skipif(native.PlainRoute is plaindatagrams.PlainRoute, reason="nothing is compiled here")
@pytest.mark.parametrize("arguments", [(), ("traced",)])
def test_whatever_becomes_of_a_datagram_has_one_history(arguments: tuple[str, ...]) -> None:
    assert output(DATAGRAMS, *arguments) == output(DATAGRAMS, *arguments, HERD_PURE="1")

"""Strangers at a neighbor's address: whoever dials it is told its own proof.

A server dies, and before it is back a stranger listens in its place. The others dial it as ever, say who they
are and prove it first, as dialers do. The stranger knows no secret; it says hello in the dead server's name
and sends the dialer's own proof back to it. Who takes that for a proof takes forged records next.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import frozen
from twisted.internet.protocol import Factory, Protocol

from herd.core.errors import LinkError
from herd.core.handshake import PROTOCOL_VERSION, Hello
from herd.sim.engine import current
from herd.sim.engine.faults import Crash
from herd.sim.engine.programs import Call
from herd.sim.herds.build import LINKS_PORT, NAME
from herd.sim.herds.strangers import PRESENT, forged_line

if TYPE_CHECKING:
    import random

    from twisted.internet.tcp import Connection

    from herd.sim.engine.simulation import Simulation


class _Reflection(Protocol):
    """A connection that a server has made to the impostor."""

    transport: Connection

    def __init__(self, name: str, source: random.Random) -> None:
        self._name = name
        self._source = source
        self._rest = b""

    def dataReceived(self, data: bytes) -> None:
        """Answer a hello with one in the dead server's name, and a proof with the same proof."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if line.startswith(b"HERD "):
                self.transport.write(self._hello(line))
            elif line.startswith(b"PROOF "):
                self.transport.write(line + b"\n" + self._records())

    def _hello(self, line: bytes) -> bytes:
        try:
            dialer = Hello.from_line(line)
        except LinkError:
            return b""
        return Hello(
            version=PROTOCOL_VERSION,
            herd=NAME,
            sender=self._name,
            receiver=dialer.sender,
            instance=f"{self._source.getrandbits(128):032x}",
            nonce=f"{self._source.getrandbits(128):032x}",
        ).to_line()

    def _records(self) -> bytes:
        """Return a record that nobody reported, and that would be taken."""
        return forged_line(self._source, [self._name], (), [PRESENT])


@frozen
class Usurp:
    """A server dies as by `kill -9`, and a stranger listens in its place until it is started again."""

    host: str

    def begin(self, simulation: Simulation) -> None:
        """Kill it, and listen."""
        Crash(self.host).begin(simulation)
        impostor = Call(partial(_listen, name=self.host))
        simulation.hosts[self.host]._launch(impostor, {}, f"impostor of {self.host}")  # noqa: SLF001 - not at each restart

    def end(self, simulation: Simulation) -> None:
        """Start the server again; all that ran on its host ends."""
        Crash(self.host).end(simulation)


def _listen(reactor: Any, *, name: str) -> None:
    assert current.process is not None
    source = current.process.random
    reactor.listenTCP(LINKS_PORT, Factory.forProtocol(lambda: _Reflection(name, source)))

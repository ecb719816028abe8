"""Names: what a hosted program learns when it asks the DNS, and how the DNS fails.

It knows the hosts' names and those that a scenario has set, and answers after a while. A name may change its
addresses; what was under way then is the old answer. A name, or the whole DNS, may fail: at once, as with a
server that says so, or after the 10 s after which a program's resolver gives up a server that is silent. As
with a real reactor a program cannot tell a name that fails from one that does not exist, but by the time.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address as IPv4
from typing import TYPE_CHECKING, Any, Final

from attrs import define, field, frozen
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IHostnameResolver, IHostResolution, IResolutionReceiver
from zope.interface import implementer

from herd.sim.engine import trace
from herd.sim.engine.delays import NS_PER_MS
from herd.sim.engine.profile import Latency, Uniform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from herd.sim.engine.chance import Stream
    from herd.sim.engine.process import Process

SILENCE_MS: Final = 10_000.0
"""How long glibc's resolver waits for a server in all: 5 s, twice."""
_EVERYTHING: Final = ""
_LATENCY: Final = Uniform(0.2, 2.0)


@define
class Names:
    """The DNS of a network. Names are the same in capitals."""

    latency: Latency = _LATENCY
    """How long it takes to answer."""
    _addresses: dict[str, tuple[str, ...]] = field(factory=dict, init=False)
    _latencies: dict[str, Latency] = field(factory=dict, init=False)
    _failures: dict[str, list[float | None]] = field(factory=dict, init=False)
    """By name, or for all of them: the faults that go on, each as long as it lets a program wait."""

    def set(self, name: str, *addresses: str) -> None:
        """Let the DNS answer `addresses` for a name from now on; none: there is no such name."""
        self._addresses[name.lower()] = addresses

    def addresses(self, name: str) -> tuple[str, ...]:
        """Return what is set for a name; nothing if there is no such name."""
        return self._addresses.get(name.lower(), ())

    def slow(self, name: str, latency: Latency) -> None:
        """Let the answers for one name take so long."""
        self._latencies[name.lower()] = latency

    def fail(self, name: str = _EVERYTHING, after_ms: float | None = None) -> None:
        """Let look-ups fail, of one name or of all, until `heal`.

        `after_ms`: how long a program waits for that, `SILENCE_MS` with a silent server; None: as long as for
        an answer. Faults add up: each `fail` wants its `heal`, with the same arguments.
        """
        self._failures.setdefault(name.lower(), []).append(after_ms)

    def heal(self, name: str = _EVERYTHING, after_ms: float | None = None) -> None:
        """End one `fail`."""
        self._failures[name.lower()].remove(after_ms)

    def look_up(self, name: str, stream: Stream) -> tuple[int, tuple[str, ...]]:
        """Return what a program learns that asks now, and in how many nanoseconds."""
        key = name.lower()
        delay_ns = self._latencies.get(key, self.latency).draw_ns(stream)
        failures = self._failures.get(key) or self._failures.get(_EVERYTHING)
        if not failures:
            return delay_ns, self._addresses.get(key, ())
        after_ms = failures[-1]
        return delay_ns if after_ms is None else round(after_ms * NS_PER_MS), ()


def numeric_address(name: str) -> str | None:
    """Return what a number stands for that is an address in another form, as "127.1"; None if it is none."""
    try:
        return None if not name.strip() == name != "" else str(IPv4(socket.inet_aton(name)))
    except (OSError, UnicodeError):
        return None


@implementer(IHostResolution)
@frozen
class _Resolution:
    name: str

    def cancel(self) -> None:
        """Do nothing: an answer that nobody waits for does no harm."""


@implementer(IHostnameResolver)
class SimulatedResolver:
    """The name resolver of one process."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def resolveHostName(
        self,
        resolutionReceiver: Any,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type] | None = None,
        transportSemantics: Any = "TCP",
    ) -> _Resolution:
        """Tell the receiver the addresses of a name, in a while."""
        receiver = IResolutionReceiver(resolutionReceiver)
        resolution = _Resolution(hostName)
        receiver.resolutionBegan(resolution)
        process = self._process
        simulation = process.simulation
        process.host.record(trace.RESOLVE, None, 0, 0, hostName.encode(errors="backslashreplace"))
        delay_ns, addresses = self._look_up(hostName)
        found: list[Any] = [
            kind(transportSemantics, address, portNumber)
            for address in addresses
            for kind in [IPv6Address if isIPv6Address(address) else IPv4Address]
            if addressTypes is None or kind in addressTypes
        ]
        simulation.schedule(simulation.now_ns + delay_ns, process, self._tell, (receiver, found))
        return resolution

    def _look_up(self, name: str) -> tuple[int, tuple[str, ...]]:
        """Return an answer, and how long it takes; what needs no DNS takes no time."""
        if isIPAddress(name) or isIPv6Address(name):
            return 0, (name,)
        if name.lower() == "localhost":
            return 0, ("127.0.0.1",)
        simulation = self._process.simulation
        if not simulation.network.names.addresses(name) and (number := numeric_address(name)) is not None:
            return 0, (number,)
        return simulation.network.names.look_up(name, simulation.chance.stream("names"))

    @staticmethod
    def _tell(receiver: Any, found: list[Any]) -> None:
        for each in found:
            receiver.addressResolved(each)
        receiver.resolutionComplete()

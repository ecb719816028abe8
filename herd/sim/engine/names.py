"""Names: what a hosted program learns when it asks the DNS.

The simulated network answers for its hosts' names and for those that a scenario has set, after a while.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen
from twisted.internet.abstract import isIPAddress
from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import IHostnameResolver, IHostResolution, IResolutionReceiver
from zope.interface import implementer

from herd.sim.engine import trace
from herd.sim.engine.profile import Uniform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from herd.sim.engine.process import Process

_DELAY = Uniform(0.2, 2.0)


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
        transportSemantics: str = "TCP",
    ) -> _Resolution:
        """Tell the receiver the addresses of a name, in a while."""
        receiver = IResolutionReceiver(resolutionReceiver)
        resolution = _Resolution(hostName)
        receiver.resolutionBegan(resolution)
        addresses: tuple[str, ...] = ()
        if addressTypes is None or IPv4Address in addressTypes:
            addresses = self._addresses(hostName)
        found = [IPv4Address(transportSemantics, each, portNumber) for each in addresses]  # type: ignore[arg-type]
        process = self._process
        simulation = process.simulation
        process.host.record(trace.RESOLVE, None, 0, 0, hostName.encode(errors="backslashreplace"))
        delay_ns = 0 if isIPAddress(hostName) else _DELAY.draw_ns(simulation.chance.stream("names"))
        simulation.schedule(simulation.now_ns + delay_ns, process, self._tell, (receiver, found))
        return resolution

    def _addresses(self, name: str) -> tuple[str, ...]:
        if isIPAddress(name):
            return (name,)
        if name.lower() == "localhost":
            return ("127.0.0.1",)
        return self._process.simulation.network.addresses(name)

    @staticmethod
    def _tell(receiver: Any, found: list[IPv4Address]) -> None:
        for each in found:
            receiver.addressResolved(each)
        receiver.resolutionComplete()

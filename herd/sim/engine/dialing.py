"""How a connection comes to stand: SYN, its answer, and the client's last word.

A host that is off or cut off does not answer, and the client's kernel asks again after 1 s, 2 s, 4 s, ...
(Linux's `tcp_syn_retries`: 6 times). Nobody at the port is an answer too: connection refused. The client is
connected after one round trip, the server's program sees it half a round trip later.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Final

from herd.sim.engine import trace
from herd.sim.engine.pipes import Pipe
from herd.sim.engine.streams import OPEN

if TYPE_CHECKING:
    from herd.sim.engine.agenda import Event
    from herd.sim.engine.host import Host
    from herd.sim.engine.network import Link
    from herd.sim.engine.sockets import TcpSocket

_RETRIES: Final = 6
_FIRST_RETRY_NS: Final = 1_000_000_000


class Dialing:
    """One attempt of a client's kernel to connect."""

    __slots__ = ("_address", "_client", "_flow", "_port", "_target")

    def __init__(self, client: TcpSocket, address: str, port: int) -> None:
        self._client = client
        self._address = address
        self._port = port
        self._target: Host | None = client.host.reach(address)
        self._flow = client.simulation.flow()

    def begin(self) -> None:
        """Send the first SYN."""
        host, target = self._client.host, self._target
        host.record(trace.CONNECT, target, self._flow, self._port)
        if host.simulation.on_dial is not None and target is not None:
            host.simulation.on_dial(host.name, target.name, self._port)
        self._ask(0)

    def _ask(self, attempt: int) -> None:
        client = self._client
        if not client.is_connecting:
            return
        simulation = client.simulation
        if attempt > _RETRIES:
            client.host.record(trace.TIMED_OUT, self._target, self._flow, 0)
            client.failed(errno.ETIMEDOUT)
            return
        if self._target is not None:
            there = self._link(client.host, self._target)
            if not there.loses():
                delay = there.delay_ns(simulation.now_ns, 0)
                simulation.schedule(simulation.now_ns + delay, self._target, self._asked, (attempt,))
                return
        self._ask_again(attempt)

    def _ask_again(self, attempt: int) -> None:
        simulation = self._client.simulation
        retry_ns = simulation.now_ns + (_FIRST_RETRY_NS << attempt)
        simulation.schedule(retry_ns, self._client.host, self._ask, (attempt + 1,))

    def missed(self, event: Event) -> None:
        """Send a SYN again that came while the server's power was off."""
        if event[3] == self._asked:
            self._ask_again(*event[4])

    def _asked(self, attempt: int) -> None:
        """Answer a SYN, at the server's kernel."""
        host = self._target
        client = self._client
        assert host is not None
        simulation = client.simulation
        back = self._link(host, client.host)
        if self._link(client.host, host).blocked or back.loses():
            self._ask_again(attempt)
            return
        listener: TcpSocket | None = host.bound("tcp", self._address, self._port)
        answer_ns = simulation.now_ns + back.delay_ns(simulation.now_ns, 0)
        if listener is None or not listener.is_listening:
            simulation.schedule(answer_ns, client.host, self._refused)
        elif listener.may_connect():
            simulation.schedule(answer_ns, client.host, self._answered, (listener, attempt))
        else:
            self._ask_again(attempt)

    def _refused(self) -> None:
        if self._client.is_connecting:
            self._client.host.record(trace.REFUSED, self._target, self._flow, 0)
            self._client.failed(errno.ECONNREFUSED)

    def _answered(self, listener: TcpSocket, attempt: int) -> None:
        """Take the answer to a SYN, at the client's kernel: the connection stands."""
        client = self._client
        host = self._target
        if not client.is_connecting or host is None:
            return
        there, back = self._link(client.host, host), self._link(host, client.host)
        if back.blocked:
            self._ask_again(attempt)
            return
        server = type(client)(listener.process)
        server.local = (self._address, self._port)
        server.peer = client.local
        outgoing = Pipe(client, server, there, back, self._flow)
        incoming = Pipe(server, client, back, there, self._flow)
        server.connected(incoming, outgoing)
        client.connected(outgoing, incoming)
        client.host.record(trace.CONNECTED, host, self._flow, 0)
        outgoing.push(OPEN)
        client.tell_connected()

    @staticmethod
    def _link(source: Host, target: Host) -> Link:
        return source.simulation.network.link(source, target)

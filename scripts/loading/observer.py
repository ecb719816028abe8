"""A link of one's own: it plays a server of the herd that only listens, and notes when each record comes.

It dials every neighbor of the server that it plays, shakes hands as that server would, and answers PING, so
that the link stays up. It sends no record. It takes no part in reconciliation either, neither begins one nor
answers: so no neighbor ever counts it as one that holds anything, and under the durability `neighbor` its
acknowledgements keep no promise.

It runs in a process of its own, so that what it reads does not delay the load, nor the load what it reads.
"""

from __future__ import annotations

import os
import random
import time
from typing import TYPE_CHECKING, Any, Final

from loading.observation import Observed
from loading.processors import busy_seconds
from loading.sightings import Sightings
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.defer import TimeoutError as TooLate
from twisted.internet.error import ConnectError
from twisted.internet.protocol import Factory, Protocol, connectionDone

from herd.config.secret import link_secret
from herd.core.errors import HerdError, LinkError
from herd.core.handshake import Handshake, Identity, State
from herd.server.build import Dialing
from herd.server.tls import check_peer
from herd.server.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from loading.observation import Observation
    from twisted.internet.interfaces import IAddress
    from twisted.internet.tcp import Connection
    from twisted.python.failure import Failure

_LOOK_S: Final = 0.05
_LINE_BYTES: Final = 100_000
"""No line of a link is nearly as long, under any limits that make sense."""
_QUIET_S: Final = 0.5
"""After the load a server that shows nothing new for so long has shown everything."""
_LATEST_S: Final = 5.0
"""For how long after the load records may still come."""


class ObserverLink(Protocol):
    """A link to one server. `up` fires when the handshake is done, or fails."""

    transport: Connection

    def __init__(self, observer: Observer, server: str, handshake: Handshake) -> None:
        self.up: Deferred[None] = Deferred()
        self._observer = observer
        self._server = server
        self._handshake = handshake
        self._rest = b""
        self._read = 0

    def connectionMade(self) -> None:
        """Speak first."""
        self.transport.setTcpNoDelay(True)
        self.transport.write(self._handshake.start())

    def dataReceived(self, data: bytes) -> None:
        """Take a chunk of input."""
        now_ns = time.monotonic_ns()
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        try:
            while lines and self._handshake.state is not State.DONE:
                self._shake_hands(lines.pop(0))
        except LinkError as error:
            self._fail(str(error))
            return
        if len(self._rest) > _LINE_BYTES:
            self._fail("sent a line that is too long")
            return
        records = [line for line in lines if line.startswith(b"AT ")]
        self._read += len(records)
        if len(records) < len(lines) and any(line.startswith(b"PING ") for line in lines):
            self.transport.write(b"PONG %d\n" % self._read)
        self._observer.sightings.take(self._server, records, now_ns)

    def _shake_hands(self, line: bytes) -> None:
        reply = self._handshake.receive(line)
        if self._observer.has_tls:
            check_peer(self.transport, self._server)
        self.transport.write(reply)
        if self._handshake.state is State.DONE:
            self.up.callback(None)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: ARG002 - Twisted's
        """Note that nothing more will come."""
        self._fail(
            "closed the link: it must name this server as its neighbor, and share its secret or authority"
        )

    def _fail(self, reason: str) -> None:
        if not self.up.called:
            self.up.errback(HerdError(f"cannot observe {self._server}: it {reason}"))
        elif not self._observer.is_over:
            self._observer.lost.append(f"{self._server}: {reason}")
        self.transport.abortConnection()


class ObserverFactory(Factory):
    """Makes the one link that it is given."""

    noisy = False

    def __init__(self, link: ObserverLink) -> None:
        self._link = link

    def buildProtocol(self, addr: IAddress | None) -> ObserverLink:  # noqa: ARG002 - Twisted's
        """Return it."""
        return self._link


class Observer:
    """All links of the server that is played."""

    def __init__(self, task: Observation, reactor: Any) -> None:
        self.is_over = False
        self.lost: list[str] = []
        self.sightings = Sightings(task.client_prefix, task.servers, task.offset_ns)
        self.has_tls = task.config.server(task.name).links.scheme == "tls"
        self._task = task
        self._world = World(reactor, time.time_ns, random.SystemRandom(), os.environ)
        self._links: list[ObserverLink] = []
        self._cpu_s = self._busy_s = self._since_s = 0.0

    async def connect(self) -> None:
        """Make every link; a `HerdError` says which one cannot be made."""
        config, name = self._task.config, self._task.name
        secret = link_secret(config, self._world.environ)
        own = Identity(herd=config.name, name=name, instance=self._world.token(), secret=secret)
        dialing = Dialing(config, name, self._world, self.lost.append)
        for server, endpoint in dialing.endpoints(config).items():
            handshake = Handshake("dialer", own, [server], self._world.token())
            link = ObserverLink(self, server, handshake)
            try:
                await endpoint.connect(ObserverFactory(link))
            except (ConnectError, OSError) as error:
                raise HerdError(f"cannot observe {server}: {error}") from None
            self._links.append(link)
            link.up.addTimeout(config.limits.handshake_timeout_s, self._world.reactor)
            try:
                await link.up
            except TooLate:
                raise HerdError(f"cannot observe {server}: its handshake takes too long") from None
        self._cpu_s, self._busy_s = time.process_time(), busy_seconds()
        self._since_s = self._world.reactor.seconds()

    async def rest(self, reports: int) -> None:
        """Wait until every server has shown so many reports, or shows nothing new any more."""
        reactor = self._world.reactor
        end_s = reactor.seconds() + _LATEST_S
        seen, since_s = dict(self.sightings.records), reactor.seconds()
        while min(self.sightings.records.values()) < reports and reactor.seconds() < end_s:
            if seen != self.sightings.records:
                seen, since_s = dict(self.sightings.records), reactor.seconds()
            if reactor.seconds() - since_s > _QUIET_S:
                break
            await _pause(reactor)

    async def close(self) -> Observed:
        """Close every link; return what was seen."""
        self.is_over = True
        for link in self._links:
            link.transport.loseConnection()
        await _pause(self._world.reactor)
        return Observed(
            servers=self.sightings.servers(),
            everywhere=self.sightings.everywhere(),
            lost=self.lost,
            cpu_s=time.process_time() - self._cpu_s,
            busy_s=busy_seconds() - self._busy_s,
            whole_s=self._world.reactor.seconds() - self._since_s,
        )


def run_observer(
    task: Observation, say: Callable[[Any], None], is_told: Callable[[], bool], told: Callable[[], Any]
) -> None:
    """Observe in this process: say when all links are up, end when told, and say what was seen."""
    from twisted.internet import reactor as global_reactor  # noqa: PLC0415 - only the process that runs it

    reactor: Any = global_reactor

    async def work() -> None:
        try:
            observer = Observer(task, reactor)
            await observer.connect()
            say(None)
            while not is_told():
                await _pause(reactor)
            await observer.rest(told())
            say(await observer.close())
        finally:
            reactor.stop()

    failures: list[Failure] = []
    reactor.callWhenRunning(lambda: ensureDeferred(work()).addErrback(failures.append))
    reactor.run(installSignalHandlers=False)
    for failure in failures:
        failure.raiseException()


def _pause(reactor: Any) -> Deferred[None]:
    waiting: Deferred[None] = Deferred()
    reactor.callLater(_LOOK_S, waiting.callback, None)
    return waiting

"""What clients of a simulated herd do: who says what to which server, and when.

Each client walks about, reports where it is to the server that it is near, and now and then goes over to
another one. It asks what is near others. Some clients do what real ones do and prototypes fail at: report
twice at once to two servers, report a time that is over, type nonsense.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import frozen

from herd.sim.scenario import Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from herd.sim.engine.chance import Stream
    from herd.sim.engine.simulation import Simulation

CLIENT_EPOCH_S: Final = 1_767_225_600
"""Clients' clocks show this at the beginning: their time and the servers' are alike."""

NONSENSE: Final = (
    "IAMAT",
    "IAMAT kiwi.cs.ucla.edu",
    "IAMAT kiwi +34.0-118.4 now",
    "WHATSAT kiwi 100 5",
    "WHATSAT kiwi 10 21",
    "HELLO",
    "AT Alford +0.1 kiwi +34.0-118.4 1.5",
    "",
)


@frozen
class Tell:
    """A client sends a line to a server."""

    client: str
    server: str
    line: str

    def begin(self, simulation: Simulation) -> None:
        """Send it."""
        simulation.scene.walker(self.client).say(self.server, self.line.encode() + b"\n")

    def end(self, simulation: Simulation) -> None:
        """Do nothing: what is said is said."""


@frozen
class Crowd:
    """A host tells a server of so many clients at once: a gateway, a bus full of phones."""

    client: str
    server: str
    count: int
    time_s: int

    def begin(self, simulation: Simulation) -> None:
        """Send it, in one write."""
        lines = [
            f"IAMAT crowd{number:05} {number % 90:+}.5{number % 180:+}.25 {self.time_s}.{number:09}\n"
            for number in range(self.count)
        ]
        simulation.scene.walker(self.client).say(self.server, "".join(lines).encode())

    def end(self, simulation: Simulation) -> None:
        """Do nothing: what is said is said."""


@frozen(kw_only=True)
class Work:
    """What all clients together do."""

    clients: int = 8
    """Enough that records differ everywhere, few enough that each of them changes often."""
    report_every_s: float = 2.0
    """Of one client, on average."""
    ask_share: float = 0.05
    """How many of the commands are WHATSAT."""
    nonsense_share: float = 0.02
    move_share: float = 0.2
    """How often a client goes over to another server."""
    twice_share: float = 0.1
    """How many reports go to two servers at once, with two positions, and times that are the same or a
    nanosecond apart: a tie, or nearly."""
    late_share: float = 0.1
    """How many reports carry a time that is already over."""
    crowd: int = 0
    """How many other clients are told of at once, now and then; 0: never."""
    crowd_every_s: float = 10.0

    def steps(self, stream: Stream, servers: Sequence[str], from_s: float, until_s: float) -> list[Step]:
        """Draw all that is said."""
        names = client_names(self.clients)
        steps = [
            step for name in names for step in self._of_one(stream, name, names, servers, from_s, until_s)
        ]
        at_s = from_s
        while self.crowd and (at_s := at_s + stream.uniform(0.0, 2.0 * self.crowd_every_s)) < until_s:
            time_s = CLIENT_EPOCH_S + int(at_s)
            steps.append(
                Step(round(at_s, 3), Crowd(stream.choice(names), stream.choice(servers), self.crowd, time_s))
            )
        return steps

    def _of_one(  # noqa: PLR0913, PLR0917 - who, among whom, where, when
        self,
        stream: Stream,
        name: str,
        names: Sequence[str],
        servers: Sequence[str],
        from_s: float,
        until_s: float,
    ) -> list[Step]:
        steps = []
        server = stream.choice(servers)
        at_s = from_s + stream.exponential(self.report_every_s)
        while at_s < until_s:
            when_s = round(at_s, 3)
            if stream.chance(self.move_share):
                server = stream.choice(servers)
            kind = stream.random()
            if kind < self.nonsense_share:
                steps.append(Step(when_s, Tell(name, server, stream.choice(NONSENSE))))
            elif kind < self.nonsense_share + self.ask_share:
                radius, bound = stream.integer(1, 50), stream.integer(1, 20)
                line = f"WHATSAT {stream.choice(names)} {radius} {bound}"
                steps.append(Step(when_s, Tell(name, server, line)))
            else:
                steps += self._reports(stream, name, server, servers, when_s)
            at_s += stream.exponential(self.report_every_s)
        return steps

    def _reports(
        self, stream: Stream, name: str, server: str, servers: Sequence[str], when_s: float
    ) -> list[Step]:
        late_s = stream.uniform(0.0, 10.0) if stream.chance(self.late_share) else 0.0
        told_ns = round((CLIENT_EPOCH_S + when_s - late_s) * 1000) * 1_000_000 + stream.integer(0, 999_999)
        told = [(server, told_ns)]
        if stream.chance(self.twice_share):
            told.append((stream.choice(servers), told_ns + stream.integer(-1, 1)))
        return [
            Step(when_s, Tell(name, each, f"IAMAT {name} {_position(stream)} {_time(time_ns)}"))
            for each, time_ns in told
        ]


def client_names(count: int) -> list[str]:
    """Return the names of so many clients; each is also a client id."""
    return [f"client{number:02}" for number in range(count)]


def _position(stream: Stream) -> str:
    return f"{stream.uniform(-90, 90):+010.6f}{stream.uniform(-180, 180):+011.6f}"


def _time(told_ns: int) -> str:
    seconds, nanoseconds = divmod(told_ns, 1_000_000_000)
    return f"{seconds}.{nanoseconds:09}"

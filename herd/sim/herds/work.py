"""What clients of a simulated herd do: who says what to which server, and when.

Each client walks about, reports where it is to the server that it is near, and now and then goes over to
another one. It asks what is near others. Some clients do what real ones do and prototypes fail at: report
twice at once to two servers, report the same again, report a time that is over, type nonsense. And some fall
silent long before the end: what becomes of their last report is covered up by no later one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import frozen

from herd.sim.herds.dialects import NONSENSE, Dialect
from herd.sim.scenario import Step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from herd.sim.engine.chance import Stream
    from herd.sim.engine.simulation import Simulation

CLIENT_EPOCH_S: Final = 1_767_225_600
"""Clients' clocks show this at the beginning: their time and the servers' are alike."""


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
    ids: str = "crowd"
    """What the ids of all begin with."""

    def begin(self, simulation: Simulation) -> None:
        """Send it, in one write."""
        lines = [
            f"IAMAT {self.ids}{number:05} {number % 90:+}.5{number % 180:+}.25 {self.time_s}.{number:09}\n"
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
    again_share: float = 0.05
    """How many reports are said once more a second later, to the same server or to another one."""
    strange_share: float = 0.2
    """How many ids, and how many lines, are spelled as few clients do, though they may."""
    silent_share: float = 0.4
    """How many clients say nothing more from some moment on."""
    fresh_ids: bool = False
    """Whether each report is of a client of its own: then no later one covers up that one was lost."""
    crowd: int = 0
    """How many other clients are told of at once, now and then; 0: never."""
    crowd_every_s: float = 10.0

    def steps(self, stream: Stream, servers: Sequence[str], from_s: float, until_s: float) -> list[Step]:
        """Draw all that is said."""
        names = client_names(self.clients)
        dialect = Dialect(stream, self.strange_share)
        ids = {name: dialect.client_id(name) for name in names}
        steps: list[Step] = []
        for name in names:
            is_silenced = not self.fresh_ids and stream.chance(self.silent_share)
            over_s = stream.uniform(from_s, until_s) if is_silenced else until_s
            steps += self._of_one(dialect, name, ids, servers, from_s, over_s)
        return steps + self._crowds(stream, names, servers, from_s, until_s)

    def _crowds(
        self, stream: Stream, names: Sequence[str], servers: Sequence[str], from_s: float, until_s: float
    ) -> list[Step]:
        steps: list[Step] = []
        ids = f"{stream.integer(0, 0xFFFF_FFFF):08x}-"
        at_s = from_s
        while self.crowd and (at_s := at_s + stream.uniform(0.0, 2.0 * self.crowd_every_s)) < until_s:
            time_s = CLIENT_EPOCH_S + int(at_s)
            own_ids = f"{ids}{len(steps)}-" if self.fresh_ids else ids
            crowd = Crowd(stream.choice(names), stream.choice(servers), self.crowd, time_s, own_ids)
            steps.append(Step(round(at_s, 3), crowd))
        return steps

    def _of_one(  # noqa: PLR0913, PLR0917 - who, among whom, where, when
        self,
        dialect: Dialect,
        name: str,
        ids: Mapping[str, str],
        servers: Sequence[str],
        from_s: float,
        until_s: float,
    ) -> list[Step]:
        steps = []
        stream = dialect.stream
        fresh: list[str] = []
        server = stream.choice(servers)
        at_s = from_s + stream.exponential(self.report_every_s)
        while at_s < until_s:
            when_s = round(at_s, 3)
            if stream.chance(self.move_share):
                server = stream.choice(servers)
            kind = stream.random()
            if kind < self.nonsense_share:
                line = stream.choice(NONSENSE) + stream.choice(("", "\r"))
                steps.append(Step(when_s, Tell(name, server, line)))
            elif kind < self.nonsense_share + self.ask_share:
                asked = fresh[-1] if fresh else stream.choice(tuple(ids.values()))
                line = dialect.line("WHATSAT", asked, dialect.radius(), str(stream.integer(1, 20)))
                steps.append(Step(when_s, Tell(name, server, line)))
            else:
                client_id = ids[name]
                if self.fresh_ids:
                    client_id = dialect.client_id(f"{name}.{len(fresh)}")
                    fresh.append(client_id)
                steps += self._reports(dialect, name, client_id, server, servers, when_s)
            at_s += stream.exponential(self.report_every_s)
        return steps

    def _reports(  # noqa: PLR0913, PLR0917 - who, of whom, where, when
        self,
        dialect: Dialect,
        name: str,
        client_id: str,
        server: str,
        servers: Sequence[str],
        when_s: float,
    ) -> list[Step]:
        stream = dialect.stream
        late_s = stream.uniform(0.0, 10.0) if stream.chance(self.late_share) else 0.0
        told_ns = round((CLIENT_EPOCH_S + when_s - late_s) * 1000) * 1_000_000 + stream.integer(0, 999_999)
        told = [(server, told_ns)]
        if stream.chance(self.twice_share):
            told.append((stream.choice(servers), told_ns + stream.integer(-1, 1)))
        steps = []
        for each, time_ns in told:
            fields = "IAMAT", client_id, dialect.position(), dialect.time(time_ns)
            steps.append(Step(when_s, Tell(name, each, dialect.line(*fields))))
            if stream.chance(self.again_share):
                where = stream.choice((each, stream.choice(servers)))
                again = Tell(name, where, dialect.line(*fields))
                steps.append(Step(round(when_s + _AGAIN_S, 3), again))
        return steps


_AGAIN_S: Final = 1.0
"""How long a client waits before it says the same again: by then most have had their answer."""


def client_names(count: int) -> list[str]:
    """Return the names of so many clients, which are those of their hosts; ids begin with them."""
    return [f"client{number:02}" for number in range(count)]

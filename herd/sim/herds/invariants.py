"""What always holds, by the names in the contract of replication, judged when a run is over.

What clients saw is judged by the checker, which knows four of the invariants: never goes back, promises kept,
no strangers, answers. The other three, and what strangers were told, are seen from inside: what servers hold
at the end, what went over links, and how large things grew.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from attrs import define, field

from herd.core.cache import SHARDS
from herd.core.record import received_ns
from herd.sim.herds.checker import Holdings, check
from herd.sim.herds.violation import INVARIANTS, Invariant, Violation, at_s, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from herd.core.replica import Replica
    from herd.server.node import Node
    from herd.sim.herds.circumstances import Circumstances
    from herd.sim.herds.history import History

ALLOWED: Final = re.compile(rb"(?:HERD [^\n]*\n)?|\x15\x03.*", re.DOTALL)
"""What a stranger on a port for neighbors may be told: one HERD line, or an alert of TLS."""

MOST_PER_CONNECTION: Final = 2
"""How often a record may go over one connection in one direction while caches are compared: once because it
is news, and once because the neighbor asked for it before that arrived."""


def records_of(replica: Replica) -> dict[bytes, bytes]:
    """Return all that a server holds: client id -> AT line."""
    return {
        client_id: line for shard in range(SHARDS) for client_id, line in replica.cache.shard(shard).items()
    }


@define
class Peaks:
    """The most that was seen of what must stay bounded; look now and then."""

    outbox: int = 0
    records: int = 0
    strangers: int = 0
    clients: int = 0
    _overfull: dict[str, Violation] = field(factory=dict)

    def look(self, server: str, node: Node, reported: int) -> None:
        """Look at a server; `reported` is how many clients have reported so far, in the whole herd."""
        replica, neighbors, limits = node.clients.replica, node.neighbors, node.clients.limits
        for name, outbox in replica.flood.outboxes.items():
            size = len(outbox)
            if size:
                self.outbox = max(self.outbox, size)
                self._compare(server, f"records owed to {name}", size, reported)
        self.records = max(self.records, len(replica.cache))
        self._compare(server, "records", len(replica.cache), min(limits.clients_held, reported))
        self.strangers = max(self.strangers, len(neighbors.strangers))
        self._compare(server, "links without a handshake", len(neighbors.strangers), limits.handshakes)
        self.clients = max(self.clients, node.clients.admitted)
        self._compare(server, "clients", node.clients.admitted, limits.connections)

    def violations(self) -> list[Violation]:
        """Return what was too large, each once."""
        return list(self._overfull.values())

    def _compare(self, server: str, what: str, count: int, most: int) -> None:
        if count > most:
            text = f"{server} had {count} {what}, and {most} are the most"
            self._overfull.setdefault(f"{server} {what}", Violation("bounded", "too many", text))


def converges(held: Holdings, circumstances: Circumstances, now_ns: int) -> list[Violation]:
    """Once the herd has settled, servers that can reach each other hold the same records.

    A record that may be expired by now may be held by some and not by others.
    """
    settled_ns = circumstances.settled_ns
    if settled_ns is None or now_ns < settled_ns or circumstances.may_be_of_the_future:
        return []
    violations = []
    for part in circumstances.parts:
        first, *others = [name for name in part if name in held] or [""]
        for other in others:
            for client_id in {**held[first], **held[other]}:
                one, two = held[first].get(client_id), held[other].get(client_id)
                if one != two and not any(
                    line is not None and circumstances.may_be_expired_anywhere(received_ns(line), now_ns)
                    for line in (one, two)
                ):
                    text = (
                        f"{first} holds {shown(one)} and {other} {shown(two)} at {at_s(now_ns)}, though all "
                    )
                    text += f"was well since {at_s(circumstances.calm_ns)}"
                    violations.append(Violation("converges", "different records", text))
    return violations


def terminates(
    copies: Mapping[tuple[str, str, bytes], int],
    circumstances: Circumstances,
    connections: Mapping[tuple[str, str], int] | None = None,
) -> list[Violation]:
    """One update causes at most one message per direction of each link.

    `copies` says how often one server sent another an AT line. It was once at most if the record was made
    when the herd had settled. Before, caches are compared whenever a link comes up, so that a record may go
    over each of the `connections` between two servers (counted under both orders of their names) once more.
    """
    settled_ns = circumstances.settled_ns
    violations = []
    for (source, target, line), count in copies.items():
        if count <= 1:
            continue
        most: int | None = None
        if settled_ns is not None and received_ns(line) >= _latest_ns(circumstances, settled_ns):
            most = 1
        elif connections is not None:
            most = MOST_PER_CONNECTION * connections.get((source, target), 0)
        if most is not None and count > most:
            text = f"{source} sent {shown(line)} to {target} {count} times; {most} would do"
            violations.append(Violation("terminates", "sent again", text))
    return violations


def _latest_ns(circumstances: Circumstances, now_ns: int) -> int:
    """Return the most that any server's clock may show at a moment."""
    return max(circumstances.wall_ns(server, now_ns, now_ns)[1] for server in circumstances.neighbors)


def strangers_told(history: History) -> list[Violation]:
    """Find strangers on ports for neighbors who were told more than one HERD line."""
    return [
        Violation(
            "no strangers",
            "told a stranger",
            f"{each.server} told {each.client} {shown(each.told)} after {shown(each.said)}",
        )
        for each in history.encounters
        if not ALLOWED.fullmatch(each.told)
    ]


def judge(  # noqa: PLR0913 - all that may be known of a run
    history: History,
    circumstances: Circumstances,
    *,
    held: Holdings | None = None,
    copies: Mapping[tuple[str, str, bytes], int] | None = None,
    connections: Mapping[tuple[str, str], int] | None = None,
    peaks: Peaks | None = None,
) -> dict[Invariant, list[Violation]]:
    """Judge a run; return, for each invariant in the order of the contract, what broke it."""
    now_ns = history.end_ns if history.end_ns is not None else history.now_ns()
    found = check(history, circumstances, held) + strangers_told(history)
    if held is not None:
        found += converges(held, circumstances, now_ns)
    if copies is not None:
        found += terminates(copies, circumstances, connections)
    if peaks is not None:
        found += peaks.violations()
    return {name: [each for each in found if each.invariant == name] for name in INVARIANTS}

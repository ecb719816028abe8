"""What always holds, by the names in the contract of replication, judged when a run is over.

What clients saw is judged by the checker, which knows four of the invariants: never goes back, promises kept,
no strangers, answers. The other three, and what strangers were told, are seen from inside: what servers hold
at the end, what went over links, and how large things grew.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from herd.core.cache import SHARDS
from herd.core.record import received_ns
from herd.sim.herds.checker import Holdings, check
from herd.sim.herds.genuine import Genuine
from herd.sim.herds.violation import INVARIANTS, Invariant, Violation, at_s, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from herd.core.replica import Replica
    from herd.sim.herds.circumstances import Circumstances
    from herd.sim.herds.history import Encounter, History
    from herd.sim.herds.peaks import Peaks

_NS_PER_S: Final = 10**9
ALLOWED: Final = re.compile(rb"(HERD [^\n]*\n)?|\x15\x03.*", re.DOTALL)
"""What a stranger on a port for neighbors may be told: one HERD line, or an alert of TLS."""
_HELLO: Final = re.compile(rb"HERD [0-9]+ ([^ \n]+) ([^ \n]+) ([^ \n]+) [^ \n]+ [^ \n]+")
"""What is answered with a HERD line: the herd, who says it, and whom it is said to."""
_LEAVE_NS: Final = 2 * _NS_PER_S
"""How much longer than a handshake may take a stranger may see its connection: two ways, and some air."""
_SWEEP_NS: Final = 3 * _NS_PER_S
"""How long after its end a record may still be in memory: servers sweep once a second."""

MOST_PER_CONNECTION: Final = 2
"""How often a record may go over one connection in one direction while caches are compared: once because it
is news, and once because the neighbor asked for it before that arrived."""


def records_of(replica: Replica) -> dict[bytes, bytes]:
    """Return all that a server holds: client id -> AT line."""
    return {
        client_id: line for shard in range(SHARDS) for client_id, line in replica.cache.shard(shard).items()
    }


def converges(
    held: Holdings,
    circumstances: Circumstances,
    now_ns: int,
    may_be_evicted: Callable[[int], bool] = lambda _: False,
) -> list[Violation]:
    """Once the herd has settled, servers that can reach each other hold the same records.

    A record that may be expired by now, or of the future still, may be held by some and not by others. So may
    one that was received so long ago that there were enough younger ones to fill a cache: where a client has
    reported to two servers, its greater record may be the elder one, and who makes room for whom then hangs
    on which of them comes first.
    """
    settled_ns = circumstances.settled_ns
    if settled_ns is None or now_ns < settled_ns:
        return []
    violations = []
    for part in circumstances.parts:
        first, *others = [name for name in part if name in held] or [""]
        for other in others:
            for client_id in {**held[first], **held[other]}:
                one, two = held[first].get(client_id), held[other].get(client_id)
                if one != two and not any(
                    line is not None
                    and (
                        _may_be_lacked(received_ns(line), circumstances, now_ns)
                        or may_be_evicted(received_ns(line))
                    )
                    for line in (one, two)
                ):
                    text = (
                        f"{first} holds {shown(one)} and {other} {shown(two)} at {at_s(now_ns)}, though all "
                    )
                    text += f"was well since {at_s(circumstances.calm_ns)}"
                    violations.append(Violation("converges", "different records", text))
    return violations


def _may_be_lacked(received_ns: int, circumstances: Circumstances, now_ns: int) -> bool:
    """Tell whether a record may be at one server and not at another though the herd has settled."""
    return circumstances.may_be_expired_anywhere(received_ns, now_ns) or (
        circumstances.may_be_refused(received_ns, now_ns)
    )


def terminates(
    copies: Mapping[tuple[str, str, bytes], int],
    circumstances: Circumstances,
    connections: Mapping[tuple[str, str], int] | None = None,
) -> list[Violation]:
    """One update causes at most one message per direction of each link.

    `copies` says how often one server sent another an AT line. It was once at most if the record was made
    when the herd had settled. Before, caches are compared whenever a link comes up, so that a record may go
    over each of the `connections` between two servers (counted under both orders of their names) once more;
    and whoever refuses records of the future is sent them again and again.
    """
    settled_ns = circumstances.settled_ns
    violations = []
    for (source, target, line), count in copies.items():
        if count <= 1:
            continue
        most: int | None = None
        if settled_ns is not None and received_ns(line) >= _latest_ns(circumstances, settled_ns):
            most = 1
        elif connections is not None and not circumstances.may_refuse:
            most = MOST_PER_CONNECTION * connections.get((source, target), 0)
        if most is not None and count > most:
            text = f"{source} sent {shown(line)} to {target} {count} times; {most} would do"
            violations.append(Violation("terminates", "sent again", text))
    return violations


def _latest_ns(circumstances: Circumstances, now_ns: int) -> int:
    """Return the most that any server's clock may show at a moment."""
    return max(circumstances.wall_ns(server, now_ns, now_ns)[1] for server in circumstances.neighbors)


def swept(held: Holdings, circumstances: Circumstances, now_ns: int) -> list[Violation]:
    """Find records that are still in memory though their time was over seconds ago."""
    if round(circumstances.limits.record_lifetime_s * _NS_PER_S) > now_ns:
        return []
    over_ns = now_ns - _SWEEP_NS
    return [
        Violation(
            "bounded", "not swept", f"{server} still has {shown(line)} at {at_s(now_ns)}; its time is over"
        )
        for server, records in held.items()
        for line in records.values()
        if circumstances.is_expired(received_ns(line), server, over_ns)
    ]


def strangers_told(history: History, circumstances: Circumstances) -> list[Violation]:
    """Find strangers on ports for neighbors who were told more than one HERD line, or that for nothing.

    A server says who it is only to who names its herd, itself, and one of its neighbors. While it is down it
    is somebody else who listens there.
    """
    return [
        Violation(
            "no strangers",
            "told a stranger",
            f"{each.server} told {each.client} {shown(each.told)} after {shown(each.said)}",
        )
        for each in history.encounters
        if not _may_be_told(each, circumstances)
        and not circumstances.may_have_forgotten(each.server, each.begin_ns, each.begin_ns)
    ]


def _may_be_told(encounter: Encounter, circumstances: Circumstances) -> bool:
    told = ALLOWED.fullmatch(encounter.told)
    if told is None or told[1] is None:
        return told is not None
    hello = _HELLO.fullmatch(encounter.said.partition(b"\n")[0])
    if hello is None:
        return False
    herd, sender, receiver = (each.decode("utf-8", "replace") for each in hello.groups())
    return (
        herd == (circumstances.herd or herd)
        and receiver == encounter.server
        and sender in circumstances.neighbors[receiver]
    )


def strangers_stay(history: History, circumstances: Circumstances, now_ns: int) -> list[Violation]:
    """Find strangers who did not show who they are, and were not sent away when the time for it was over."""
    most_ns = round(circumstances.limits.handshake_timeout_s * _NS_PER_S) + _LEAVE_NS
    return [
        Violation(
            "bounded", "a stranger stays", f"{each.client} was at {each.server} from {at_s(each.begin_ns)} on"
        )
        for each in history.encounters
        if (now_ns if each.end_ns is None else each.end_ns) - each.begin_ns > most_ns
        and not circumstances.may_have_forgotten(each.server, each.begin_ns, each.begin_ns + most_ns)
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
    found = check(history, circumstances, held)
    found += strangers_told(history, circumstances) + strangers_stay(history, circumstances, now_ns)
    if held is not None:
        genuine = Genuine(history, circumstances)
        found += converges(held, circumstances, now_ns, genuine.may_be_evicted)
        found += swept(held, circumstances, now_ns)
    if copies is not None:
        found += terminates(copies, circumstances, connections)
    if peaks is not None:
        found += peaks.violations()
    return {name: [each for each in found if each.invariant == name] for name in INVARIANTS}

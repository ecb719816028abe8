"""Whether some order of reports explains all that the clients of a herd were answered.

Each client id is a register, and its greatest record wins, in the order of records: client time as an exact
decimal, origin, the line's bytes. A server's register only grows. An operation took effect at one moment
between its begin and its end, and operations of one session in their order; of two operations one came
before the other only if it ended before the other began. So nothing here guesses: a history is found wrong
only if no course of events explains it, given the circumstances (crashes, clocks, limits) of the run.

Every check is a walk in the order of time with a sorted list of what has been seen so far. So all of it takes
some ten microseconds for an operation, however the history looks.
"""

from __future__ import annotations

from bisect import insort
from operator import itemgetter
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from attrs import define, field

from herd.sim.herds.answering import Reader, Sighting, fields_of
from herd.sim.herds.circumstances import Circumstances
from herd.sim.herds.genuine import Genuine
from herd.sim.herds.history import Operation
from herd.sim.herds.protocol import exact, received_ns, time_of
from herd.sim.herds.sessions import check_sessions
from herd.sim.herds.violation import Violation, at_s, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
    from decimal import Decimal

    from herd.sim.herds.history import History

Key = TypeVar("Key", bound="Hashable")
Holdings: TypeAlias = "Mapping[str, Mapping[bytes, bytes]]"
"""Server -> client id -> AT line."""


def check(history: History, circumstances: Circumstances, held: Holdings | None = None) -> list[Violation]:
    """Return all that is wrong with a history, in the order of the operations that show it.

    `held` is what servers hold at the end, seen from inside. It is judged as if one last client had asked
    each of them for every client: such operations have numbers past those of the history.
    """
    violations: list[Violation] = []
    sightings = check_sessions(history, circumstances, Reader(), violations)
    if held is not None:
        sightings += _last_sightings(history, held)
    genuine = Genuine(history, circumstances)
    for client_id, seen in grouped(sightings, lambda each: each.client_id):
        register = Register(client_id, seen, genuine, circumstances)
        violations += register.check()
    return sorted(violations, key=lambda each: each.operations[-1].number if each.operations else -1)


def _last_sightings(history: History, held: Holdings) -> Iterator[Sighting]:
    reported = (each.command.split()[1] for each in history.operations if each.kind == "report")
    clients = dict.fromkeys([*reported, *(client_id for records in held.values() for client_id in records)])
    now_ns = history.end_ns if history.end_ns is not None else history.now_ns()
    number = len(history.operations)
    for session, (server, records) in enumerate(held.items(), start=len(history.sessions)):
        for client_id in clients:
            question = b"WHATSAT %b 0 0\n" % client_id
            asked = Operation(number, session, server, "query", question, now_ns, now_ns)
            yield Sighting(asked, client_id, records.get(client_id), now_ns, now_ns, is_from_inside=True)
            number += 1


@define
class Register:
    """All that was seen of one client."""

    client_id: bytes
    seen: list[Sighting]
    genuine: Genuine
    circumstances: Circumstances
    _first_seen: dict[bytes, Sighting] = field(init=False)

    def __attrs_post_init__(self) -> None:
        first_seen: dict[bytes, Sighting] = {}
        for each in self.seen:
            if each.line is not None:
                first = first_seen.get(each.line)
                if first is None or each.end_ns < first.end_ns:
                    first_seen[each.line] = each
        self._first_seen = first_seen
        ranks = {line: rank for rank, line in enumerate(sorted(first_seen, key=order))}
        for each in self.seen:
            if each.line is not None:
                each.rank = ranks[each.line]

    def check(self) -> Iterator[Violation]:
        """Yield what is wrong."""
        yield from self.genuine.check(self.client_id, self._first_seen)
        yield from self._acknowledged_older()
        yield from self._made_again()
        yield from self._outlived()
        yield from self._of_the_future()
        yield from self._went_back()
        yield from self._promises_broken()

    def _acknowledged_older(self) -> Iterator[Violation]:
        """Find reports that were answered with an older record: the answer is the newest that there is."""
        for each in self.seen:
            if each.operation.kind == "report" and each.line is not None:
                own_time = exact(each.operation.command.split()[3])
                if time_of(each.line) < own_time:
                    text = f"{each.operation.server} answered {shown(each.operation.command)} with the older "
                    yield Violation("answers", "older answer", text + shown(each.line), (each.operation,))

    def _made_again(self) -> Iterator[Violation]:
        """Find records that a server made of a report though it had one of it: that was only said again.

        Where another report has the same time, its record may have taken the place of the first meanwhile.
        """
        alike: dict[tuple[bytes, bytes], list[bytes]] = {}
        for line in self._first_seen:
            _, _, position, time = fields_of(line) or (b"",) * 4
            alike.setdefault((position, time), []).append(line)
        for line, others in ((line, lines) for lines in alike.values() if len(lines) > 1 for line in lines):
            later = self._first_seen[line]
            for each in self._shown_before(line, others):
                if not (self._may_forget(each, later) or self.genuine.has_rivals(self.client_id, line)):
                    text = f"{each.operation.server} made {shown(line)} of a report, though it had "
                    text += f"{shown(each.line)} of the same at {at_s(each.end_ns)}"
                    yield Violation("answers", "made again", text, (each.operation, later.operation))
                    break

    def _shown_before(self, line: bytes, others: list[bytes]) -> Iterator[Sighting]:
        """Yield where the origin of a record showed one of the others before it can have made this one."""
        made_ns = self.genuine.made_ns(self.client_id, line)
        for each in self.seen:
            is_origin = line.startswith(b"AT %b " % each.operation.server.encode())
            if is_origin and each.end_ns < made_ns and each.line != line and each.line in others:
                yield each

    def _outlived(self) -> Iterator[Violation]:
        """Find records that were shown when their time was over, by the clock of who showed them."""
        for each in self.seen:
            operation = each.operation
            if operation.kind != "query" or each.line is None or each.is_from_inside:
                continue
            server, begin_ns = operation.server, operation.begin_ns
            if self.circumstances.is_expired(received_ns(each.line), server, begin_ns):
                text = f"{server} showed {shown(each.line)} at {at_s(begin_ns)}, when its time was over"
                yield Violation("bounded", "expired record", text, (operation,))

    def _of_the_future(self) -> Iterator[Violation]:
        """Find neighbors' records that were shown though they are from too far in the future."""
        for each in self.seen:
            server = each.operation.server
            if (
                each.line is not None
                and self.circumstances.is_of_the_future(received_ns(each.line), server, each.end_ns)
                and not each.line.startswith(b"AT %b " % server.encode())
            ):
                text = f"{server} showed {shown(each.line)} at {at_s(each.end_ns)}, too far in the future"
                yield Violation("bounded", "record of the future", text, (each.operation,))

    def _went_back(self) -> Iterator[Violation]:
        """Find servers that show an older record than they have shown before."""
        found: dict[int, tuple[Sighting, Sighting]] = {}
        for _, seen in grouped(self.seen, lambda each: each.operation.server):
            entries = [(each.begin_ns, each.end_ns, each) for each in seen]
            for newer, older in went_back(entries, self._may_forget):
                found.setdefault(older.operation.number, (newer, older))
        for _, seen in grouped(self.seen, lambda each: each.operation.session):
            seen.sort(key=lambda each: each.operation.number)
            entries = [(place, place, each) for place, each in enumerate(seen)]
            for newer, older in went_back(entries, self._may_drop):
                found.setdefault(older.operation.number, (newer, older))
        for newer, older in found.values():
            text = (
                f"{older.operation.server} showed {shown(older.line)} (asked at {at_s(older.begin_ns)}) "
                f"after {shown(newer.line)} (answered at {at_s(newer.end_ns)})"
            )
            name = "forgotten client" if older.line is None else "went back"
            yield Violation("never goes back", name, text, (newer.operation, older.operation))

    def _may_drop(self, newer: Sighting, later: Sighting) -> bool:
        """Tell whether a server may have dropped a record since it showed it: expired, or evicted."""
        received_ns = self._received_ns(newer)
        server = newer.operation.server
        return self.circumstances.may_be_expired(received_ns, server, later.end_ns) or (
            self.genuine.may_be_evicted(received_ns)
        )

    def _received_ns(self, newer: Sighting) -> int:
        """Return when a record, or any that may have taken its place, was received at the earliest.

        A client's clock may run backwards from one of its reports to the next: then the greater record is the
        one that expires first, and leaves nothing of the other, whose place it took.
        """
        assert newer.line is not None
        return self.genuine.earliest_ns(self.client_id, newer.line)

    def _may_forget(self, newer: Sighting, later: Sighting) -> bool:
        """Tell whether a server may have lost a record that it showed: dropped, or died and not on disk."""
        server = newer.operation.server
        is_on_disk = newer.operation.kind == "report" and self.circumstances.durability_of(server) == "disk"
        return self._may_drop(newer, later) or (
            not is_on_disk and self.circumstances.may_have_forgotten(server, newer.begin_ns, later.end_ns)
        )

    def _promises_broken(self) -> Iterator[Violation]:
        """Find servers that show less than what any of them acknowledged, though the herd has settled."""
        circumstances = self.circumstances
        settled_ns = circumstances.settled_ns
        if settled_ns is None:
            return
        for part in circumstances.parts:
            later = [
                (each.begin_ns, each.end_ns, each)
                for each in self.seen
                if each.begin_ns >= settled_ns and each.operation.server in part
            ]
            promised = [
                (each.begin_ns, circumstances.due_ns(each.end_ns), each)
                for each in self.seen
                if each.operation.kind == "report"
                and (len(circumstances.parts) == 1 or each.operation.server in part)
            ]
            for newer, older in went_back(later, self._may_be_lost, promised):
                text = (
                    f"{newer.operation.server} acknowledged {shown(newer.line)} at {at_s(newer.end_ns)}, and "
                    f"{older.operation.server} showed {shown(older.line)} at {at_s(older.end_ns)}, though "
                    f"all was well since {at_s(circumstances.calm_ns)}"
                )
                yield Violation("promises kept", "lost report", text, (newer.operation, older.operation))

    def _may_be_lost(self, newer: Sighting, later: Sighting) -> bool:
        received_ns, circumstances = self._received_ns(newer), self.circumstances
        return (
            circumstances.may_be_expired_anywhere(received_ns, later.end_ns)
            or circumstances.may_be_refused(received_ns, later.end_ns)
            or self.genuine.may_be_evicted(received_ns)
            or circumstances.may_be_lost(newer.operation, later.end_ns)
        )


def order(line: bytes) -> tuple[Decimal, bytes, bytes]:
    """Return the key of the order of records."""
    fields = fields_of(line)
    assert fields is not None
    return exact(fields[3]), fields[0], line


Entry = tuple[int, int, Sighting]
"""When a sighting began and when it was over, on whatever scale, and the sighting."""


def went_back(
    later: list[Entry],
    is_excused: Callable[[Sighting, Sighting], bool],
    earlier: list[Entry] | None = None,
) -> Iterator[tuple[Sighting, Sighting]]:
    """Yield each sighting that is older than one that was over before it began, after the newest such.

    `earlier` are the same sightings unless given. What is excused once is excused for good: that may miss
    something, and never finds what is not there.
    """
    ended = sorted(later if earlier is None else earlier, key=itemgetter(1))
    so_far: list[tuple[int, int, Sighting]] = []  # the greatest last
    at = 0
    for begin, _, sighting in sorted(later, key=itemgetter(0)):
        while at < len(ended) and ended[at][1] < begin:
            newest = ended[at][2]
            if newest.rank >= 0:
                insort(so_far, (newest.rank, at, newest))
            at += 1
        while so_far and so_far[-1][0] > sighting.rank:
            if not is_excused(so_far[-1][2], sighting):
                yield so_far[-1][2], sighting
                break
            so_far.pop()


def grouped(
    sightings: Iterable[Sighting], key: Callable[[Sighting], Key]
) -> Iterable[tuple[Key, list[Sighting]]]:
    """Return sightings with one key together, in the order in which keys are first seen."""
    groups: dict[Key, list[Sighting]] = {}
    for each in sightings:
        groups.setdefault(key(each), []).append(each)
    return groups.items()

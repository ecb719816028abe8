"""Whether a record was ever reported, to the server that it names, at the time that it says.

The AT line is made once, by the server that a client reported to, from that server's name, the report's own
bytes and the moment at which it came. So a record is explained by a report alone: one to its origin, with
its client id, position and time, which was under way when the record was received, and whose own answer was
that very record, or is not known.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from typing import TYPE_CHECKING, Final

from herd.sim.herds.answering import fields_of
from herd.sim.herds.protocol import exact, received_ns, refusal, time_of
from herd.sim.herds.violation import Violation, at_s, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from decimal import Decimal

    from herd.sim.herds.answering import Sighting
    from herd.sim.herds.circumstances import Circumstances
    from herd.sim.herds.history import History, Operation

_ROUNDING_NS: Final = 1
"""What a difference with nine decimals may be off, where a time has more."""


class Genuine:
    """All reports of a history, and what records they explain."""

    def __init__(self, history: History, circumstances: Circumstances) -> None:
        self._circumstances = circumstances
        self._reports: dict[bytes, list[Operation]] = {}
        self._end_ns = max(
            [history.end_ns or 0, *(each.end_ns or each.begin_ns for each in history.operations)]
        )
        for each in history.operations:
            if each.kind == "report":
                self._reports.setdefault(each.command.split()[1], []).append(each)
        self._earliest_ns: dict[bytes, list[tuple[Decimal, int]]] = {}
        self._latest_ns = self._latest() if len(self._reports) > circumstances.limits.clients_held else []

    def may_be_evicted(self, since_ns: int) -> bool:
        """Tell whether a full cache may have had only younger records than one received at that time."""
        younger = len(self._latest_ns) - bisect_left(self._latest_ns, since_ns)
        return younger >= self._circumstances.limits.clients_held

    def earliest_ns(self, client_id: bytes, line: bytes) -> int:
        """Return when a record, or a greater one of its client, may have been received at the earliest."""
        earliest = self._earliest_ns.get(client_id)
        if earliest is None:
            earliest = self._earliest_ns[client_id] = self._earliest(client_id)
        place = bisect_left(earliest, (time_of(line), -math.inf))
        return min([received_ns(line), *(each for _, each in earliest[place : place + 1])])

    def made_ns(self, client_id: bytes, line: bytes) -> float:
        """Return when a record may have been made at the earliest: when a report that explains it left."""
        origin, _, position, time = fields_of(line) or (b"",) * 4
        reports = self._index(client_id).get((origin, position, time), [])
        return min((each.begin_ns for each in reports if _may_have_made(each, line)), default=-math.inf)

    def has_rivals(self, client_id: bytes, line: bytes) -> bool:
        """Tell whether other reports of a client have the very time of a record, however it is spelled."""
        own, time = [*(fields_of(line) or (b"",) * 4)[2:]], time_of(line)
        reports = (each.command.split()[2:] for each in self._reports.get(client_id, []))
        return any(fields != own and exact(fields[1]) == time for fields in reports)

    def check(self, client_id: bytes, first_seen: Mapping[bytes, Sighting]) -> Iterator[Violation]:
        """Yield what is wrong with the records of a client, given who saw each of them first."""
        made: dict[tuple[bytes, ...], int] = {}
        reports = self._index(client_id)
        for line, seen in first_seen.items():
            fields = fields_of(line)
            assert fields is not None
            origin, _, position, time = fields
            key = (origin, position, time)
            wrong = self._explain(line, seen, reports.get(key, []))
            if wrong is None:
                made[key] = made.get(key, 0) + 1
                if made[key] > len(reports[key]):
                    wrong = "altered difference", "there are more such records than such reports"
            elif key not in reports:
                wrong = self._nearest(client_id, *key)
            if wrong is not None:
                name, reason = wrong
                where = f"{seen.operation.server} showed {shown(line)} at {at_s(seen.end_ns)}"
                yield Violation("no strangers", name, f"{where}: {reason}", (seen.operation,))

    def _index(self, client_id: bytes) -> dict[tuple[bytes, ...], list[Operation]]:
        index: dict[tuple[bytes, ...], list[Operation]] = {}
        for each in self._reports.get(client_id, []):
            _, _, position, time = each.command.split()
            index.setdefault((each.server.encode(), position, time), []).append(each)
        return index

    def _explain(self, line: bytes, seen: Sighting, reports: list[Operation]) -> tuple[str, str] | None:
        """Return None for a record that one of the reports explains, or what is wrong with it."""
        begun = [each for each in reports if each.begin_ns <= seen.end_ns]
        if reports and not begun:
            return "record of the future", f"its report only left at {at_s(reports[0].begin_ns)}"
        received = received_ns(line)
        for each in begun:
            if _may_have_made(each, line):
                until_ns = seen.end_ns if each.end_ns is None else min(seen.end_ns, each.end_ns)
                least, most = self._circumstances.wall_ns(each.server, each.begin_ns, until_ns)
                if least - _ROUNDING_NS <= received <= most + _ROUNDING_NS:
                    return None
        return "altered difference", "it was not on its way to its origin at the time that it says"

    def _nearest(self, client_id: bytes, origin: bytes, position: bytes, time: bytes) -> tuple[str, str]:
        """Return what of a record that nobody reported is not as in any report."""
        reports = [(each, *each.command.split()[2:]) for each in self._reports.get(client_id, [])]
        if any((position, time) == (its_position, its_time) for _, its_position, its_time in reports):
            return "altered origin", f"it was never reported to {origin.decode('utf-8', 'replace')}"
        if any(time == its_time for _, _, its_time in reports):
            return "altered position", "no report of that client and time has that position"
        if any(position == its_position for _, its_position, _ in reports):
            return "altered time", "no report of that client and position has that time"
        return "unreported record", "nobody reported it"

    def _earliest(self, client_id: bytes) -> list[tuple[Decimal, int]]:
        """Return all times of a client in order, each with the earliest receipt of that or a later one."""
        found: list[tuple[Decimal, int]] = []
        earliest_ns: int | None = None
        times = sorted(
            (exact(each.command.split()[3]), self._circumstances.wall_ns(each.server, each.begin_ns, 0)[0])
            for each in self._reports.get(client_id, [])
        )
        for time, received in reversed(times):
            earliest_ns = received if earliest_ns is None else min(earliest_ns, received)
            found.append((time, earliest_ns))
        found.reverse()
        return found

    def _latest(self) -> list[int]:
        """Return when a record of each client may have been received at the latest, in order."""
        wall_ns, end_ns = self._circumstances.wall_ns, self._end_ns
        return sorted(
            max(
                wall_ns(each.server, 0, end_ns if each.end_ns is None else each.end_ns)[1] for each in reports
            )
            for reports in self._reports.values()
        )


def _may_have_made(report: Operation, line: bytes) -> bool:
    """Tell whether a server may have made a record of a report: then it answered with it, or not at all."""
    answer = report.answer
    return answer is None or answer.rstrip(b"\r\n") == line or answer == refusal(report.command)

"""What always holds, judged from what clients saw and what servers say at the end.

Each function judges one invariant of the contract and returns its breaches. They are pure: tests give them
histories that were never lived.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from attrs import define, field, frozen

from torturing.history import Breach, History, Life, Record, Sighting

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from herd.config.model import Durability

Holdings: TypeAlias = "Mapping[str, Mapping[bytes, Record | None]]"
"""What each server shows of each client at the end; None where it knows none."""

GROWTH_BYTES: Final = 64 * 2**20
"""What a server may grow: some hundred clients take nothing, so this is the interpreter's own slack."""
Key = TypeVar("Key", bound="Hashable")


@define
class Peaks:
    """The most that was seen of what must stay bounded."""

    outbox: int = 0
    growth_bytes: int = 0
    overfull: str = ""
    """An outbox that held more records than its server, in words."""
    _first_bytes: dict[Life, int] = field(factory=dict)

    def take_status(self, status: Mapping[str, Any]) -> None:
        """Look at the outboxes of a server."""
        for link in status["neighbors"]:
            self.outbox = max(self.outbox, link["outbox"])
            if link["outbox"] > status["records"]:
                self.overfull = (
                    f"{status['name']} owed {link['name']} {link['outbox']} of {status['records']} records"
                )

    def weigh(self, life: Life, memory_bytes: int) -> None:
        """Compare the memory of a server with what it took at first."""
        first = self._first_bytes.setdefault(life, memory_bytes)
        self.growth_bytes = max(self.growth_bytes, memory_bytes - first)


@frozen
class Quiet:
    """A herd at rest: records sent over each direction of a link while nothing, or one report, came in."""

    idle: int
    updates: tuple[Mapping[tuple[str, str], int], ...]


def converges(holdings: Holdings) -> list[Breach]:
    """Every server holds the same record of every client."""
    (first, reference), *others = holdings.items()
    return [
        Breach("converges", f"{name} has {_shown(held[client])} and {first} {_shown(record)}", (client,))
        for name, held in others
        for client, record in reference.items()
        if held[client] != record
    ]


def never_goes_back(history: History, durability: Durability) -> list[Breach]:
    """No server showed a record after a newer one of the same client.

    Within one life of a server that goes for all that it showed; under `disk` what it promised outlives it.
    """
    breaches = []
    for (life, client), sightings in _grouped(
        history.sightings, lambda each: (each.life, each.record.client)
    ):
        for newer, older in _went_back(sightings, sightings):
            breaches.append(_back(str(life), client, newer, older))
    if durability == "disk":
        by_server = _grouped(history.sightings, lambda each: (each.life.server, each.record.client))
        for (server, client), sightings in by_server:
            promised = [each for each in sightings if each.is_promise]
            for newer, older in _went_back(promised, sightings):
                if newer.life != older.life:
                    breaches.append(_back(server, client, newer, older))
    return breaches


def _went_back(earlier: Iterable[Sighting], later: Iterable[Sighting]) -> Iterable[tuple[Sighting, Sighting]]:
    """Yield each sighting that is older than one that was over before it began, with the newest such."""
    ended = sorted(earlier, key=lambda each: each.until_s)
    newest: Sighting | None = None
    at = 0
    for each in sorted(later, key=lambda each: each.since_s):
        while at < len(ended) and ended[at].until_s < each.since_s:
            if newest is None or ended[at].record > newest.record:
                newest = ended[at]
            at += 1
        if newest is not None and each.record < newest.record:
            yield newest, each


def promises_kept(history: History, holdings: Holdings, durability: Durability) -> list[Breach]:
    """Every server has each client's newest acknowledged report, or a newer one.

    Under `memory` an answer promises no more than that the server has it while it lives.
    """
    promised: dict[bytes, Sighting] = {}
    for sighting in history.sightings:
        if sighting.is_promise and (durability != "memory" or sighting.life not in history.deaths):
            held = promised.get(sighting.record.client)
            if held is None or sighting.record.time > held.record.time:
                promised[sighting.record.client] = sighting
    breaches = []
    for client, sighting in promised.items():
        for name, shown in holdings.items():
            record = shown[client]
            if record is None or record.time < sighting.record.time:
                text = (
                    f"{sighting.life} acknowledged {_shown(sighting.record)} at {sighting.until_s:.3f} s, "
                    f"and {name} has {_shown(record)}"
                )
                breaches.append(Breach("promises kept", text, (client,)))
    return breaches


def no_strangers(history: History, holdings: Holdings, records: Mapping[str, int]) -> list[Breach]:
    """Whatever a server showed, a writer had reported; and no server holds a client that nobody reported."""
    shown = [sighting.record for sighting in history.sightings]
    shown += [record for held in holdings.values() for record in held.values() if record is not None]
    breaches = [
        Breach("no strangers", f"nobody reported {_shown(record)}", (record.client,))
        for record in dict.fromkeys(shown)
        if not history.is_genuine(record)
    ]
    for name, count in records.items():
        known = sum(record is not None for record in holdings[name].values())
        if count != known:
            breaches.append(
                Breach("no strangers", f"{name} holds {count} records, of which {known} are known")
            )
    return breaches


def terminates(quiet: Quiet) -> list[Breach]:
    """At rest nothing is sent; one report is sent at most once over each direction of a link."""
    breaches = []
    if quiet.idle:
        breaches.append(Breach("terminates", f"{quiet.idle} records were sent with nothing to send"))
    for number, sent in enumerate(quiet.updates, 1):
        for (name, other), count in sent.items():
            if count > 1:
                text = f"report {number} made {name} send {count} records to {other}"
                breaches.append(Breach("terminates", text))
    return breaches


def bounded(peaks: Peaks) -> list[Breach]:
    """No outbox was larger than the cache, and no server grew."""
    breaches = [Breach("bounded", peaks.overfull)] if peaks.overfull else []
    if peaks.growth_bytes > GROWTH_BYTES:
        breaches.append(Breach("bounded", f"a server grew by {peaks.growth_bytes / 2**20:.0f} MiB"))
    return breaches


def _grouped(
    sightings: Iterable[Sighting], key: Callable[[Sighting], Key]
) -> Iterable[tuple[Key, list[Sighting]]]:
    groups: defaultdict[Key, list[Sighting]] = defaultdict(list)
    for each in sightings:
        groups[key(each)].append(each)
    return groups.items()


def _back(where: str, client: bytes, newer: Sighting, older: Sighting) -> Breach:
    text = (
        f"{where} showed {_shown(older.record)} (life {older.life.number}, asked at {older.since_s:.3f} s) "
        f"after {_shown(newer.record)} (life {newer.life.number}, answered at {newer.until_s:.3f} s)"
    )
    return Breach("never goes back", text, (client,))


def _shown(record: Record | None) -> str:
    return "nothing" if record is None else record.line.decode(errors="backslashreplace")

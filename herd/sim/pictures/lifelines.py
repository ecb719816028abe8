"""What holds for a while: when programs run on a host, and which faults concern it.

A fault ends with the HEAL of the same text, or else with the picture. One that names hosts concerns them, one
that names none concerns all. One that names two groups of hosts in parentheses is between them.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from herd.sim.engine.trace import Kind
from herd.sim.pictures.words import readable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from herd.sim.engine.tracefile import Event

_NAME: Final = re.compile(r"[\w.-]+")
_GROUP: Final = re.compile(r"\(([^()]*)\)")


@frozen
class Span:
    """A time from `from_ns` until `until_ns`; None: it has not ended."""

    from_ns: int
    until_ns: int | None = None


@frozen
class Band:
    """A fault, the time that it lasts, and the hosts that it concerns, in the order of the picture.

    Of a fault between two groups, `others` is the second.
    """

    text: str
    hosts: tuple[str, ...]
    others: frozenset[str]
    span: Span


class Lifelines:
    """Feed it every event from the beginning of the trace."""

    def __init__(self, hosts: Iterable[str]) -> None:
        self._hosts = tuple(hosts)
        self._running: Counter[str] = Counter()
        self._spans: defaultdict[str, list[Span]] = defaultdict(list)
        self._bands: list[Band] = []
        self._open: dict[tuple[str, str, bytes], list[int]] = {}

    def feed(self, event: Event) -> None:
        """Take the next event."""
        if event.kind is Kind.START:
            self._start(event)
        elif event.kind is Kind.EXIT:
            self._exit(event)
        elif event.kind is Kind.FAULT:
            self._fault(event)
        elif event.kind is Kind.HEAL:
            faults = self._open.get((event.host, event.peer, event.data))
            if faults:
                self._end(faults.pop(0), event.time_ns)

    def running(self, host: str) -> list[Span]:
        """Return when at least one program runs on a host; always, where none was ever started."""
        return self._spans[host] or [Span(-1)]

    def bands(self, from_ns: int, hosts: Iterable[str]) -> list[Band]:
        """Return the faults that last at `from_ns` or begin later, and concern one of `hosts`."""
        chosen = tuple(hosts)
        found = []
        for band in self._bands:
            concerned = tuple(name for name in chosen if name in band.hosts)
            if concerned and (band.span.until_ns is None or band.span.until_ns >= from_ns):
                found.append(evolve(band, hosts=concerned))
        return found

    def _start(self, event: Event) -> None:
        self._running[event.host] += 1
        if self._running[event.host] == 1:
            self._spans[event.host].append(Span(event.time_ns))

    def _exit(self, event: Event) -> None:
        running = self._running[event.host]
        self._running[event.host] = max(running - 1, 0)
        if running == 1:
            self._spans[event.host][-1] = evolve(self._spans[event.host][-1], until_ns=event.time_ns)

    def _fault(self, event: Event) -> None:
        self._open.setdefault((event.host, event.peer, event.data), []).append(len(self._bands))
        words = readable(event.data)
        groups = [frozenset(_NAME.findall(each)) & frozenset(self._hosts) for each in _GROUP.findall(words)]
        others = groups[1] if len(groups) > 1 and groups[0] else frozenset()
        self._bands.append(Band(words, self._concerned(event), others, Span(event.time_ns)))

    def _end(self, number: int, time_ns: int) -> None:
        band = self._bands[number]
        self._bands[number] = evolve(band, span=Span(band.span.from_ns, time_ns))

    def _concerned(self, event: Event) -> tuple[str, ...]:
        named = {event.host, event.peer, *_NAME.findall(readable(event.data))}
        return tuple(name for name in self._hosts if name in named) or self._hosts

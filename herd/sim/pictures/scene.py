"""What a space-time diagram shows: hosts, arrows between them, marks on them, faults. No coordinates.

A trace is read once, up to the end of the window. Of what a program does alone (timers, threads, lookups of
names) nothing is shown. A picture of more than some thousand things cannot be read: the first ones are shown,
and how many were left out is kept to be said.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from herd.sim.engine.trace import Kind
from herd.sim.engine.tracefile import Event
from herd.sim.pictures.lifelines import Band, Lifelines, Span
from herd.sim.pictures.messages import Fate, Matcher, Message

if TYPE_CHECKING:
    from herd.sim.engine.tracefile import TraceFile
    from herd.sim.pictures.window import Window

MOST_THINGS: Final = 2000
MOST_HOSTS: Final = 24
OPENING: Final = "opens"
CLOSING: Final = "closes"
BYTES: Final = "bytes"
_ALONE: Final = frozenset({Kind.TIMER, Kind.THREAD, Kind.RESOLVE})
_MARKED: Final = frozenset({Kind.START, Kind.EXIT, Kind.REFUSED, Kind.TIMED_OUT, Kind.NOTE})
_TOLD: Final = frozenset({Kind.FAULT, Kind.HEAL, Kind.STEP})
_OPENING: Final = frozenset({Kind.CONNECT, Kind.CONNECTED, Kind.ACCEPT})
_CLOSING: Final = frozenset({Kind.FIN, Kind.RESET})
_DATAGRAMS: Final = frozenset({Kind.DATAGRAM, Kind.DATAGRAM_LOST})
_FIRST_WORD: Final = re.compile(rb"[A-Za-z][A-Za-z0-9_-]{0,15}(?=[\s:(/]|$)")


@frozen
class Arrow:
    """What leaves `sender` at `start_ns` and arrives at `receiver` at `end_ns` (None: it does not).

    Messages of one look that leave together and arrive together are one arrow. `look` is its entry in the
    legend: "opens" or "closes" a connection, the first word of its bytes, or "bytes" if that is no word.
    """

    sender: str
    receiver: str
    start_ns: int
    end_ns: int | None
    fate: Fate
    look: str
    is_datagram: bool
    messages: list[Message] = field(eq=False, factory=list)

    @property
    def has_arrived(self) -> bool:
        """Whether its end is known: at the receiver, or back at the sender."""
        return self.end_ns is not None and self.fate is not Fate.LOST

    @property
    def is_round_trip(self) -> bool:
        """Whether it is an attempt to connect, whose answer comes back to the sender."""
        arrived = self.messages[0].arrived
        return arrived is not None and self.sender == arrived.host != self.receiver


@frozen
class Scene:
    """All that is drawn, from `from_ns` until `until_ns`.

    `told` are the faults and the steps of the workload, `marks` what happens at a host. `left_out` events of
    the window are not shown because there are too many, `alone` because they concern one program alone; so
    many `others` are the hosts for which there is no room.
    """

    hosts: list[str]
    others: int
    from_ns: int
    until_ns: int
    arrows: list[Arrow]
    marks: list[Event]
    told: list[Event]
    bands: list[Band]
    running: dict[str, list[Span]]
    left_out: int
    alone: int


def read_scene(trace: TraceFile, window: Window, most_things: int = MOST_THINGS) -> Scene:
    """Return what is to be drawn of the window: at most `most_things`, of at most 24 hosts."""
    window.check(trace)
    reader = _Reader(trace, window, most_things)
    for event in trace:
        if window.until_ns is not None and event.time_ns > window.until_ns:
            break
        reader.feed(event)
    return reader.scene()


class _Reader:
    def __init__(self, trace: TraceFile, window: Window, most_things: int) -> None:
        known = list(trace.hosts())
        self._window = window
        self._hosts = [name for name in known if window.shows_host(name)]
        self._most_things = most_things
        self._matcher = Matcher()
        self._lifelines = Lifelines(known)
        self._messages: list[Message] = []
        self._marks: list[Event] = []
        self._told: list[Event] = []
        self._times: list[int] = []
        self._alone = 0
        self._left_out = 0

    def feed(self, event: Event) -> None:
        shown = self._window.shows(event) and event.kind is not Kind.HOST
        if shown and event.kind in _ALONE:
            self._alone += 1
        elif len(self._messages) + len(self._marks) + len(self._told) >= self._most_things:
            self._left_out += shown
        else:
            self._take(event, shown=shown)

    def _take(self, event: Event, *, shown: bool) -> None:
        self._lifelines.feed(event)
        ended = self._matcher.feed(event)
        if event.time_ns >= self._window.from_ns:
            self._messages += filter(self._shows, ended)
        if not shown:
            return
        self._times.append(event.time_ns)
        if event.kind in _MARKED or _is_failure(event):
            self._marks.append(event)
        elif event.kind in _TOLD:
            self._told.append(event)

    def _shows(self, message: Message) -> bool:
        return self._window.shows_host(message.sent.host) and self._window.shows_host(message.receiver)

    def scene(self) -> Scene:
        messages = [*self._messages, *filter(self._shows, self._matcher.rest())]
        hosts = _busiest(self._hosts, messages, self._marks)
        there = frozenset(hosts)
        from_ns = min(self._times, default=self._window.from_ns)
        return Scene(
            hosts,
            len(self._hosts) - len(hosts),
            from_ns,
            max(self._times, default=from_ns),
            _arrows([each for each in messages if each.sent.host in there and each.receiver in there]),
            [each for each in self._marks if each.host in there],
            self._told,
            self._lifelines.bands(from_ns, hosts),
            {name: self._lifelines.running(name) for name in hosts},
            self._left_out,
            self._alone,
        )


def _is_failure(event: Event) -> bool:
    return event.kind is Kind.GONE and event.data != b"ConnectionDone"


def _busiest(hosts: list[str], messages: list[Message], marks: list[Event]) -> list[str]:
    """Return the hosts for which there is room, those first that have most to show, in their own order."""
    busy = Counter(each.sent.host for each in messages)
    busy.update(each.receiver for each in messages)
    busy.update(each.host for each in marks)
    chosen = sorted(hosts, key=lambda name: -busy[name])[:MOST_HOSTS]
    there = frozenset(chosen)
    return [name for name in hosts if name in there]


def _arrows(messages: list[Message]) -> list[Arrow]:
    found: dict[Arrow, Arrow] = {}
    for message in sorted(messages, key=lambda each: each.sent.number):
        sent, arrived = message.sent, message.arrived
        arrow = Arrow(
            sent.host,
            message.receiver,
            sent.time_ns,
            arrived.time_ns if arrived else None,
            message.fate,
            _look(message),
            sent.kind in _DATAGRAMS,
        )
        found.setdefault(arrow, arrow).messages.append(message)
    return list(found)


def _look(message: Message) -> str:
    if message.sent.kind in _OPENING:
        return OPENING
    if message.sent.kind in _CLOSING:
        return CLOSING
    word = _FIRST_WORD.match(message.sent.data)
    return word.group().decode() if word else BYTES

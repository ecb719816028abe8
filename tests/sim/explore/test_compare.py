"""Where two histories part."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from herd.sim.engine.trace import HOST, NOBODY, NOTE, Trace
from herd.sim.engine.tracefile import read_trace
from herd.sim.explore.compare import part

if TYPE_CHECKING:
    from herd.sim.engine.tracefile import TraceFile


def history(*notes: str, cut: bool = False) -> TraceFile:
    file = BytesIO()
    trace = Trace(file, {})
    trace.add(HOST, 0, 0, NOBODY, 0, 0, b"oak 10.0.0.1")
    for number, text in enumerate(notes, 1):
        trace.add(NOTE, number * 1_000_000_000, 0, NOBODY, 0, 0, text.encode())
    if cut:
        trace._write_block()
        return read_trace(file.getvalue())
    trace.close()
    return read_trace(file.getvalue())


def test_the_same_history_parts_nowhere() -> None:
    assert part(history("a", "b"), history("a", "b")) is None


def test_the_first_event_that_differs_is_told_after_those_before_it() -> None:
    parting = part(history(*"abcdefghijkl"), history(*"abcdefghijKl"))
    assert parting is not None
    assert parting.number == 11
    lines = parting.lines("then", "now")
    assert [each.split() for each in lines] == [
        *([f"{time}.000000", "oak", "NOTE", text] for time, text in enumerate("cdefghij", 3)),
        ["then:", "11.000000", "oak", "NOTE", "k"],
        ["now:", "11.000000", "oak", "NOTE", "K"],
    ]


def test_a_history_may_end_before_the_other() -> None:
    parting = part(history("a"), history("a", "b"))
    assert parting is not None
    assert (parting.number, parting.left) == (2, None)
    assert parting.lines("then", "now")[-2] == "then: the history has ended"


def test_of_a_history_that_was_cut_only_what_is_there_counts() -> None:
    assert part(history("a", cut=True), history("a", "b")) is None
    assert part(history("a", "b"), history("a", cut=True)) is None
    assert part(history("x", cut=True), history("a", "b")) is not None

"""The log for ShiViz: its expression reads it, and its clocks say what could know of what."""

from __future__ import annotations

import json
import re
from io import StringIO
from typing import TYPE_CHECKING, Final

from herd.sim.engine.trace import NOBODY, Kind
from herd.sim.pictures import Window, write_shiviz
from tests.sim.pictures.five import five_servers
from tests.sim.pictures.small import A, B, C, trace_of

if TYPE_CHECKING:
    from herd.sim.engine.tracefile import TraceFile

NOWHERE: Final = Window()


def log_of(trace: TraceFile, window: Window = NOWHERE) -> list[str]:
    out = StringIO()
    write_shiviz(trace, out, window)
    return out.getvalue().splitlines()


def chain() -> TraceFile:
    return trace_of(
        (1, Kind.SEND, A, B, 1, 2, b"hi"),
        (2, Kind.STEP, NOBODY, NOBODY, 0, 0, b"Ask()"),
        (3, Kind.DELIVER, B, A, 1, 2, b"hi"),
        (4, Kind.SEND, B, C, 2, 2, b"yo"),
        (5, Kind.TIMER, A, NOBODY, 0, 0, b"tick"),
        (6, Kind.DELIVER, C, B, 2, 2, b"yo"),
    )


def test_clocks_travel_with_messages() -> None:
    assert log_of(chain()) == [
        r"(?<time>\d+\.\d+) (?<host>\S+) (?<clock>\{[^}]*\}) (?<event>.*)",
        "",
        '0.000000 A {"A": 1} HOST A 10.0.0.1',
        '0.000000 B {"B": 1} HOST B 10.0.0.2',
        '0.000000 C {"C": 1} HOST C 10.0.0.3',
        '0.001000 A {"A": 2} SEND B #1 2 B  "hi"',
        '0.002000 simulation {"simulation": 1} STEP Ask()',
        '0.003000 B {"B": 2, "A": 2} DELIVER A #1 2 B  "hi"',
        '0.004000 B {"B": 3, "A": 2} SEND C #2 2 B  "yo"',
        '0.005000 A {"A": 3} TIMER tick',
        '0.006000 C {"C": 2, "A": 2, "B": 3} DELIVER B #2 2 B  "yo"',
    ]


def test_who_is_not_shown_still_passes_on_what_it_knows() -> None:
    assert log_of(chain(), Window(0.001, 0.01, ("A", "C")))[2:] == [
        '0.001000 A {"A": 1} SEND B #1 2 B  "hi"',
        '0.002000 simulation {"simulation": 1} STEP Ask()',
        '0.005000 A {"A": 2} TIMER tick',
        '0.006000 C {"C": 1, "A": 1} DELIVER B #2 2 B  "yo"',
    ]


def test_what_ends_before_the_window_is_not_counted() -> None:
    assert log_of(chain(), Window(0.004, 0.006))[2:] == [
        '0.004000 B {"B": 1} SEND C #2 2 B  "yo"',
        '0.005000 A {"A": 1} TIMER tick',
        '0.006000 C {"C": 1, "B": 1} DELIVER B #2 2 B  "yo"',
    ]


def test_the_expression_reads_every_line_and_own_clocks_count_from_one() -> None:
    lines = log_of(five_servers())
    expression = re.compile(lines[0].replace("(?<", "(?P<"))
    last: dict[str, int] = {}
    for line in lines[2:]:
        parts = expression.fullmatch(line)
        assert parts is not None, line
        host, clock = parts["host"], json.loads(parts["clock"])
        assert clock[host] == last.get(host, 0) + 1
        assert all(count <= last.get(name, 0) for name, count in clock.items() if name != host)
        last[host] = clock[host]


def test_a_name_with_a_space_is_one_word() -> None:
    trace = trace_of((1, Kind.SEND, A, B, 1, 2, b"hi"), hosts=["bob of Ball", "Ball"])
    assert '0.001000 bob_of_Ball {"bob_of_Ball": 2} SEND Ball #1 2 B  "hi"' in log_of(trace)

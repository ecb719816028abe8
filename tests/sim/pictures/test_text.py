"""A trace as text and as JSON lines: exactly these lines."""

from __future__ import annotations

import json
from io import StringIO
from typing import TYPE_CHECKING

from herd.sim.engine.trace import NOBODY, Kind
from herd.sim.pictures import Window, write_jsonlines, write_text
from tests.sim.pictures.five import five_servers
from tests.sim.pictures.small import A, B, trace_of

if TYPE_CHECKING:
    from herd.sim.engine.tracefile import TraceFile


def text_of(trace: TraceFile, window: Window | None = None) -> list[str]:
    out = StringIO()
    write_text(trace, out, window or Window())
    return out.getvalue().splitlines()


def test_a_line_for_every_event() -> None:
    trace = trace_of(
        (0, Kind.START, 0, NOBODY, 0, 0, b"twistd herd"),
        (1.5, Kind.CONNECT, 0, 1, 1, 12000),
        (20, Kind.CONNECTED, 0, 1, 1),
        (30, Kind.ACCEPT, 1, 0, 1),
        (1003.4129, Kind.SEND, 0, 1, 1, 5, b"AT \xc3\xa9\n"),
        (1004, Kind.DELIVER, 1, 0, 1, 200, b'"\x00\xff' + b"x" * 96),
        (1005, Kind.SEND, 1, 0, 1, 1460),
        (1006, Kind.LOST, 1, 0, 1, 1460),
        (2000, Kind.GONE, 0, 1, 1, 0, b"ConnectionDone"),
        (3000, Kind.DATAGRAM, 0, 1, 27, 4, b"ping"),
        (123456789, Kind.FAULT, NOBODY, NOBODY, 0, 0, b"Crash(host='Alford')"),
        (123456789, Kind.EXIT, 0, NOBODY, 0, -9),
        hosts=("Alford", "Ball"),
    )
    assert text_of(trace) == [
        "   0.000000  Alford            HOST                   Alford 10.0.0.1",
        "   0.000000  Ball              HOST                   Ball 10.0.0.2",
        "   0.000000  Alford            START                  twistd herd",
        "   0.001500  Alford -> Ball    CONNECT        #1      port 12000",
        "   0.020000  Alford <- Ball    CONNECTED      #1",
        "   0.030000  Ball <- Alford    ACCEPT         #1",
        '   1.003412  Alford -> Ball    SEND           #1      5 B  "AT é\\n"',
        '   1.004000  Ball <- Alford    DELIVER        #1      200 B  ""\\x00\\xff' + "x" * 93 + '..."',
        "   1.005000  Ball -> Alford    SEND           #1      1460 B",
        "   1.006000  Ball -> Alford    LOST           #1      1460 B",
        "   2.000000  Alford <- Ball    GONE           #1      ConnectionDone",
        '   3.000000  Alford -> Ball    DATAGRAM       #27     4 B  "ping"',
        "123456.789000                    FAULT                  Crash(host='Alford')",
        "123456.789000  Alford            EXIT                   code -9",
    ]


def test_a_window_shows_its_time_and_its_hosts_and_what_concerns_all() -> None:
    trace = trace_of(
        (1, Kind.NOTE, A, NOBODY, 0, 0, b"too early"),
        (2, Kind.NOTE, A, NOBODY, 0, 0, b"first"),
        (3, Kind.NOTE, B, NOBODY, 0, 0, b"another host"),
        (3, Kind.STEP, NOBODY, NOBODY, 0, 0, b"Report()"),
        (4, Kind.NOTE, A, NOBODY, 0, 0, b"last"),
        (5, Kind.NOTE, A, NOBODY, 0, 0, b"too late"),
    )
    assert [line[-12:] for line in text_of(trace, Window(0.002, 0.004, ("A",)))] == [
        "       first",
        "    Report()",
        "        last",
    ]


def test_a_file_that_is_cut_says_so_in_its_last_line() -> None:
    trace = trace_of((1, Kind.NOTE, A), close=False)
    assert text_of(trace) == ["(the file is cut short here: the run that wrote it never ended it)"]


def test_json_lines_have_all_fields_always() -> None:
    trace = trace_of(
        (1003.4129, Kind.SEND, A, B, 3, 4, b"AT\n\xff"), (2000, Kind.EXIT, A, NOBODY, 0, 1), hosts="AB"
    )
    out = StringIO()
    write_jsonlines(trace, out)
    send, end = out.getvalue().splitlines()[2:]
    assert send == (
        '{"number":2,"time":"1.003412","time_ns":1003412900,"kind":"SEND","host":"A","peer":"B",'
        '"flow":3,"size":4,"data":"AT\\n\\\\xff","crc32":null}'
    )
    assert end == (
        '{"number":3,"time":"2.000000","time_ns":2000000000,"kind":"EXIT","host":"A","peer":null,'
        '"flow":0,"size":1,"data":"","crc32":null}'
    )


def test_json_lines_tell_what_text_tells() -> None:
    trace = five_servers()
    out = StringIO()
    write_jsonlines(trace, out, Window(1.0, 3.0))
    objects = [json.loads(line) for line in out.getvalue().splitlines()]
    lines = text_of(trace, Window(1.0, 3.0))
    assert len(objects) == len(lines) > 20
    assert [each["time"] for each in objects] == [line.split()[0] for line in lines]

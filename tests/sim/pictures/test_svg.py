"""The space-time diagram: what is on it, where it is, and what it says when it cannot show all."""

from __future__ import annotations

import re
from io import StringIO
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st

from herd.sim.engine.trace import NOBODY, Kind
from herd.sim.pictures import Window, write_jsonlines, write_shiviz, write_svg, write_text
from tests.sim.pictures.five import five_servers, floods
from tests.sim.pictures.small import A, B, C, trace_of

if TYPE_CHECKING:
    from herd.sim.engine.tracefile import TraceFile

SVG: Final = "{http://www.w3.org/2000/svg}"
ALL: Final = Window()


class Picture:
    """A diagram, taken apart."""

    def __init__(self, trace: TraceFile, window: Window = ALL, **options: Any) -> None:
        out = StringIO()
        write_svg(trace, out, window, **options)
        self.source = out.getvalue()
        self.root = ET.fromstring(self.source)

    def texts(self, kind: str) -> list[str]:
        """Return the texts of a class."""
        return [
            each.text or "" for each in self.root.iter(f"{SVG}text") if kind in each.get("class", "").split()
        ]

    def groups(self, kind: str) -> list[ET.Element]:
        """Return the groups of a class that have a title, so none of the legend."""
        groups = [each for each in self.root.iter(f"{SVG}g") if kind in each.get("class", "").split()]
        return [each for each in groups if each.find(f"{SVG}title") is not None]

    def titles(self, kind: str) -> list[str]:
        return [group.findtext(f"{SVG}title") or "" for group in self.groups(kind)]

    def lines(self, kind: str) -> list[str]:
        """Return the paths of the arrows of a class, without their tips."""
        return [group.findall(f"{SVG}path")[1].get("d", "") for group in self.groups(kind)]

    @property
    def legend(self) -> list[str]:
        return self.texts("soft")[1:]


def test_a_message_is_an_arrow_from_its_sending_to_its_arrival() -> None:
    picture = Picture(
        trace_of(
            (1, Kind.SEND, A, B, 1, 9, b"PING me.\n"),
            (11, Kind.DELIVER, B, A, 1, 9, b"PING me.\n"),
            hosts="AB",
        )
    )
    assert picture.titles("m") == [
        '0.001000 s  A -> B  SEND 9 B  "PING me.\\n"\n0.011000 s  B  DELIVER 9 B, after 10.000 ms'
    ]
    assert picture.texts("name") == ["A", "B", "A", "B"]
    assert picture.lines("m") == ["M222 159L458 221"]  # 62 px down: a message takes 10 ms as a rule
    assert picture.texts("label") == ["PING me."]
    assert picture.texts("tick") == ["0.001000 s"]
    assert picture.legend == ["PING (1)"]
    assert picture.texts("h1") == ["Messages between hosts in time"]
    assert picture.texts("soft")[0] == "0.001000 s to 0.011000 s of virtual time · 2 hosts · 1 message"


def test_the_title_names_the_scenario_and_the_seed() -> None:
    picture = Picture(trace_of((1, Kind.NOTE, A), scenario="five <servers>", seed=42))
    assert picture.texts("h1") == ["five <servers> · seed 42"]


def test_kinds_of_messages_have_colors_in_the_order_of_their_number() -> None:
    words = [
        b"AT x",
        b"AT y",
        b"AT z",
        b"IAMAT x",
        b"IAMAT y",
        b"\x00\x01",
        b"",
        b"b",
        b"c",
        b"d",
        b"e",
        b"f",
    ]
    rows: list[tuple[Any, ...]] = [(number, Kind.SEND, A, B, 1, 4, word) for number, word in enumerate(words)]
    rows += [(100 + number, Kind.DELIVER, B, A, 1, 4) for number in range(len(words))]
    picture = Picture(trace_of(*rows))
    assert picture.legend == [
        "AT (3)",
        "IAMAT (2)",
        "b (1)",
        "c (1)",
        "d (1)",
        "e (1)",
        "all beyond 6 words (3)",
    ]
    assert [len(picture.groups(f"c{index}")) for index in range(6)] == [3, 2, 1, 1, 1, 1]
    assert len(picture.groups("rest")) == 3


def test_a_lost_attempt_ends_in_a_cross() -> None:
    picture = Picture(
        trace_of(
            (1, Kind.SEND, A, B, 1, 5, b"PING\n"),
            (1, Kind.LOST, A, B, 1, 5),
            (251, Kind.DELIVER, B, A, 1, 5, b"PING\n"),
            hosts="AB",
        )
    )
    (lost,) = picture.groups("lost")
    assert lost.findtext(f"{SVG}title") == (
        "0.001000 s  A -> B  LOST 5 B\nlost on the way: it will be sent again"
    )
    assert [each.get("class") for each in lost.findall(f"{SVG}path")] == ["wide", None, "cross"]
    assert picture.legend == ["PING (1)", "other bytes (1)", "lost (1)"]


def test_what_was_never_read_and_what_is_still_on_its_way() -> None:
    picture = Picture(
        trace_of(
            (1, Kind.SEND, A, B, 1, 5),
            (2, Kind.GONE, B, A, 1, 0, b"ConnectionDone"),
            (3, Kind.SEND, A, C, 2, 7),
        )
    )
    assert picture.titles("lost") == ["0.001000 s  A -> B  SEND 5 B\n5 B never reach B"]
    assert picture.titles("open") == ["0.003000 s  A -> C  SEND 7 B\nnot arrived by the end of this picture"]


def test_a_datagram_to_many_reaches_each_of_them() -> None:
    picture = Picture(
        trace_of(
            (1, Kind.DATAGRAM, A, NOBODY, 1, 5, b"PING\n"),
            (2, Kind.DATAGRAM_IN, B, A, 1, 5, b"PING\n"),
            (3, Kind.DATAGRAM_IN, C, A, 1, 5, b"PING\n"),
        )
    )
    assert [title.split("\n")[1] for title in picture.titles("datagram")] == [
        "0.002000 s  B  DATAGRAM_IN 5 B, after 1.000 ms",
        "0.003000 s  C  DATAGRAM_IN 5 B, after 2.000 ms",
    ]
    assert picture.legend == ["PING (2)", "datagram"]


def test_a_connection_goes_there_and_back() -> None:
    picture = Picture(
        trace_of(
            (0, Kind.CONNECT, A, B, 1, 80),
            (20, Kind.CONNECTED, A, B, 1),
            (30, Kind.ACCEPT, B, A, 1),
            (40, Kind.CONNECT, A, B, 2, 81),
            (60, Kind.REFUSED, A, B, 2),
            hosts="AB",
        )
    )
    first, second, refused = picture.lines("opens")
    assert [len(re.findall("[ML]", each)) for each in (first, second, refused)] == [3, 2, 3]
    assert picture.texts("label") == ["refused by B", "connect", "connect"]
    assert picture.titles("mark") == ["0.060000 s  A  REFUSED"]


def test_messages_that_go_together_are_one_arrow() -> None:
    picture = Picture(
        trace_of(
            *((1, Kind.SEND, A, B, 1, 6, b"PING %d" % number) for number in range(3)),
            *((9, Kind.DELIVER, B, A, 1, 6) for _ in range(3)),
        )
    )
    (title,) = picture.titles("m")
    assert title.count("\n\n") == 2
    assert picture.texts("label") == ["3 x PING 0"]
    assert picture.legend == ["PING (3)"]


def test_starts_and_ends_are_marks_and_dead_hosts_have_no_line() -> None:
    picture = Picture(
        trace_of(
            (0, Kind.START, A, NOBODY, 0, 0, b"herd"),
            (5, Kind.EXIT, A, NOBODY, 0, -9),
            (10, Kind.START, A, NOBODY, 0, 0, b"herd"),
            (15, Kind.EXIT, A, NOBODY, 0, 0),
            (20, Kind.NOTE, A, NOBODY, 0, 0, b"bye"),
            (25, Kind.EXIT, B, NOBODY, 0, 3),
            hosts="AB",
        )
    )
    assert picture.texts("label") == ["starts herd", "killed", "starts herd", "ends", "bye", "ends, code 3"]
    assert picture.legend == ["program starts", "ends", "crashes, or is killed", "line of a log"]
    runs = [each.get("d", "") for each in picture.root.iter(f"{SVG}path") if each.get("class") == "runs"]
    assert sorted({line.split(" ")[0] for line in runs}) == ["M222", "M458"]
    assert len(runs) == 3


def test_faults_are_bands_over_the_hosts_that_they_concern() -> None:
    partition = b"Partition(hosts=('A',), others=('B',))"
    picture = Picture(
        trace_of(
            (1, Kind.FAULT, NOBODY, NOBODY, 0, 0, partition),
            (3, Kind.FAULT, NOBODY, NOBODY, 0, 0, b"Weather()"),
            (5, Kind.HEAL, NOBODY, NOBODY, 0, 0, partition),
            (9, Kind.STEP, NOBODY, NOBODY, 0, 0, b"Report(to='C')"),
        )
    )
    assert picture.titles("band") == [
        "Partition(hosts=('A',), others=('B',))\n0.001000 s until 0.005000 s",
        "Weather()\n0.003000 s until the end",
    ]
    sides = [[rect.get("class") for rect in band.findall(f"{SVG}rect")] for band in picture.groups("band")]
    assert sides == [["one", "other"], ["one", "one", "one"]]
    assert picture.texts("small") == [
        "⚡ Partition(hosts=('A',), others=('B',))",
        "⚡ Weather()",
        "✓ ends: Partition(hosts=('A',), others=('B',))",
        "▸ Report(to='C')",
    ]


def test_a_fault_from_before_the_window_is_told_at_its_top() -> None:
    picture = Picture(
        trace_of(
            (1, Kind.FAULT, NOBODY, NOBODY, 0, 0, b"Crash(host='A')"),
            (2, Kind.FAULT, NOBODY, NOBODY, 0, 0, b"Crash(host='B')"),
            (3, Kind.HEAL, NOBODY, NOBODY, 0, 0, b"Crash(host='B')"),
            (50, Kind.NOTE, A, NOBODY, 0, 0, b"hm"),
        ),
        Window(0.040, 0.060),
    )
    assert picture.texts("small") == ["⚡ since 0.001000 s: Crash(host='A')"]


def test_a_window_has_its_own_hosts_and_messages() -> None:
    trace = trace_of(
        (0, Kind.SEND, B, A, 1, 1, b"z"),
        (1, Kind.SEND, A, B, 1, 1, b"a"),
        (2, Kind.DELIVER, A, B, 1, 1, b"z"),
        (5, Kind.DELIVER, B, A, 1, 1, b"a"),
        (6, Kind.SEND, A, C, 2, 1, b"b"),
        (7, Kind.SEND, A, B, 1, 1, b"c"),
        (9, Kind.DELIVER, B, A, 1, 1, b"c"),
        (10, Kind.DELIVER, C, A, 2, 1, b"b"),
    )
    picture = Picture(trace, Window(0.003, 0.0085, ("A", "B")))
    assert picture.texts("name") == ["A", "B", "A", "B"]
    assert picture.titles("m") == [
        '0.001000 s  A -> B  SEND 1 B  "a"\n0.005000 s  B  DELIVER 1 B, after 4.000 ms',
        '0.007000 s  A -> B  SEND 1 B  "c"\nnot arrived by the end of this picture',
    ]


def test_the_label_of_an_arrow_that_begins_before_the_window_is_within_it() -> None:
    trace = trace_of(
        (1, Kind.SEND, A, C, 1, 9, b"early one"),
        (100, Kind.SEND, A, B, 2, 9, b"other one"),
        (110, Kind.DELIVER, B, A, 2, 9, b"other one"),
        (111, Kind.DELIVER, C, A, 1, 9, b"early one"),
    )
    assert Picture(trace).texts("label") == ["early one", "other one"]
    assert Picture(trace, Window(0.1, 0.2)).texts("label") == ["other one"]


def test_long_quiet_is_folded_and_its_length_is_told() -> None:
    rows = [
        row
        for start in (0, 5000)
        for row in ((start, Kind.SEND, A, B, 1, 1, b"a"), (start + 10, Kind.DELIVER, B, A, 1, 1, b"a"))
    ]
    picture = Picture(trace_of(*rows))
    assert picture.texts("tick")[:3] == [
        "0.000000 s",
        "5.000000 s",
        "4.99 s with nothing to show",
    ]
    assert float(picture.root.get("height", "")) < 500


def test_too_many_events_are_left_out_and_it_says_so() -> None:
    picture = Picture(floods(30), most_things=100)
    (warning,) = picture.texts("warning")
    assert re.fullmatch(
        r"⚠ Too much for one picture: it ends at 1\.\d{6} s, and [\d,]+ later events are left out\. "
        r"Ask for a time that begins there, or for fewer hosts\.",
        warning,
    )
    assert sum(title.count("SEND") for title in picture.titles("m")) <= 130
    assert not Picture(floods(30)).texts("warning")


def test_too_many_hosts_are_left_out_and_it_says_so() -> None:
    trace = trace_of(
        (1, Kind.SEND, 99, 50, 1, 1),
        (2, Kind.DELIVER, 50, 99, 1, 1),
        hosts=[f"h{number}" for number in range(100)],
    )
    picture = Picture(trace)
    assert picture.texts("warning") == [
        "⚠ There is no room for 76 more hosts, those with the least to show: ask for them by name."
    ]
    assert picture.texts("name")[:24] == [*(f"h{number}" for number in range(22)), "h50", "h99"]
    assert len(picture.groups("m")) == 1


def test_a_file_that_is_cut_and_an_empty_window_are_said() -> None:
    assert Picture(trace_of((1, Kind.NOTE, A), close=False)).texts("warning") == [
        "⚠ The file of the trace is cut short: the run that wrote it never ended it.",
        "⚠ Nothing happens here: ask for another time, or for other hosts.",
    ]


def test_nothing_is_loaded_and_nothing_runs() -> None:
    source = Picture(five_servers()).source
    assert "<script" not in source
    assert re.findall(r"https?://\S+", source) == ['http://www.w3.org/2000/svg"']
    assert "url(" not in source.replace("url(#plot)", "")
    assert "prefers-color-scheme:dark" in source


_NUMBERS: Final = st.integers(0, 3)
_ROWS: Final = st.lists(
    st.tuples(
        st.integers(0, 5000),
        st.sampled_from([kind for kind in Kind if kind is not Kind.HOST]),
        st.sampled_from([A, B, C, 9, NOBODY]),
        st.sampled_from([A, B, C, 9, NOBODY]),
        _NUMBERS,
        _NUMBERS,
        st.sampled_from(
            [b"", b"AT x", b"ConnectionLost", b"<&\x00\x1b\xff", "ünïcode\n2".encode(), b"Crash('A')"]
        ),
    ),
    max_size=30,
)


@settings(deadline=None, max_examples=150)
@given(_ROWS)
def test_every_picture_of_any_history_can_be_drawn(rows: list[tuple[Any, ...]]) -> None:
    trace = trace_of(*sorted(rows, key=lambda row: row[0]))
    Picture(trace)
    Picture(trace, Window(1.0, 3.0, ("A", "B")), most_things=5)
    for write in (write_text, write_jsonlines, write_shiviz):
        out = StringIO()
        write(trace, out)
        assert out.getvalue().endswith("\n")

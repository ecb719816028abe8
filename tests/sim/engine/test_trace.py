"""What is written into a trace is read again, in part if the file is cut, and never if it is damaged."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herd.sim.engine.native import Rows
from herd.sim.engine.trace import NOBODY, Kind, Trace
from herd.sim.engine.tracefile import Difference, Event, TraceError, first_difference, read_trace
from tests.sim.pictures.five import floods

if TYPE_CHECKING:
    from pathlib import Path

BLOCK: Final = 4096
BIG: Final = 2**62
ROWS: Final = st.tuples(
    st.sampled_from(Kind),
    st.integers(0, BIG),
    st.integers(0, NOBODY),
    st.integers(0, NOBODY),
    st.integers(0, BIG),
    st.integers(-BIG, BIG),
    st.binary(max_size=120),
)


def hosts(trace: Trace) -> None:
    trace.add(Kind.HOST, 0, 0, NOBODY, 0, 0, b"Alford 10.0.0.1")
    trace.add(Kind.HOST, 0, 1, NOBODY, 0, 0, b"Ball 10.0.0.2")


def written(*rows: tuple[Any, ...], header: dict[str, Any] | None = None) -> bytes:
    file = BytesIO()
    trace = Trace(file, header)
    for row in rows:
        trace.add(*row)
    trace.close()
    return file.getvalue()


def timers(count: int) -> list[tuple[Any, ...]]:
    return [(Kind.TIMER, 1000 * number, 0, NOBODY, 0, 0, b"tick") for number in range(count)]


def test_events_come_back_with_the_names_of_their_hosts() -> None:
    file = BytesIO()
    trace = Trace(file, {"scenario": "quiet", "seed": 7})
    hosts(trace)
    trace.add(Kind.SEND, 1_500_000_000, 0, 1, 3, 4, b"ping")
    trace.add(Kind.EXIT, 2_000_000_000, 1, NOBODY, 0, -9)
    trace.add(Kind.NOTE, 2_000_000_000, 7, NOBODY, 0, 0, b"who?")
    trace.close()
    read = read_trace(file.getvalue())
    assert read.header == {"scenario": "quiet", "seed": 7}
    assert (read.complete, read.count, read.digest) == (True, 5, trace.digest())
    assert read.hosts() == {"Alford": "10.0.0.1", "Ball": "10.0.0.2"}
    assert list(read)[2:] == [
        Event(2, 1_500_000_000, Kind.SEND, "Alford", "Ball", 3, 4, b"ping"),
        Event(3, 2_000_000_000, Kind.EXIT, "Ball", "", 0, -9, b""),
        Event(4, 2_000_000_000, Kind.NOTE, "host-7", "", 0, 0, b"who?"),
    ]
    assert list(read)[2].time_s == 1.5


@given(st.lists(ROWS, max_size=50))
def test_what_is_written_is_read(rows: list[tuple[Any, ...]]) -> None:
    read = read_trace(written(*rows))
    found = [(each.kind, each.time_ns, each.flow, each.size, each.data) for each in read]
    assert found == [(kind, time, flow, size, data[:96]) for kind, time, _, _, flow, size, data in rows]
    assert [each.number for each in read] == list(range(len(rows)))


def test_many_blocks_are_one_history(tmp_path: Path) -> None:
    path = tmp_path / "long.trace"
    path.write_bytes(written(*timers(3 * BLOCK + 5)))
    read = read_trace(path)
    assert read.count == 3 * BLOCK + 5
    assert [event.time_ns for event in read] == [1000 * number for number in range(3 * BLOCK + 5)]


def test_the_digest_is_the_same_with_a_file_and_without() -> None:
    kept, hashed = Trace(BytesIO()), Trace()
    for row in timers(BLOCK + 10):
        kept.add(*row)
        hashed.add(*row)
    assert kept.count == hashed.count == BLOCK + 10
    assert kept.digest() == hashed.digest() == "798b77714ecbe1abd1dca3054e8139e1"


def test_asking_for_the_digest_changes_nothing() -> None:
    asked, unasked = Trace(), Trace()
    digests: list[str] = []
    for row in timers(BLOCK + 10):
        asked.add(*row)
        unasked.add(*row)
        if len(digests) < 3:
            digests.append(asked.digest())
    assert len(set(digests)) == 3
    assert asked.digest() == unasked.digest()


@pytest.mark.parametrize("field", range(7))
def test_every_field_counts(field: int) -> None:
    row: list[Any] = [Kind.SEND, 5, 0, 1, 3, 4, b"ping"]
    other = list(row)
    other[field] = b"pong" if field == 6 else row[field] + 1
    one, two = Trace(), Trace()
    one.add(*row)
    two.add(*other)
    assert one.digest() != two.digest()


def sent(text: bytes, kind: Kind = Kind.SEND) -> bytes:
    return written((kind, 5, 0, 1, 3, len(text), text))


@pytest.mark.parametrize("kind", [Kind.SEND, Kind.DATAGRAM])
def test_every_byte_that_is_sent_counts(kind: Kind) -> None:
    one, two = (read_trace(sent(b"x" * 200 + last, kind)) for last in (b"one", b"two"))
    assert one.digest != two.digest
    difference = first_difference(one, two)
    assert difference is not None
    left, right = difference.left, difference.right
    assert left is not None
    assert right is not None
    assert left.data == right.data == b"x" * 96
    assert (left.check, right.check) == (crc32(b"x" * 200 + b"one"), crc32(b"x" * 200 + b"two"))


def test_of_other_texts_the_beginning_counts() -> None:
    one, two = (read_trace(sent(b"x" * 200 + last, Kind.NOTE)) for last in (b"one", b"two"))
    assert one.digest == two.digest
    assert next(iter(one)).check is None


def test_what_an_older_program_wrote_is_compared_as_far_as_it_told(monkeypatch: pytest.MonkeyPatch) -> None:
    now = read_trace(sent(b"x" * 200))
    shorter = read_trace(sent(b"x" * 96 + b"y" * 103))
    add: Any = Rows.add
    monkeypatch.setattr(Trace, "add", lambda trace, *row: add(trace, *row[:6], row[6][:96]))
    then = read_trace(sent(b"x" * 200))
    assert next(iter(then)).data == b"x" * 96
    assert first_difference(then, now) is None
    assert first_difference(then, shorter) is not None


def test_a_closed_trace_takes_nothing_more_and_keeps_its_digest() -> None:
    file = BytesIO()
    trace = Trace(file)
    hosts(trace)
    before = trace.digest()
    trace.close()
    size = len(file.getvalue())
    trace.close()
    assert (trace.count, trace.digest(), len(file.getvalue())) == (2, before, size)
    with pytest.raises(ValueError, match="this trace is closed"):
        hosts(trace)


def test_a_trace_that_was_not_closed_is_read_up_to_its_last_block() -> None:
    file = BytesIO()
    trace = Trace(file)
    for row in timers(2 * BLOCK + 100):
        trace.add(*row)
    read = read_trace(file.getvalue())
    assert (read.complete, read.count, read.digest) == (False, 2 * BLOCK, None)
    assert sum(1 for _ in read) == 2 * BLOCK


def test_a_file_that_is_cut_anywhere_is_read_up_to_the_cut() -> None:
    whole = written(*timers(2 * BLOCK + 1), header={"seed": 1})
    first = whole.index(b"}") + 1
    counts = []
    for length in range(first, len(whole)):
        read = read_trace(whole[:length])
        assert not read.complete
        counts.append(read.count)
    assert counts == sorted(counts)
    assert list(dict.fromkeys(counts)) == [0, BLOCK, 2 * BLOCK, 2 * BLOCK + 1]
    last = read_trace(whole[:-1])
    assert sum(1 for _ in last) == 2 * BLOCK + 1


def test_a_file_that_is_cut_within_its_head_says_so() -> None:
    whole = written(header={"seed": 1})
    for length in range(len(b"\x89SIMTRACE\r\n"), whole.index(b"}")):
        with pytest.raises(TraceError, match="the trace: cut short within its head"):
            read_trace(whole[:length])


def test_no_byte_can_change_unseen() -> None:
    whole = written(*timers(10), header={"seed": 1})
    for at in range(len(whole)):
        damaged = bytearray(whole)
        damaged[at] ^= 0xFF
        with pytest.raises(TraceError):
            list(read_trace(bytes(damaged)))


def test_a_damaged_block_says_where_and_the_blocks_before_it_are_read() -> None:
    whole = bytearray(written(*timers(2 * BLOCK)))
    whole[-60] ^= 0xFF
    events = iter(read_trace(bytes(whole)))
    assert [next(events).number for _ in range(BLOCK)] == list(range(BLOCK))
    with pytest.raises(TraceError) as caught:
        next(events)
    text = str(caught.value)
    assert text.startswith("the trace: damaged at byte ")
    assert text.endswith(", in the events 4096 to 8191: a checksum is wrong")


def test_a_file_that_goes_on_after_its_end_is_damaged() -> None:
    whole = written(*timers(3))
    with pytest.raises(TraceError, match=f"damaged at byte {len(whole)}: the file goes on after its end"):
        read_trace(whole + b"x")


def test_a_block_that_is_missing_is_damage() -> None:
    long, short = written(*timers(5)), written(*timers(3))
    foot = len(b"E") + 24 + 4
    with pytest.raises(TraceError, match="5 events were written, 3 are here"):
        read_trace(short[:-foot] + long[-foot:])


def test_what_is_no_trace_is_said(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("AT Alford +0.2\n")
    with pytest.raises(TraceError, match=r"notes\.txt: this is not a trace of a simulation"):
        read_trace(path)
    with pytest.raises(FileNotFoundError):
        read_trace(tmp_path / "none.trace")


def test_another_version_is_said() -> None:
    whole = bytearray(written())
    whole[len(b"\x89SIMTRACE\r\n")] = 2
    with pytest.raises(TraceError, match="a trace of version 2, and this program reads version 1"):
        read_trace(bytes(whole))


def test_a_flood_takes_few_bytes_an_event() -> None:
    read = floods(1000)
    file = BytesIO()
    again = Trace(file)
    names = {name: index for index, name in enumerate(read.hosts())}
    for each in read:
        host, peer = names.get(each.host, NOBODY), names.get(each.peer, NOBODY)
        again.add(each.kind, each.time_ns, host, peer, each.flow, each.size, each.data)
    again.close()
    assert read.count > 10_000
    assert len(file.getvalue()) / read.count < 12


def test_equal_traces_do_not_differ_whatever_their_headers_say() -> None:
    one = read_trace(written(*timers(2 * BLOCK + 1), header={"run": 1}))
    two = read_trace(written(*timers(2 * BLOCK + 1), header={"run": 2}))
    assert first_difference(one, two) is None


@pytest.mark.parametrize("number", [0, 1, BLOCK - 1, BLOCK, 2 * BLOCK])
def test_the_first_difference_is_found(number: int) -> None:
    rows = timers(2 * BLOCK + 1)
    changed = list(rows)
    changed[number] = (Kind.NOTE, rows[number][1], 0, NOBODY, 0, 0, b"odd")
    changed[-1] = (Kind.NOTE, rows[-1][1], 0, NOBODY, 0, 0, b"odd")
    assert first_difference(read_trace(written(*rows)), read_trace(written(*changed))) == Difference(
        number,
        Event(number, rows[number][1], Kind.TIMER, "host-0", "", 0, 0, b"tick"),
        Event(number, rows[number][1], Kind.NOTE, "host-0", "", 0, 0, b"odd"),
    )


def test_a_trace_that_ends_earlier_differs_where_it_ends() -> None:
    short, long = read_trace(written(*timers(BLOCK))), read_trace(written(*timers(BLOCK + 1)))
    more = Event(BLOCK, 1000 * BLOCK, Kind.TIMER, "host-0", "", 0, 0, b"tick")
    assert first_difference(short, long) == Difference(BLOCK, None, more)
    assert first_difference(long, short) == Difference(BLOCK, more, None)


def test_only_the_block_that_is_looked_at_is_read() -> None:
    whole = bytearray(written(*timers(20 * BLOCK)))
    whole[-60] ^= 0xFF  # in the last block
    assert next(iter(read_trace(bytes(whole)))).number == 0

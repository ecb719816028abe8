"""Streams cut anywhere, and the messages that they hold."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herd.sim.herds.kinds import Flow, kind_of
from tests.core.strategies import cut

AT = b"AT Alford +0.263873386 kiwi +34.068930-118.445127 1479413884.392014450"
MESSAGES = [
    (b"IAMAT kiwi +34-118 5\n", ["IAMAT"]),
    (b"  IAMAT kiwi\r\n", ["IAMAT"]),
    (b"WHATSAT kiwi 10 5\n", ["WHATSAT"]),
    (AT + b"\r\n", ["AT"]),
    (AT + b'\n{\n   "results" : [],\n   "AT x" : 1\n}\n\n', ["AT", "places"]),
    (AT + b"\r\n{}\r\n\r\n", ["AT", "places"]),
    (b"? nonsense\n", ["?"]),
    (b"? \r\n", ["?"]),
    (b"\n", ["other"]),
    (b"iamat x\n", ["other"]),
    (b"IAMATX\n", ["other"]),
    (b"HERD 1 testers Alford Ball 5 6\n", ["HERD"]),
    (b"PROOF 5\nPING 1\nPONG 2\nTURN\nDONE\n", ["PROOF", "PING", "PONG", "TURN", "DONE"]),
    (b"ROOT 00\nNODE - 00\nLEAF 00 11\nWANT 00 11\nGIVE 00\n", ["ROOT", "NODE", "LEAF", "WANT", "GIVE"]),
]


@given(st.lists(st.sampled_from(MESSAGES)), st.lists(st.integers(0, 5000)))
def test_messages_are_counted_however_the_stream_is_cut(
    messages: list[tuple[bytes, list[str]]], places: list[int]
) -> None:
    flow, kinds = Flow(), Counter[str]()
    records: list[bytes] = []
    for segment in cut(b"".join(data for data, _ in messages), places):
        found = flow.feed(segment)
        kinds.update(found.kinds)
        records += found.records
    expected = Counter(kind for _, names in messages for kind in names)
    assert kinds == expected
    assert records == [AT] * expected["AT"]


def test_a_message_counts_in_the_segment_that_holds_its_end() -> None:
    flow = Flow()
    assert not flow.feed(b"PI").kinds
    assert flow.feed(b"NG 5\nPONG").kinds == ("PING",)
    assert flow.feed(b" 5\n").kinds == ("PONG",)


def test_a_line_that_never_ends_is_not_kept_whole() -> None:
    flow = Flow()
    for _ in range(100):
        flow.feed(b"x" * 10_000)
    assert len(flow._rest) < 20_000


@pytest.mark.parametrize(
    ("line", "kind"), [(b"AT", "AT"), (b"AT x\n", "AT"), (b"", "other"), (b"\x16\x03", "other")]
)
def test_one_line(line: bytes, kind: str) -> None:
    assert kind_of(line) == kind

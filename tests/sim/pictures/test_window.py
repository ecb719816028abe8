"""A window that cannot be says what to ask instead."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest

from herd.sim.engine.trace import NOBODY, Kind
from herd.sim.pictures import (
    PictureError,
    Window,
    write_jsonlines,
    write_shiviz,
    write_svg,
    write_text,
)
from tests.sim.pictures.five import five_servers
from tests.sim.pictures.small import A, trace_of

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY = pytest.mark.parametrize("write", [write_text, write_jsonlines, write_shiviz, write_svg])


@EVERY
def test_a_host_that_is_not_there_has_a_hint(write: Callable[..., Any]) -> None:
    trace = five_servers()
    with pytest.raises(PictureError, match=r"no host Halliday in the trace: did you mean Holiday\?"):
        write(trace, StringIO(), Window(hosts=("Alford", "Halliday")))
    with pytest.raises(
        PictureError, match="no host Zzz in the trace: its hosts are Alford, Ball, Hamilton, "
    ):
        write(trace, StringIO(), Window(hosts=("Zzz",)))


@EVERY
@pytest.mark.parametrize("window", [Window(float("nan")), Window(0.0, float("nan")), Window(float("-inf"))])
def test_what_is_no_number_is_no_time(write: Callable[..., Any], window: Window) -> None:
    with pytest.raises(PictureError, match="is no time: give numbers"):
        write(five_servers(), StringIO(), window)


def test_of_many_hosts_some_are_named() -> None:
    trace = trace_of(hosts=[f"h{number}" for number in range(100)])
    with pytest.raises(PictureError, match=r"h10, h11 and 88 more$"):
        write_text(trace, StringIO(), Window(hosts=("Zzz",)))


@EVERY
def test_a_time_that_ends_before_it_begins(write: Callable[..., Any]) -> None:
    with pytest.raises(PictureError, match=r"from 3 s until 2\.5 s is no time: turn them around"):
        write(trace_of(), StringIO(), Window(3, 2.5))


@EVERY
def test_the_same_trace_gives_the_same_bytes(write: Callable[..., Any]) -> None:
    written = []
    for _ in range(2):
        out = StringIO()
        write(five_servers(), out)
        written.append(out.getvalue())
    assert written[0] == written[1]


@EVERY
def test_a_window_without_events_is_no_error(write: Callable[..., Any]) -> None:
    out = StringIO()
    write(trace_of((1, Kind.NOTE, A, NOBODY, 0, 0, b"x")), out, Window(5, 6))
    assert "NOTE" not in out.getvalue()

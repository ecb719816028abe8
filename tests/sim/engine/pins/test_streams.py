"""Standard streams and arguments are a process's own while a simulation runs."""

# ruff: noqa: T201 - printing is what is tested

from __future__ import annotations

import io
import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

import pytest

from herd.sim.engine.pins.streams import hosted_streams
from tests.sim.engine.pins.hosting import Idle, hosted

if TYPE_CHECKING:
    from herd.sim.engine.process import Process
    from herd.sim.engine.simulation import Simulation


def test_what_a_program_prints_is_kept_and_not_shown(
    process: Process, capsys: pytest.CaptureFixture[str]
) -> None:
    with hosted_streams():
        print("before")
        with hosted(process):
            print("out", 1)
            print("err", file=sys.stderr)
            sys.stdout.write("part")
            sys.stdout.buffer.write(b" and \xff bytes\n")
            sys.stdout.flush()
            assert not sys.stdout.isatty()
            with pytest.raises(io.UnsupportedOperation):
                sys.stdout.fileno()
        print("after")
    assert process.output == ["out 1\n", "err\n", "part and \\xff bytes\n"]
    assert capsys.readouterr().out == "before\nafter\n"


def test_a_program_finds_its_input_at_its_end(process: Process) -> None:
    with hosted_streams(), hosted(process):
        assert (sys.stdin.read(), sys.stdin.readline(), list(sys.stdin)) == ("", "", [])
        with pytest.raises(EOFError):
            input("? ")
    assert process.output == ["? "]


def test_arguments_are_the_processs(process: Process) -> None:
    process.argv[:] = ["prog", "--port", "80"]
    real = sys.argv
    with hosted_streams():
        assert sys.argv == real
        with hosted(process):
            assert sys.argv == ["prog", "--port", "80"]
            assert (sys.argv[1:], len(sys.argv), next(iter(sys.argv))) == (["--port", "80"], 3, "prog")
            sys.argv.append("x")
            sys.argv[0] = "other"
            del sys.argv[1]
            assert sys.argv + ["y"] == [*sys.argv.copy(), "y"]  # noqa: RUF005 - adding is what is tested
            assert repr(sys.argv) == "['other', '80', 'x']"
    assert sys.argv is real
    assert process.argv == ["other", "80", "x"]


def test_streams_come_back_and_nesting_is_harmless() -> None:
    before = (sys.stdout, sys.stderr, sys.stdin, sys.argv)
    with hosted_streams():
        outer = sys.stdout
        with hosted_streams():
            assert sys.stdout is outer
        assert sys.stdout is outer
    assert (sys.stdout, sys.stderr, sys.stdin, sys.argv) == before


def test_what_a_program_puts_into_sys_is_its_own(process: Process, simulation: Simulation) -> None:
    other = simulation.host("other").start(Idle())
    own, before = io.StringIO(), sys.excepthook
    with hosted_streams():
        with hosted(process):
            sys.stdout = own
            sys.stdin = io.StringIO("typed\n")
            sys.argv = ["mine"]
            sys.excepthook = print
            print("into the own")
            assert input() == "typed"
            assert type(sys.argv) is list
        with hosted(other):
            print("other")
            assert sys.argv == ["idle"]
            assert sys.excepthook is before
    with hosted_streams(), hosted(process):  # another run of the simulation
        print("again")
        assert sys.argv == ["mine"]
    assert own.getvalue() == "into the own\nagain\n"
    assert process.output == []
    assert other.output == ["other\n"]
    assert sys.excepthook is before


def test_a_stream_around_another_and_a_stream_for_a_while(process: Process) -> None:
    class Loud:
        def __init__(self, stream: Any) -> None:
            self.stream = stream

        def write(self, text: str) -> int:
            return int(self.stream.write(text.upper()))

    with hosted_streams(), hosted(process):
        sys.stdout = Loud(sys.stdout)
        print("around")
        with redirect_stdout(io.StringIO()) as kept:
            print("for a while")
        print("around again")
    assert kept.getvalue() == "for a while\n"
    assert process.output == ["AROUND\n", "AROUND AGAIN\n"]

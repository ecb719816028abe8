"""Standard streams and arguments are a process's own while a simulation runs."""

# ruff: noqa: T201 - printing is what is tested

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pytest

from herd.sim.engine.pins.streams import hosted_streams
from tests.sim.engine.pins.hosting import hosted

if TYPE_CHECKING:
    from herd.sim.engine.process import Process


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

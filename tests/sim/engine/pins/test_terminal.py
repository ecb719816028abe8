"""Standard descriptors, and a terminal that is not there."""

from __future__ import annotations

import getpass
import os
import resource
import shutil
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from herd.sim.engine.programs import Call
from tests.sim.engine.pins.hosting import hosted

if TYPE_CHECKING:
    from herd.sim.engine.process import Process
    from herd.sim.engine.simulation import Simulation


def test_input_is_at_its_end(process: Process) -> None:
    with hosted(process):
        assert os.read(0, 10) == b""
        assert open(0).read() == ""  # noqa: SIM115 - what is tested
        assert Path("/dev/stdin").read_bytes() == b""


def test_output_is_the_processs(process: Process) -> None:
    with hosted(process):
        assert os.write(1, b"one\n") == 4
        with open(2, "w", closefd=False) as stream:
            print("two", file=stream)
        Path("/dev/stdout").write_bytes(b"three \xff\n")
    assert process.output == ["one\n", "two\n", "three \\xff\n"]


def test_other_descriptors_are_files(process: Process, tmp_path: Path) -> None:
    with hosted(process):
        number = os.open(tmp_path / "notes", os.O_RDWR | os.O_CREAT)
        os.write(number, b"here")
        os.lseek(number, 0, os.SEEK_SET)
        assert os.read(number, 10) == b"here"
        assert not os.isatty(number)
        os.close(number)


def test_there_is_no_terminal(process: Process) -> None:
    with hosted(process):
        assert [os.isatty(number) for number in range(3)] == [False] * 3
        assert shutil.get_terminal_size() == (80, 24)
        with pytest.raises(OSError, match="Inappropriate ioctl for device"):
            os.get_terminal_size()
        with pytest.raises(OSError, match="/dev/tty"):
            os.open("/dev/tty", os.O_RDWR)


def test_limits_are_those_of_any_machine(process: Process) -> None:
    with hosted(process):
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (1024, 4096)
        assert resource.getrlimit(resource.RLIMIT_AS) == (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


def test_nobody_is_asked(simulation: Simulation) -> None:
    told: list[str] = []

    def ask(_reactor: object) -> None:
        assert sys.__stdin__ is not None
        assert sys.__stdout__ is not None
        told.append(sys.__stdin__.read())
        print("hello", file=sys.__stdout__)
        with (
            warnings.catch_warnings(category=getpass.GetPassWarning, action="ignore"),
            pytest.raises(EOFError),
        ):
            getpass.getpass()

    before = sys.__stdin__
    process = simulation.host("a").start(Call(ask))
    simulation.run(1.0)
    assert told == [""]
    assert process.output == ["hello\n", "Warning: Password input may be echoed.\n", "Password: "]
    assert sys.__stdin__ is before

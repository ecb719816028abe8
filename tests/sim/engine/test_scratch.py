"""The directory of a simulation: the same at each run, nobody else's, and empty."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from twisted.internet.protocol import DatagramProtocol

from herd.sim.engine.programs import Call
from herd.sim.engine.scratch import Scratch, keep_base, leave_base
from herd.sim.engine.simulation import Simulation
from herd.sim.engine.trace import Trace

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let temporary files lie in a directory of the test's."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_one_after_the_other_has_the_same() -> None:
    first = Scratch()
    first.remove()
    second = Scratch()
    assert second.path == first.path
    second.remove()


def test_two_at_a_time_have_two() -> None:
    first, second = Scratch(), Scratch()
    assert first.path != second.path
    assert first.path.parent == second.path.parent
    first.remove()
    second.remove()


def test_what_a_killed_one_has_left_is_removed(temporary: Path) -> None:
    left = temporary / f"herd-sim-{os.getuid()}" / "000"
    (left / "host").mkdir(parents=True, mode=0o700)
    left.parent.chmod(0o700)
    (left / "host" / "file").write_text("old")
    scratch = Scratch()
    assert scratch.path == left
    assert list(scratch.path.iterdir()) == []
    scratch.remove()


def test_a_directory_that_others_may_write_to_is_not_used(temporary: Path) -> None:
    base = temporary / f"herd-sim-{os.getuid()}"
    base.mkdir()
    base.chmod(0o777)
    scratch = Scratch()
    assert scratch.path.parent != base
    scratch.remove()


def test_a_link_is_not_followed(temporary: Path) -> None:
    (temporary / "elsewhere").mkdir(mode=0o700)
    (temporary / f"herd-sim-{os.getuid()}").symlink_to(temporary / "elsewhere")
    scratch = Scratch()
    assert not scratch.path.is_relative_to(temporary / "elsewhere")
    assert list((temporary / "elsewhere").iterdir()) == []
    scratch.remove()


def test_a_base_is_kept_wherever_temporary_files_are_to_be(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_base()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary / "elsewhere"))
    scratch, living = Scratch(), Scratch()
    assert scratch.path == temporary / f"herd-sim-{os.getuid()}" / "000"
    (scratch.path / "left").write_text("by one that was killed")
    (living.path / "file").write_text("")
    os.close(scratch._lock)
    leave_base()
    assert [path.name for path in sorted(scratch.path.parent.rglob("*"))] == ["000", "001", "file"]
    living.remove()


def test_a_history_does_not_tell_where_its_files_lie() -> None:
    first = history()
    with Scratches(3):
        assert history() == first


def history() -> str:
    """Return the digest of a program that sends the paths of its files."""
    trace = Trace()
    simulation = Simulation(trace=trace)

    def send(reactor: Any) -> None:
        files = str(simulation.hosts["a"].files)
        port = reactor.listenUDP(9, DatagramProtocol())
        for text in (files, f"{'x' * 90}{files}/log", f"{'x' * 200}{files}/log"):
            port.write(text.encode(), ("10.0.0.2", 9))

    simulation.host("a").start(Call(send))
    simulation.host("b").start(Call(lambda reactor: reactor.listenUDP(9, DatagramProtocol())))
    simulation.run(1.0)
    simulation.close()
    return trace.digest()


class Scratches(ExitStack):
    """So many simulations that live."""

    def __init__(self, count: int) -> None:
        super().__init__()
        for _ in range(count):
            self.callback(Scratch().remove)

"""What a program leaves to Python's garbage collection does nothing in the real world."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from herd.sim.engine.programs import Script
from herd.sim.explore.run import Run
from herd.sim.scenario import Scenario

if TYPE_CHECKING:
    import pytest

    from herd.sim.engine.simulation import Simulation

CACHE = """
import os

class Cache:
    def __init__(self):
        self.me = self
        open("cache.txt", "w").close()

    def __del__(self):
        if os.path.exists("cache.txt"):
            os.remove("cache.txt")

from twisted.internet import reactor
reactor.callLater(0.5, lambda: Cache() and None)
reactor.callLater(1, reactor.stop)
reactor.run()
"""


def test_a_destructor_finds_the_files_of_a_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "program.py").write_text(CACHE)
    (tmp_path / "cache.txt").write_text("of the real world")
    monkeypatch.chdir(tmp_path)

    def build(simulation: Simulation) -> None:
        simulation.host("a").start(Script(str(tmp_path / "program.py")))

    outcome = Run(Scenario(about="A cache.", build=build, duration_s=3.0), seed=0).run()
    assert outcome.violations == ()
    assert Path("cache.txt").read_text() == "of the real world"

"""Each process has a umask of its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from herd.sim.engine.programs import Call, Script

if TYPE_CHECKING:
    from herd.sim.engine.simulation import Simulation

PROGRAM = """
import os, sys
from twisted.internet import reactor
os.umask(int(sys.argv[1], 8))
def write():
    open("file", "w").close()
    print(oct(os.stat("file").st_mode & 0o777), oct(os.umask(0o077)))
reactor.callLater(1, write)
reactor.run()
"""


def test_files_are_made_with_the_umask_of_their_process(simulation: Simulation, tmp_path: Path) -> None:
    file = tmp_path / "masks.py"
    file.write_text(PROGRAM)
    made: list[int] = []

    def write(reactor: Any) -> None:
        reactor.callLater(1, Path(tmp_path / "call").touch)
        reactor.callLater(1, lambda: made.append((tmp_path / "call").stat().st_mode & 0o777))

    simulation.host("call").start(Call(write))
    processes = [simulation.host(f"host{mask}").start(Script(file, mask)) for mask in ("007", "027")]
    before = os.umask(0o002)
    try:
        simulation.run(simulation.now_ns / 1e9 + 5)
        after = os.umask(0o002)
    finally:
        os.umask(before)
    assert [process.output for process in processes] == [["0o660 0o7\n"], ["0o640 0o27\n"]]
    assert made == [0o644]
    assert after == 0o002

"""Has py-spy watch a process from outside, so that the program runs as it always does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from herd.core.errors import HerdError

if TYPE_CHECKING:
    from collections.abc import Callable

RATE: Final = 200
"""Samples a second: a multiple of nothing that a server does."""
_MARGIN_S: Final = 60.0


def py_spy() -> Path:
    """Return the program; a `HerdError` says how to get it."""
    program = Path(sys.executable).parent / "py-spy"
    if not program.exists():
        raise HerdError(f"py-spy is not installed: {Path(sys.executable)} -m pip install py-spy")
    return program


def record(pid: int, svg: Path, seconds: int, *, native: bool, load: Callable[[], None]) -> None:
    """Draw a flame graph of a process, while `load` keeps it busy for at least as long."""
    # A thread that py-spy has just stopped looks busy though it waits; C's stacks cannot be had without.
    ways = ["--native"] if native else ["--nonblocking"]
    command = [str(py_spy()), "record", "--pid", str(pid), "--output", str(svg), "--duration", str(seconds)]
    with subprocess.Popen(
        [*command, "--rate", str(RATE), "--function", *ways],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as spying:
        try:
            load()
            _, words = spying.communicate(timeout=_MARGIN_S)
        except subprocess.TimeoutExpired:
            raise HerdError(f"py-spy is not done {_MARGIN_S:g} s after its time") from None
        finally:
            spying.kill()
    if spying.returncode:
        hint = (
            "; as another user than root: sudo sysctl kernel.yama.ptrace_scope=0"
            if _is_refused(words)
            else ""
        )
        raise HerdError(f"py-spy failed: {(words.strip().splitlines() or ['it said nothing'])[-1]}{hint}")


def _is_refused(words: str) -> bool:
    return "ermission" in words or "not permitted" in words

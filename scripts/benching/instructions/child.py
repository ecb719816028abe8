"""Runs every workload once with n messages and once with 2n, in a process of its own.

    python -m benching.instructions.child marked 512
    python -m benching.instructions.child bytecodes 512

`marked` calls `os.getppid` before and after each run: whoever watches the process can tell runs from what
lies between them. `bytecodes` counts what is executed, and prints it as JSON: [[of n, of 2n], ...].
"""

from __future__ import annotations

import gc
import json
import os
import sys
from typing import TYPE_CHECKING, Any, Final

from benching.instructions.workloads import WORKLOADS, Work

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType


def mark(work: Work) -> int:
    """Run between two marks."""
    os.getppid()
    work()
    os.getppid()
    return 0


def bytecodes(work: Work) -> int:
    """Run, and return how many bytecodes were executed."""
    executed = 0

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal executed
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        executed += event == "opcode"
        return trace

    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(None)
    return executed


WAYS: Final[dict[str, Callable[[Work], int]]] = {"marked": mark, "bytecodes": bytecodes}


def main() -> None:
    """Run."""
    count, messages = WAYS[sys.argv[1]], int(sys.argv[2])
    counts = []
    for prepare in WORKLOADS.values():
        prepare(
            messages
        )()  # what is made once, such as compiled expressions and specialized bytecode, is made
        pair = []
        for each in (messages, 2 * messages):
            work = prepare(each)
            gc.collect()
            gc.freeze()  # as a server does when it has started
            pair.append(count(work))
        counts.append(pair)
    print(json.dumps(counts))


if __name__ == "__main__":
    main()

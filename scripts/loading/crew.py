"""The processes of a load: generators, an observer, a trivial server; each is forked, and told what to do.

They are told and tell through pipes. A process whose parent has died ends by itself; Ctrl-C is the parent's
alone to take, who then tells them to end early.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Self

from attrs import frozen
from loading.answering import AnsweringServer
from loading.generator import Generator

from herd.core.errors import HerdError

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection as Pipe
    from types import TracebackType

    from loading.observation import Observation
    from loading.plan import Plan

_FORK: Final = multiprocessing.get_context("fork")
"""The quickest, and the parent has no threads."""

_END_S: Final = 2.0
_LOOK_S: Final = 0.2
"""Between two looks at whether the parent is still there."""


@frozen
class Failed:
    """Said by a process that cannot do its work."""

    reason: str


class Helper:
    """One process; a context manager that leaves none behind. `work` gets the other end of `pipe`."""

    def __init__(self, work: Callable[..., None], *arguments: Any) -> None:
        self.pipe, self._far_end = _FORK.Pipe()
        self._process = _FORK.Process(
            target=_main, args=(self._far_end, os.getpid(), work, arguments), daemon=True
        )

    def __enter__(self) -> Self:
        """Start it."""
        self._process.start()
        self._far_end.close()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """End it."""
        self.pipe.close()
        self._process.terminate()
        self._process.join(_END_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    @property
    def pid(self) -> int:
        """Return its process id."""
        assert self._process.pid is not None
        return self._process.pid

    def tell(self, message: Any) -> None:
        """Tell it something; one that has ended is told nothing."""
        with suppress(OSError):
            self.pipe.send(message)

    def hear(self) -> Any:
        """Return what it says next; a `HerdError` if it cannot do its work."""
        try:
            said = self.pipe.recv()
        except (EOFError, OSError):
            raise HerdError(f"a process of the load test ended early: {self._process}") from None
        if isinstance(said, Failed):
            raise HerdError(said.reason)
        return said


def _main(pipe: Pipe, parent: int, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with suppress(EOFError, BrokenPipeError):  # nobody is left to hear of it
        try:
            work(pipe, parent, *arguments)
        except HerdError as error:
            pipe.send(Failed(str(error)))


def is_told(pipe: Pipe, parent: int) -> bool:
    """Tell whether something was said to this process, or nobody is left to say it."""
    return pipe.poll() or os.getppid() != parent


def told(pipe: Pipe, parent: int) -> Any:
    """Wait for what is said to this process; an `EOFError` if nobody is left to say it."""
    while not pipe.poll(_LOOK_S):
        if os.getppid() != parent:  # this process may itself hold the other end of its pipe
            raise EOFError
    return pipe.recv()


def generate(pipe: Pipe, parent: int, plan: Plan, process: int, offset_ns: int) -> None:
    """Connect, say so, wait for the word; put the load, tell of it, and say what came of it."""
    generator = Generator(plan, process, lambda: is_told(pipe, parent), pipe.send)
    generator.connect(offset_ns)
    pipe.send(None)
    told(pipe, parent)
    pipe.send(generator.run())


def answer(pipe: Pipe, parent: int) -> None:
    """Be a trivial server; say where."""
    server = AnsweringServer()
    pipe.send(server.address)
    while not is_told(pipe, parent):
        server.serve(0.1)


def observe(pipe: Pipe, parent: int, task: Observation) -> None:
    """Link, say so; listen until told how many reports there were, and say what was seen."""
    from loading.observer import run_observer  # noqa: PLC0415 - the reactor is this process's alone

    run_observer(task, pipe.send, lambda: is_told(pipe, parent), lambda: told(pipe, parent))

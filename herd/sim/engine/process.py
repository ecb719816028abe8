"""A process: one life of one program on one host, with the reactor that it sees.

A process that is killed leaves its sockets to the kernel, which closes them; one whose host lost its power
takes them along. A paused one misses its events, and gets them when it goes on.
"""

from __future__ import annotations

from contextvars import Context
from signal import SIG_IGN
from typing import TYPE_CHECKING, Any

from herd.sim.engine import trace
from herd.sim.engine.chance import HostedRandom
from herd.sim.engine.native import Owner
from herd.sim.engine.pins import masks, real
from herd.sim.engine.reactor import SimulatedReactor

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable

    from herd.sim.engine.host import Host
    from herd.sim.engine.programs import Program

_KILLED = -9
_FIRST_PID = 100


class Process(Owner):
    """One life of a program."""

    context: Context
    """What its main thread keeps of `contextvars`."""

    def __init__(self, host: Host, program: Program, environ: dict[str, str], name: str | None) -> None:
        super().__init__()
        self.process = self
        self.context = Context()
        self.host = host
        self.index = host.index
        self.clock = host.clock
        self.simulation = host.simulation
        self.program = program
        self.name = name or program.name
        self.environ = environ
        self.argv: list[str] = [self.name]
        self.pid = _FIRST_PID + self.simulation.flow()
        self.paused = host.paused
        self.exit_code: int | None = None
        self.output: list[str] = []
        """What it printed, whole lines, and at the end perhaps a last part of one."""
        self.services: list[Any] = []
        self.namespace: dict[str, Any] = {}
        self.signal_handlers: dict[int, Any] = {}
        self.at_exit: list[Callable[[], object]] = []
        self.modules: Any = None
        """The modules that are the program's own."""
        self.pinned: Any = None
        """What the pins keep of it: its global random generator, names of temporary files."""
        self.own: dict[str, Any] = {}
        """By name: what an interpreter has one of, and this process has another (see `parted`)."""
        self.log: deque[tuple[int, str]] | None = None
        """What it logged: (time in nanoseconds, text)."""
        self.frees: list[Callable[[], object]] = []
        """What the kernel does when it has ended, in whatever way: it frees locks."""
        self._missed: list[Any] = []
        self._random: HostedRandom | None = None
        self.reactor = SimulatedReactor(self)

    @property
    def random(self) -> HostedRandom:
        """The program's randomness: `random`, `os.urandom`, and all that is seeded from them."""
        if self._random is None:
            label = f"program {self.host.name} {self.pid}"
            self._random = HostedRandom(self.simulation.chance.fresh(label))
        return self._random

    def launch(self) -> None:
        """Start the program."""
        self.host.record(trace.START, None, 0, 0, self.program.name.encode())
        self.program.start(self)

    def exit(self, code: int = 0) -> None:
        """End; the kernel closes what is open."""
        if self.exit_code is None:
            self._end(code)
            self.reactor.close_sockets()

    def vanish(self) -> None:
        """End with the host's power: nothing is closed, it is gone."""
        if self.exit_code is None:
            self._end(_KILLED)
            self.reactor.forget_sockets()

    def _end(self, code: int) -> None:
        self.simulation.unhandled.find(self)
        self.exit_code = code
        self.halted = True
        self._missed = []
        frees, self.frees = self.frees, []
        for free in frees:
            free()
        self.host.record(trace.EXIT, None, 0, code)

    def forget(self) -> None:
        """Let go of all that the program made, for good."""
        self.services = []
        self.namespace = {}
        self.signal_handlers = {}
        self.at_exit = []
        self.modules = self.pinned = None
        self.context = Context()
        self.own = {}
        self.reactor = SimulatedReactor(self)

    def pause(self) -> None:
        """Run nothing until `resume`."""
        self.paused = self.halted = True

    def resume(self) -> None:
        """Run what was missed, in its order, and what the network has brought."""
        if not self.paused:
            return
        self.paused = False
        self.halted = self.exit_code is not None
        missed, self._missed = self._missed, []
        for _, _, _, function, args in sorted(missed, key=lambda each: each[:2]):
            self.simulation.schedule(self.simulation.now_ns, self, function, args)
        self.simulation.schedule(self.simulation.now_ns, self, self.reactor.poll)

    def miss(self, event: Any) -> None:
        """Keep an event of a paused process; a dead one's is nothing."""
        if self.exit_code is None:
            self._missed.append(event)

    def signal(self, number: int) -> None:
        """Deliver a signal: its handler runs as the next event; without one it kills."""
        handler = self.signal_handlers.get(number)
        if callable(handler):
            self.simulation.schedule(self.simulation.now_ns, self, handler, (number, None))
        elif handler != SIG_IGN:
            self.exit(-number)

    def write_output(self, text: str) -> None:
        """Take what the program prints."""
        if self.output and not self.output[-1].endswith("\n"):
            text = self.output.pop() + text
        self.output.extend(text.splitlines(keepends=True))

    def escaped(self, error: BaseException) -> None:
        """Note that the program reached for the real world."""
        self.simulation.problem(self.host.name, str(error), is_escape=True)
        self.simulation.stop()

    def enter_directory(self) -> None:
        """Make the process's directory the working directory, and its umask that of the kernel."""
        if self.directory is not None:
            real.chdir(self.directory)
        masks.enter(self)

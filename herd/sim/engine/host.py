"""A host: a name, an address, a clock, files, a kernel with sockets, and programs that run on it.

What a host's kernel does goes on while its processes are paused or dead: it takes segments, refuses
connections, resets what belongs to nobody. When the power is off nothing does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from herd.sim.engine import unix
from herd.sim.engine.native import Owner
from herd.sim.engine.process import Process
from herd.sim.engine.profile import Uniform

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from herd.sim.engine.clock import HostClock
    from herd.sim.engine.profile import Latency, Profile
    from herd.sim.engine.programs import Program
    from herd.sim.engine.simulation import Simulation

_FIRST_EPHEMERAL = 32768
_LAST_PORT = 65535
_THREAD = Uniform(0.1, 2.0)
SIGTERM = 15


class Host(Owner):
    """One machine of the simulated network. In its kernel's own events nobody's program runs."""

    def __init__(  # noqa: PLR0913, PLR0917 - only a simulation makes hosts
        self,
        simulation: Simulation,
        name: str,
        index: int,
        address: str,
        clock: HostClock,
        profile: Profile | None,
    ) -> None:
        super().__init__()
        self.simulation = simulation
        self.name = name
        self.index = index
        self.address = address
        self.clock = clock
        self.profile = profile
        self.paused = False
        self.processes: list[Process] = []
        self.ended: list[Process] = []
        """Those that a restart has replaced: what they printed and how they ended can still be seen."""
        self.thread_delays: list[Latency] = [_THREAD]
        """How long work takes that a program gives to a thread (a disk's write, most often): the last one."""
        self.full_disks = 0
        """How many faults have its disk full."""
        self.faults = 0
        """How many faults have its programs down."""
        self.pauses = 0
        """How many faults have them stand still."""
        self.outages: list[tuple[int, int | None]] = []
        """When its programs were down: from (or when they were asked to stop), and until."""
        self._listeners: dict[tuple[str, Any], Any] = {}
        self._next_port = _FIRST_EPHEMERAL
        self._files: Path | None = None
        self._started: list[tuple[Program, dict[str, str], str | None]] = []

    @property
    def files(self) -> Path:
        """The host's directory; its files outlive its programs."""
        if self._files is None:
            self._files = self.simulation.directory(self.name)
        return self._files

    # Programs.

    def start(
        self, program: Program, *, environ: Mapping[str, str] | None = None, name: str | None = None
    ) -> Process:
        """Start a program now (when the simulation runs next), and again at each `restart`."""
        self._started.append((program, dict(environ or {}), name))
        return self._launch(program, dict(environ or {}), name)

    def _launch(self, program: Program, environ: dict[str, str], name: str | None) -> Process:
        process = Process(self, program, environ, name)
        self.processes.append(process)
        self.simulation.schedule(self.simulation.now_ns, process, process.launch)
        return process

    def kill(self) -> None:
        """End all programs as `kill -9` does: the kernel closes their sockets."""
        self.note_outage()
        for process in self.processes:
            process.exit(-9)

    def power_off(self) -> None:
        """Cut the power: no packet leaves any more, nothing answers."""
        if self.halted:
            return
        self.note_outage()
        self.halted = True
        for process in self.processes:
            process.vanish()
        self._listeners.clear()

    def restart(self) -> None:
        """Power on if it is off, end what still runs, and start all programs anew."""
        self.kill()
        down_ns, _ = self.outages.pop()
        self.outages.append((down_ns, self.simulation.now_ns))
        self.halted = False
        self.paused = False
        self.ended += self.processes
        self.processes = []
        for program, environ, name in self._started:
            self._launch(program, dict(environ), name)

    def stop(self, signal: int = SIGTERM) -> None:
        """Ask all programs to stop."""
        self.note_outage()
        for process in self.processes:
            process.signal(signal)

    def note_outage(self) -> None:
        """Keep that programs are down from now on, until `restart`."""
        if not self.outages or self.outages[-1][1] is not None:
            self.outages.append((self.simulation.now_ns, None))

    def pause(self) -> None:
        """Let all programs stand still (SIGSTOP); the kernel goes on."""
        self.paused = True
        for process in self.processes:
            process.pause()

    def resume(self) -> None:
        """Let them go on (SIGCONT)."""
        self.paused = False
        for process in self.processes:
            process.resume()

    def miss(self, event: Any) -> None:
        """Let an event pass that came while the power was off; who sent a segment may send it again."""
        missed = getattr(getattr(event[3], "__self__", None), "missed", None)
        if missed is not None:
            self.simulation.now_ns = event[0]
            missed(event)

    # Addresses and ports.

    def is_own(self, address: str) -> bool:
        """Tell whether an address is this host."""
        return address == self.address or address.startswith("127.")

    def reach(self, address: str) -> Host | None:
        """Return the host that has an address, as seen from here."""
        return self if self.is_own(address) else self.simulation.network.at(address)

    def bind(self, kind: str, address: str, port: int, socket: object) -> int | None:
        """Take a port ("tcp" or "udp") for a socket: the port, any free one for 0; None if it is taken.

        `address` is "" for all addresses of the host.
        """
        if port == 0:
            port = self._free_port(kind)
        elif self._is_taken(kind, address, port):
            return None
        self._listeners[kind, (address, port)] = socket
        return port

    def unbind(self, kind: str, address: str, port: int, socket: object) -> None:
        """Give a port back."""
        if self._listeners.get((kind, (address, port))) is socket:
            del self._listeners[kind, (address, port)]

    def bound(self, kind: str, address: str, port: int) -> Any:
        """Return the socket that is bound to a port at an address, or None."""
        found = self._listeners.get((kind, (address, port)))
        return found if found is not None else self._listeners.get((kind, ("", port)))

    def unix_listening(self, path: str | bytes) -> bool:
        """Tell whether a program listens on a Unix socket."""
        return unix.is_listening(self, path)

    def ephemeral(self) -> int:
        """Return a port for a connection that begins here."""
        port = self._next_port
        self._next_port = port + 1 if port < _LAST_PORT else _FIRST_EPHEMERAL
        return port

    def _free_port(self, kind: str) -> int:
        port = self.ephemeral()
        while self._is_taken(kind, "", port):
            port = self.ephemeral()
        return port

    def _is_taken(self, kind: str, address: str, port: int) -> bool:
        if not address:
            return any(each[0] == kind and each[1][1] == port for each in self._listeners)
        return (kind, (address, port)) in self._listeners or (kind, ("", port)) in self._listeners

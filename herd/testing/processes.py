"""A herd of real processes, for tests and for scripts that are unkind to it.

    with ProcessHerd() as herd:
        herd.kill("Alford")
        herd.start("Alford")
        herd.wait_until_linked()

It is any configuration, the packaged one unless told otherwise, moved to free ports of 127.0.0.1 and to a
state directory of its own; so it gets in nobody's way. Each server is `twistd`, as `herd up` runs it: should
this process die, even of `kill -9`, the servers end too. At the end of the `with` nothing is left.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from attrs import evolve

from herd.cli.control import remove_if_dead, standing, standings
from herd.cli.processes import STOP_MARGIN_S, twistd_command
from herd.config.dump import dump_config
from herd.config.endpoint import endpoint_from_address
from herd.config.load import load_config
from herd.config.model import Address, Config, Endpoint, Server
from herd.core.errors import HerdError
from herd.testing.herd import ReservedPorts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import TracebackType

START_S: Final = 30.0
"""How long servers may take to be up and linked: a second or two, but machines are busy."""

LOOK_S: Final = 0.02
"""Between two looks at the control sockets."""

HOST: Final = "127.0.0.1"


class ProcessError(HerdError):
    """A server process that does not do what it should; the text has its last words."""


class ProcessHerd:
    """A herd of `twistd` processes; `config` is the configuration that they really run.

    `dial` tells where neighbors are to dial a server's links, if not where it listens; `environ` is added to
    the environment of every process.
    """

    def __init__(
        self,
        config: Config | None = None,
        *,
        dial: Mapping[str, Address] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._given = config or load_config()
        self._dial = dial or {}
        self._environ = {**os.environ, **(environ or {})}
        self._resources = ExitStack()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._wanted: dict[str, None] = {}
        """Servers that were started and not ended since, by this program."""

    def __enter__(self) -> Self:
        """Start every server, and return when all links are up."""
        with ExitStack() as stack:
            self.directory = Path(tempfile.mkdtemp(prefix="herd-"))
            stack.callback(shutil.rmtree, self.directory, ignore_errors=True)
            ports = stack.enter_context(ReservedPorts())
            self.config = moved(self._given, self.directory, ports, self._dial)
            self._file = self.directory / "herd.toml"
            self._file.write_text(dump_config(self.config))
            self._resources = stack.pop_all()
        try:
            self.start(*self.config.names)
            self.wait_until_linked()
        except BaseException:
            self._clear()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Stop every server, in order unless something went wrong, and remove the state directory."""
        try:
            if error is None:
                self.stop(*self.running)
        finally:
            self._clear()

    def _clear(self) -> None:
        self.kill(*self._processes)
        self._resources.close()

    @property
    def running(self) -> tuple[str, ...]:
        """Names of the servers whose processes run, in the order of the configuration."""
        return tuple(
            name
            for name in self.config.names
            if name in self._processes and self._processes[name].poll() is None
        )

    def address(self, name: str) -> Address:
        """Return where clients dial a server."""
        return self.config.server(name).clients.dial

    def pid(self, name: str) -> int:
        """Return the id of a server's latest process."""
        return self._processes[name].pid

    def start(self, *names: str) -> None:
        """Start servers that do not run; `wait_until_linked` waits until they are up."""
        for name in names:
            if name in self._processes:
                self._gone(name, START_S)
            self._wanted[name] = None
            command = twistd_command(name, self._file, self._stop_s())
            with self._output(name).open("ab") as output:
                self._processes[name] = subprocess.Popen(  # noqa: S603 - our own command
                    command,
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=self._environ,
                )

    def kill(self, *names: str) -> None:
        """Kill servers as `kill -9` does, all of them before waiting for any."""
        self._signal(names, signal.SIGKILL)
        for name in names:
            self._gone(name, START_S)
            remove_if_dead(self.config.control_socket(name))

    def pause(self, name: str) -> None:
        """Take a server's processor away, as a machine that hangs does."""
        self._signal([name], signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """Let a paused server go on."""
        self._signal([name], signal.SIGCONT)

    def stop(self, *names: str) -> None:
        """Stop servers in order; a `ProcessError` if one has to be killed, or does not exit with 0."""
        self._signal(names, signal.SIGTERM)
        for name in names:
            status = self._gone(name, self._stop_s())
            if status != 0:
                raise ProcessError(self._words(name, f"ended with exit status {status} when told to stop"))

    def status(self, name: str) -> dict[str, Any]:
        """Return what a server's control socket says of it; a `ProcessError` if it does not answer."""
        found = standing(self.config, name)
        if found.status is None:
            raise ProcessError(self._words(name, f"gives no status: {found.error}"))
        return dict(found.status)

    def wait_until_linked(self, timeout_s: float = START_S) -> None:
        """Wait until all servers that were started are linked with each other, as both ends see it."""
        expected = [name for name in self.config.names if name in self._wanted]

        def missing() -> str | None:
            for name in expected:
                if self._processes[name].poll() is not None:
                    raise ProcessError(self._words(name, "ended before it was up"))
            for each in standings(self.config, expected):
                if each.status is None:
                    return f"{each.name} does not answer: {each.error}"
                for other in self.config.server(each.name).neighbors:
                    if other in expected and each.neighbors[other]["state"] != "up":
                        return f"the link from {each.name} to {other} is not up"
            return None

        _wait(missing, timeout_s)

    def log(self, name: str) -> str:
        """Return a server's log file."""
        return self.config.log_file(name).read_text("utf-8")

    def output(self, name: str) -> str:
        """Return what a server's processes printed, all of them since the beginning."""
        return self._output(name).read_text("utf-8", "backslashreplace")

    def _output(self, name: str) -> Path:
        return self.directory / f"{name}.out"

    def _stop_s(self) -> float:
        return self.config.limits.shutdown_s + STOP_MARGIN_S

    def _signal(self, names: Iterable[str], number: signal.Signals) -> None:
        for name in names:
            self._processes[name].send_signal(number)

    def _gone(self, name: str, timeout_s: float) -> int:
        """Wait for the end of a process; return its exit status, negative for a signal."""
        self._wanted.pop(name, None)
        process = self._processes[name]
        try:
            status = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise ProcessError(self._words(name, f"did not end in {timeout_s:g} s")) from None
        if process.stdin is not None:
            process.stdin.close()
        return status

    def _words(self, name: str, complaint: str) -> str:
        last = "; ".join(self.output(name).splitlines()[-3:]) if self._output(name).exists() else ""
        return f"{name} {complaint}{f'. It said last: {last}' if last else ''}"


def _wait(missing: Callable[[], str | None], timeout_s: float) -> None:
    """Wait until `missing` returns None; what it returns is why a `ProcessError` is raised."""
    deadline = time.monotonic() + timeout_s
    while (what := missing()) is not None:
        if time.monotonic() > deadline:
            raise ProcessError(f"after {timeout_s:g} s: {what}")
        time.sleep(LOOK_S)


def moved(
    config: Config, directory: Path, ports: Iterator[int], dial: Mapping[str, Address] | None = None
) -> Config:
    """Return a configuration that has its own ports and directory, and links that are dialed at `dial`."""

    def here() -> Endpoint:
        return endpoint_from_address(Address(HOST, next(ports)))

    def links(server: Server) -> Endpoint:
        endpoint = here()
        dialed = (dial or {}).get(server.name, endpoint.dial)
        return evolve(endpoint, scheme=server.links.scheme, dial=dialed)

    return evolve(
        config,
        servers=tuple(evolve(each, clients=here(), links=links(each)) for each in config.servers),
        state=directory,
        logging=evolve(config.logging, directory=None),
        source=str(directory / "herd.toml"),
    )

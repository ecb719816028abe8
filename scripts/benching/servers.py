"""The servers that are measured, each a process of its own on a free port: one of a herd's, or Redis."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve, frozen

from herd.config.load import load_config
from herd.core.errors import HerdError
from herd.testing.herd import ReservedPorts
from herd.testing.processes import ProcessHerd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from herd.config.model import Config, Durability
    from herd.core.limits import Limits

NAME: Final = "Alford"
_START_S: Final = 10.0
_LOOK_S: Final = 0.02


@frozen
class Running:
    """A server that runs."""

    pid: int
    port: int
    status: Callable[[], Mapping[str, Any]]
    """Tells of it: `records`, how many clients it holds; of a herd's, all that its control socket says."""

    def connect(self) -> socket.socket:
        """Connect to it."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)


def has_compiled_core() -> bool:
    """Tell whether herd's compiled core is installed."""
    return find_spec("herd.core._native") is not None


def environ_of(core: str) -> dict[str, str]:
    """Return what makes a herd's server use the `pure` core, or the `compiled` one."""
    if core == "compiled" and not has_compiled_core():
        raise HerdError("the compiled core is not installed: run scripts/setup with a C compiler")
    return {"HERD_PURE": "1" if core == "pure" else ""}


def alone(limits: Mapping[str, Any], durability: Durability = "memory") -> Config:
    """Return the configuration of a single server that logs no lines; `limits` says which to raise."""
    config = load_config()
    changed: Limits = evolve(config.limits, commands_per_s=1e9, **limits)
    return evolve(
        config,
        servers=(evolve(config.server(NAME), neighbors=()),),
        logging=evolve(config.logging, lines=False),
        limits=changed,
        durability=durability,
    )


@contextmanager
def herd_server(config: Config, core: str) -> Iterator[Running]:
    """Run the first server of a configuration; the others, if any, too."""
    with ProcessHerd(config, environ=environ_of(core)) as herd:
        name = herd.config.names[0]
        status = herd.status(name)
        if status["core"] != core:
            raise HerdError(f"{name} uses the {status['core']} core, not the {core} one")
        yield Running(status["pid"], herd.address(name).port, lambda: herd.status(name))


@contextmanager
def redis_server() -> Iterator[Running]:
    """Run Redis, which saves nothing."""
    program = shutil.which("redis-server")
    if program is None:
        raise HerdError("redis-server is not installed: apt-get install redis-server")
    with ReservedPorts() as ports, tempfile.TemporaryDirectory() as directory:
        port = next(ports)
        command = [program, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
        with subprocess.Popen(
            [*command, "--dir", directory], stdout=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C"}
        ) as process:
            try:
                _wait_until_up(process, port)
                yield Running(process.pid, port, lambda: {"records": _positions_held(port)})
            finally:
                process.kill()


def _wait_until_up(process: subprocess.Popen[bytes], port: int) -> None:
    until_s = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < until_s:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            time.sleep(_LOOK_S)
        else:
            return
    raise HerdError(f"redis-server is not up after {_START_S:g} s, or ended: {process.poll()}")


def _positions_held(port: int) -> int:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(b"ZCARD positions\n")
        return int(connection.recv(64).strip(b":\r\n"))

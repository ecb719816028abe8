"""Herds of a test's own: a state directory with a short path, stand-ins where none need run."""

from __future__ import annotations

import json
import os
import shutil
import socketserver
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from attrs import frozen
from click.testing import CliRunner

from herd.cli.main import main
from herd.config.load import load_config
from herd.config.model import Config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

RING = {
    "Alford": ["Hamilton", "Welsh"],
    "Ball": ["Holiday", "Welsh"],
    "Hamilton": ["Alford", "Holiday"],
    "Holiday": ["Ball", "Hamilton"],
    "Welsh": ["Alford", "Ball"],
}
PAIR = {"Alford": ["Ball"], "Ball": ["Alford"]}
ROOT = Path(__file__).resolve().parents[2]


def environment() -> dict[str, str]:
    """Return this process's environment, but that herd is found wherever the process starts."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@frozen
class Herd:
    """A configuration file of a test's own."""

    file: Path
    config: Config

    def at(self, name: str) -> str:
        """Return where clients reach a server, as host:port."""
        return str(self.config.server(name).clients.dial)


@pytest.fixture
def state() -> Iterator[Path]:
    """A directory whose path leaves room for a socket's name: 104 bytes are all that some systems take."""
    path = Path(tempfile.mkdtemp(prefix="herd-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def make_herd(state: Path, free_ports: Callable[[int], list[int]]) -> Callable[..., Herd]:
    """Return a function that writes the configuration of a herd: names, and the neighbors of each."""

    def make(topology: Mapping[str, list[str]] = PAIR, more: str = "") -> Herd:
        parts = [f'name = "test"\nstate = "{state}"\n']
        ports = iter(free_ports(2 * len(topology)))
        for name, neighbors in topology.items():
            parts.append(
                f"[servers.{name}]\n"
                f'clients = "tcp:127.0.0.1:{next(ports)}"\n'
                f'links = "tcp:127.0.0.1:{next(ports)}"\n'
                f"neighbors = {json.dumps(neighbors)}\n"
            )
        file = state / "herd.toml"
        file.write_text("\n".join([*parts, more]))
        return Herd(file, load_config(file))

    return make


@pytest.fixture
def run_cli() -> Callable[..., Any]:
    """Return a function that runs `herd` in this process."""

    def run(*arguments: str | Path) -> Any:
        return CliRunner().invoke(main, [str(argument) for argument in arguments], prog_name="herd")

    return run


def status_of(herd: Herd, name: str, **more: Any) -> dict[str, Any]:
    """Return what a healthy server says of itself."""
    server = herd.config.server(name)
    neighbors = [
        {"name": each, "state": "up", "for_s": 3.5, "outbox": 0, "sent": 1, "received": 2, "error": None}
        for each in server.neighbors
    ]
    return {
        "name": name,
        "herd": "test",
        "version": "0.1.0",
        "pid": 4242,
        "uptime_s": 12.5,
        "clients": str(server.clients.listen),
        "links": str(server.links.listen),
        "log": str(herd.config.log_file(name)),
        "records": 3,
        "connections": 2,
        "provider": "embedded",
        "neighbors": neighbors,
        **more,
    }


class _Unix(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


@pytest.fixture
def answer_at() -> Iterator[Callable[[Path, bytes | dict[str, Any]], None]]:
    """Return a function that has a control socket answer each request with these bytes, or this object."""
    with ExitStack() as stack:

        def answer(path: Path, reply: bytes | dict[str, Any]) -> None:
            line = reply if isinstance(reply, bytes) else json.dumps(reply).encode() + b"\n"

            class Handler(socketserver.StreamRequestHandler):
                def handle(self) -> None:
                    json.loads(self.rfile.readline())
                    self.wfile.write(line)

            server = stack.enter_context(_Unix(str(path), Handler))
            stack.callback(server.shutdown)
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()

        yield answer


@frozen
class Scripted:
    """A client port that keeps what it got until the other side closed, and answers."""

    port: int
    got: list[bytes]

    @property
    def at(self) -> str:
        return f"127.0.0.1:{self.port}"


@pytest.fixture
def answer_clients() -> Iterator[Callable[..., Scripted]]:
    """Return a function that opens a client port: answer to each connection is `reply(bytes that came)`."""
    with ExitStack() as stack:

        def serve(reply: Callable[[bytes], bytes], port: int = 0) -> Scripted:
            got: list[bytes] = []

            class Handler(socketserver.StreamRequestHandler):
                def handle(self) -> None:
                    got.append(self.rfile.read())
                    self.wfile.write(reply(got[-1]))

            class Tcp(socketserver.ThreadingTCPServer):
                daemon_threads = True
                allow_reuse_address = True

            server = stack.enter_context(Tcp(("127.0.0.1", port), Handler))
            stack.callback(server.shutdown)
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            return Scripted(server.server_address[1], got)

        yield serve


@pytest.fixture
def this_process_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the commands from starting this process again, and from taking its log."""
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    monkeypatch.setattr("herd.cli.sim.common.log_in_plain_words", lambda: None)

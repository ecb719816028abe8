"""Unix sockets within a simulated host. Times are in milliseconds."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any

import pytest
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import ClientFactory, Factory, Protocol, connectionDone
from twisted.protocols.basic import LineReceiver

from herd.server.control import ControlFactory, listen_control
from herd.sim.engine.faults import PowerCut
from herd.sim.engine.programs import Call
from herd.sim.engine.simulation import Simulation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from twisted.python.failure import Failure


class Peer(Protocol):
    """Notes what happens to it. A server answers in capitals."""

    transport: Any

    def __init__(self, home: Home, name: str) -> None:
        self.home = home
        self.name = name

    def connectionMade(self) -> None:
        self.home.note(f"{self.name} made")
        if self.name == "client":
            self.transport.write(b"hello")

    def dataReceived(self, data: bytes) -> None:
        self.home.note(f"{self.name} {data!r}")
        if self.name == "server":
            self.transport.write(data.upper())

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.home.note(f"{self.name} lost {type(reason.value).__name__}")


class Home:
    """One host, a path in it, and what its programs note."""

    def __init__(self) -> None:
        self.simulation = Simulation()
        self.host = self.simulation.host("home")
        self.path: Path = self.host.files / "socket"
        self.seen: list[str] = []
        self.peers: dict[str, Any] = {}
        self.port: Any = None

    def note(self, what: str) -> None:
        self.seen.append(f"{self.simulation.now_ns / 1e6:g} {what}")

    def do(self, function: Callable[..., Any]) -> None:
        """Call a function in a program of its own, with its reactor."""
        self.host.start(Call(function))
        self.run()

    def run(self, seconds: float = 0.0) -> list[str]:
        self.simulation.run(self.simulation.now_ns / 1e9 + seconds)
        assert self.simulation.problems == []
        return self.seen

    def act(self, name: str, method: str, *args: Any) -> None:
        """Have the program of a peer call a method of its transport."""
        transport = self.peers[name].transport
        now_ns = self.simulation.now_ns
        self.simulation.schedule(now_ns, transport.reactor.process, getattr(transport, method), args)

    def peer(self, name: str) -> Peer:
        peer = self.peers[name] = Peer(self, name)
        return peer

    def listen(self, reactor: Any, **options: Any) -> None:
        factory = Factory.forProtocol(lambda: self.peer("server"))
        try:
            self.port = reactor.listenUNIX(str(self.path), factory, **options)
        except CannotListenError as error:
            self.note(str(error))

    def connect(self, reactor: Any, **options: Any) -> Any:
        factory: Any = ClientFactory.forProtocol(lambda: self.peer("client"))
        factory.clientConnectionFailed = lambda _connector, reason: self.note(str(reason.value))
        return reactor.connectUNIX(os.fsencode(self.path), factory, **options)


@pytest.fixture
def home() -> Iterator[Home]:
    made = Home()
    yield made
    made.simulation.close()


def test_a_connection_stands_at_once_and_is_told_a_moment_later(home: Home) -> None:
    home.do(home.listen)
    home.do(home.connect)
    assert home.run(1) == [
        "0.001 client made",
        "0.021 server made",
        "0.021 server b'hello'",
        "0.041 client b'HELLO'",
    ]
    home.seen.clear()
    home.act("client", "loseConnection")
    assert home.run(1) == ["1000 client lost ConnectionDone", "1000.02 server lost ConnectionDone"]


def test_the_addresses_of_both_ends(home: Home) -> None:
    home.do(home.listen)
    home.do(home.connect)
    home.run(1)
    client, server = (home.peers[name].transport for name in ("client", "server"))
    assert [client.getHost().name, client.getPeer().name] == [None, os.fsencode(home.path)]
    assert [server.getHost().name, server.getPeer().name] == [os.fsencode(home.path), None]
    assert home.port.getHost().name == os.fsencode(home.path)


def test_the_file_is_a_socket_with_the_mode_that_was_asked_for(home: Home) -> None:
    home.do(lambda reactor: home.listen(reactor, mode=0o600))
    assert home.path.is_socket()
    assert stat.S_IMODE(home.path.stat().st_mode) == 0o600
    assert home.host.unix_listening(str(home.path))


def test_a_port_that_stops_takes_its_file_along(home: Home) -> None:
    home.do(home.listen)
    home.do(lambda _reactor: home.port.stopListening())
    home.run(1)
    assert not home.path.exists()
    assert not home.host.unix_listening(str(home.path))
    home.do(home.listen)
    assert home.host.unix_listening(str(home.path))


def test_a_path_has_one_listener(home: Home) -> None:
    home.do(home.listen)
    home.do(home.listen)
    assert home.seen == [
        f"0 Couldn't listen on any:{os.fsencode(home.path)!r}: [Errno 98] Address already in use."
    ]


def test_there_is_no_directory(home: Home) -> None:
    home.path = home.host.files / "none" / "socket"
    home.do(home.listen)
    (failure,) = home.seen
    assert "[Errno 2] No such file or directory" in failure


@pytest.mark.parametrize("end", ["kill", "power_off"])
def test_a_dead_program_leaves_its_file_behind(home: Home, end: str) -> None:
    home.do(home.listen)
    getattr(home.host, end)()
    assert home.path.is_socket()
    assert not home.host.unix_listening(str(home.path))


def test_a_client_is_refused_where_nobody_listens(home: Home) -> None:
    home.do(home.connect)
    home.run(1)
    home.path.write_bytes(b"no socket")
    home.do(home.connect)
    home.run(1)
    home.path.unlink()
    home.do(home.listen)
    home.host.kill()
    home.do(home.connect)
    home.run(1)
    gone = "An error occurred while connecting: 2: No such file or directory."
    refused = "Connection was refused by other side: 111: Connection refused."
    assert home.seen == [f"0.001 {gone}", f"1000 {refused}", f"2000 {refused}"]


def test_a_full_queue_fails_a_client(home: Home) -> None:
    home.do(lambda reactor: home.listen(reactor, backlog=1))
    home.host.pause()
    other = home.host.start
    home.host.paused = False  # the listener stands still, the clients do not
    for _ in range(3):
        other(Call(home.connect))
    failures = [event for event in home.run(1) if "error" in event]
    assert len(failures) == 1


def test_a_killed_server_ends_its_connections(home: Home) -> None:
    home.do(home.listen)
    home.do(home.connect)
    home.run(1)
    home.seen.clear()
    home.host.processes[0].exit(-9)
    assert home.run(1) == ["1000.02 client lost ConnectionDone"]


def test_any_spelling_of_a_path_and_a_path_that_was_moved(home: Home) -> None:
    home.do(home.listen)
    link = home.host.files / "link"
    link.symlink_to(home.path)
    assert home.host.unix_listening(f"{home.host.files}/./link")
    moved = home.path.rename(home.host.files / "moved")
    assert home.host.unix_listening(os.fsencode(moved))
    moved.unlink()
    assert not home.host.unix_listening(str(moved))


def test_who_removes_the_file_takes_the_path_over(home: Home) -> None:
    home.do(home.listen)
    home.path.unlink()
    home.do(home.listen)
    home.do(home.connect)
    home.run(1)
    assert home.seen[0] == "0.001 client made"
    assert home.peers["server"].transport.server is home.port


def test_a_name_that_needs_no_file(home: Home) -> None:
    home.path = "\0abstract"  # type: ignore[assignment]
    home.do(home.listen)
    home.do(home.listen)
    home.do(home.connect)
    assert [event.split()[1] for event in home.run(1)] == ["Couldn't", "client", "server", "server", "client"]
    assert not home.host.unix_listening("\0other")


def test_a_lock_tells_a_stale_socket_from_a_live_one(home: Home) -> None:
    home.do(lambda reactor: home.listen(reactor, wantPID=True))
    home.do(lambda reactor: home.listen(reactor, wantPID=True))
    assert home.seen == [f"0 Couldn't listen on any:{os.fsencode(home.path)!r}: Cannot acquire lock."]
    home.host.kill()
    home.do(lambda reactor: home.listen(reactor, wantPID=True))
    assert home.host.unix_listening(str(home.path))


def test_half_of_a_connection_is_closed_and_a_flood_waits(home: Home) -> None:
    heard: list[int] = []
    home.do(home.listen)
    home.do(home.connect)
    home.run(1)
    home.peers["server"].dataReceived = lambda data: heard.append(len(data))
    home.act("client", "write", bytes(3_000_000))
    home.act("client", "loseWriteConnection")
    home.run(1)
    assert sum(heard) == 3_000_000
    ends = [event.split(" ", 1)[1] for event in home.seen[-2:]]
    assert ends == ["server lost ConnectionDone", "client lost ConnectionDone"]


def test_a_server_of_another_host_does_not_hear() -> None:
    simulation = Simulation()
    near, far = simulation.host("near"), simulation.host("far")
    path = near.files / "socket"
    near.start(Call(lambda reactor: reactor.listenUNIX(str(path), Factory())))
    simulation.run(1)
    assert [near.unix_listening(str(path)), far.unix_listening(str(path))] == [True, False]
    simulation.close()


class Asker(LineReceiver):
    """Asks a control socket one question, and notes the answer."""

    delimiter = b"\n"
    transport: Any

    def __init__(self, home: Home) -> None:
        self.home = home

    def connectionMade(self) -> None:
        self.sendLine(b'{"command": "status"}')

    def lineReceived(self, line: bytes) -> None:
        self.home.seen.append(line.decode())
        self.transport.loseConnection()


def test_the_control_socket_of_a_herd_server(home: Home) -> None:
    path = home.host.files / "run" / "control"

    def serve(reactor: Any) -> None:
        listen_control(reactor, path, ControlFactory({"status": lambda _request: {"clients": 3}}))

    def ask(reactor: Any) -> None:
        reactor.connectUNIX(str(path), ClientFactory.forProtocol(lambda: Asker(home)))

    home.do(serve)
    home.do(ask)
    home.run(1)
    PowerCut("home").begin(home.simulation)
    PowerCut("home").end(home.simulation)
    home.run(1)
    assert home.seen == ['{"ok": true, "clients": 3}'] * 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

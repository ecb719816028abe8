"""Examples from Twisted's documentation run as they are: scripts that take the global reactor and run it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.error import ConnectionRefusedError as Refused

from herd.sim.engine.programs import Script, Tac

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from twisted.python.failure import Failure

    from herd.sim.engine.simulation import Simulation


def test_amp_adds_and_divides(simulation: Simulation, examples: Path) -> None:
    host = simulation.host("both")
    server = host.start(Script(examples / "ampserver.py"))
    client = host.start(Script(examples / "ampclient.py"))
    simulation.run(10)
    assert client.output == [
        "Divided by zero: returning INF\n",
        "Done with math: [(True, 94), (True, inf)]\n",
    ]
    assert client.exit_code == 0
    assert server.output == ["started\n", "Did a sum: 13 + 81 = 94\n"]
    assert server.exit_code is None
    assert simulation.problems == []


def test_two_hosts_with_one_script_share_no_globals(simulation: Simulation, examples: Path) -> None:
    hosts = [simulation.host(name) for name in ("one", "other")]
    servers = [host.start(Script(examples / "ampserver.py")) for host in hosts]
    clients = [host.start(Script(examples / "ampclient.py")) for host in hosts]
    simulation.run(10)
    assert [client.exit_code for client in clients] == [0, 0]
    one, other = (server.namespace["Math"] for server in servers)
    assert one is not other
    # The client imports `ampserver` as a module; the server is a `__main__` of its own.
    assert clients[0].namespace["Sum"] is not servers[0].namespace["Sum"]
    assert clients[0].namespace["Sum"] is not clients[1].namespace["Sum"]


def test_tcp_echo_with_react(simulation: Simulation, examples: Path) -> None:
    host = simulation.host("both")
    host.start(Script(examples / "echoserv.py"))
    client = host.start(Script(examples / "echoclient.py"))
    simulation.run(10)
    assert client.output == [
        "receive: b'Hello, world!'\n",
        "receive: b'What a fine day it is.'\n",
        "receive: b'Bye-bye!'\n",
        "connection lost: Connection was closed cleanly.\n",
    ]
    assert client.exit_code == 0


def test_react_exits_with_1_when_the_server_is_not_there(
    simulation: Simulation, examples: Path, flush_logged_errors: Callable[..., list[Failure]]
) -> None:
    client = simulation.host("alone").start(Script(examples / "echoclient.py"))
    simulation.run(10)
    assert (
        client.output[0]
        == "connection failed: Connection was refused by other side: 111: Connection refused.\n"
    )
    assert client.exit_code == 1
    [problem] = simulation.problems
    assert problem.text.startswith("main function encountered error")
    assert len(flush_logged_errors(Refused)) == 1


def test_udp_echo(simulation: Simulation, examples: Path) -> None:
    host = simulation.host("both")
    host.start(Script(examples / "echoserv_udp.py"))
    client = host.start(Script(examples / "echoclient_udp.py"))
    simulation.run(10)
    assert client.output == [
        "Datagram received:  b'Hello, world!'\n",
        "Datagram received:  b'What a fine day it is.'\n",
        "Datagram received:  b'Bye-bye!'\n",
    ]
    assert client.exit_code == 0


def test_a_tac_file(simulation: Simulation, examples: Path) -> None:
    server = simulation.host("server").start(Tac(examples / "basic_server.tac"))
    simulation.run(1)
    assert [port.getHost().port for port in server.reactor.getReaders()] == [8750]
    server.reactor.stop()
    simulation.run(2)
    assert server.exit_code == 0

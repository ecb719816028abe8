"""What an operator does with a running server, and what TLS hides, in virtual time."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import pytest

from herd.sim.engine.faults import SlowLink
from herd.sim.herds.build import LINKS_PORT
from tests.server.hosted import LATENCY_NS, NS

if TYPE_CHECKING:
    from herd.sim.engine.pipes import Pipe
    from tests.server.conftest import BuildHerd
    from tests.server.hosted import HostedClient

IAMAT = b"IAMAT kiwi +34.068930-118.445127 1767225600.392014450\n"
WHATSAT = b"WHATSAT kiwi 10 5\n"


def command(operator: HostedClient, **words: Any) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(operator.ask(json.dumps(words).encode() + b"\n"))
    return answer


def test_a_server_with_nothing_to_do_stops_at_once(hosted_herd: BuildHerd) -> None:
    herd = hosted_herd("Alford-Ball")
    client = herd.connect("Alford")
    herd.run(5)
    # Its neighbor and its client have to say that they have seen its end.
    assert herd.stop("Alford") < 10 * LATENCY_NS
    assert herd.process("Alford").exit_code == 0
    herd.run(0.01)
    assert client.protocol.is_lost


@pytest.mark.parametrize("shutdown_s", [0.0, 2.0, 5.0])
def test_places_that_are_silent_hold_the_end_up_for_exactly_as_long_as_is_allowed(
    hosted_herd: BuildHerd, shutdown_s: float
) -> None:
    herd = hosted_herd("Alford-Ball", shutdown_s=shutdown_s, places_timeout_s=60.0)
    client = herd.connect("Alford")
    client.ask(IAMAT)
    herd.herd.places.mood = "silent"
    client.send(WHATSAT)
    herd.run(1)
    assert client.take() == b""
    lived_s = herd.stop("Alford") / NS
    assert shutdown_s <= lived_s < shutdown_s + 0.02
    assert herd.process("Alford").exit_code == 0
    herd.run(0.01)
    answer = client.take()
    assert answer.startswith(b"AT Alford ")
    assert b'"status" : "UNKNOWN_ERROR"' in answer


def test_a_server_that_stops_gives_a_slow_neighbor_what_it_is_owed(hosted_herd: BuildHerd) -> None:
    herd = hosted_herd("Alford-Ball")
    herd.run(5)
    SlowLink("Alford", "Ball", 1500).begin(herd.simulation)
    client = herd.connect("Alford")
    reports = [IAMAT.replace(b"kiwi", b"bird%d" % number) for number in range(2000)]
    client.ask(b"".join(reports), lines=2000)
    lived_s = herd.stop("Alford") / NS
    ball = herd.herd.node("Ball")
    assert ball is not None
    assert ball.status()["records"] == 2000
    # There, and the acknowledgement back.
    assert 3.0 < lived_s < 5.0


def test_a_neighbor_that_is_too_slow_does_not_hold_the_end_up_for_longer_than_is_allowed(
    hosted_herd: BuildHerd,
) -> None:
    herd = hosted_herd("Alford-Ball", shutdown_s=4.0)
    herd.run(5)
    SlowLink("Alford", "Ball", 60_000).begin(herd.simulation)
    herd.connect("Alford").ask(IAMAT)
    assert herd.stop("Alford") / NS == pytest.approx(4.0, abs=0.01)


def test_sighup_has_a_server_read_its_file_again(hosted_herd: BuildHerd) -> None:
    herd = hosted_herd("Alford-Ball")
    first = herd.connect("Alford")
    good = herd.config_file.read_text()
    herd.config_file.write_text(good.replace("[limits]\n", "[limits]\nconnections = 1\n"))
    herd.process("Alford").signal(signal.SIGHUP)
    herd.run(0.01)
    assert "read its configuration again: limits have changed\n" in herd.log("Alford")
    assert "read its configuration" not in herd.log("Ball")
    assert herd.connect("Alford").read() == b"? too many connections\n"
    herd.config_file.write_text(good.replace("[limits]\n", "[limits]\nconnections = 'many'\n"))
    herd.process("Alford").signal(signal.SIGHUP)
    herd.run(0.01)
    assert "keeps its old configuration: " in herd.log("Alford")
    assert first.ask(b"x\n") == b"? x\n"
    assert herd.link("Alford", "Ball")["state"] == "up"


def test_a_server_answers_its_operator(hosted_herd: BuildHerd) -> None:
    herd = hosted_herd("Alford-Ball", durability="neighbor")
    herd.connect("Alford").ask(IAMAT)
    herd.run(10)
    operator = herd.connect_to_control("Alford")
    answer = command(operator, command="status")
    status = answer["status"]
    assert answer["ok"]
    assert (status["name"], status["records"], status["durability"]) == ("Alford", 1, "neighbor")
    assert status["uptime_s"] == round(herd.simulation.now_ns / NS, 3)
    (ball,) = status["neighbors"]
    assert (ball["name"], ball["state"], ball["in_sync"], ball["acknowledged"]) == ("Ball", "up", True, 1)
    assert command(operator, command="reload") == {"ok": True, "done": []}
    assert command(operator, command="reconcile")["ok"]
    assert not command(operator, command="dance")["ok"]


def test_a_server_that_was_killed_takes_its_control_socket_back(hosted_herd: BuildHerd) -> None:
    herd = hosted_herd("Alford-Ball")
    herd.kill("Alford")
    assert (herd.simulation.hosts["Alford"].files / "Alford.sock").is_socket()
    herd.simulation.hosts["Alford"].restart()
    herd.link_up()
    assert command(herd.connect_to_control("Alford"), command="status")["status"]["name"] == "Alford"


@pytest.mark.parametrize("tls", [False, True])
def test_links_with_tls_carry_records_that_nobody_can_read(hosted_herd: BuildHerd, tls: bool) -> None:
    herd = hosted_herd("Alford-Ball", tls=tls)
    carried = bytearray()

    def written(pipe: Pipe, data: bytes) -> None:
        if LINKS_PORT in (pipe.source.local[1], pipe.target.local[1]):
            carried.extend(data)

    herd.simulation.on_write = written
    record = herd.connect("Alford").ask(IAMAT)
    herd.run(1)
    assert herd.connect("Ball").ask(b"WHATSAT kiwi 0 0\n", lines=5).startswith(record)
    assert len(carried) > len(record)
    assert (b"kiwi" in carried) is not tls
    herd.kill("Ball")
    herd.run(30)
    herd.simulation.hosts["Ball"].restart()
    herd.link_up()
    herd.run(1)
    assert herd.connect("Ball").ask(b"WHATSAT kiwi 0 0\n", lines=5).startswith(record)

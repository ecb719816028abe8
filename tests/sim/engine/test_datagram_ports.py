"""UDP ports: connected ones, taken ones, and those that hear what is said to many."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from twisted.internet.error import CannotListenError, MessageLengthError, MulticastJoinError

from tests.sim.engine.datagramland import EVERYBODY, GROUP, A, Address, B, Ear, Land

# Connected ports.


def connected(land: Land, host: str, address: Address) -> None:
    land.do(host, lambda _reactor: land.ears[host].transport.connect(*address))


def test_a_connected_port_hears_its_peer_alone() -> None:
    land = Land(hosts="abc")
    connected(land, "a", B)
    land.say("c", b"stranger", A)
    land.say("b", b"friend", A)
    assert land.run() == ["1 a b'friend' from 10.0.0.2:500"]


def test_a_connected_port_is_told_that_nobody_is_there_when_it_writes() -> None:
    land = Land()
    connected(land, "a", ("10.0.0.2", 9))
    land.simulation.hosts["a"].processes[0].pause()
    land.say("a", b"x", ("10.0.0.2", 9))
    land.simulation.hosts["a"].processes[0].resume()
    land.ears["a"].transport.pauseProducing()
    land.run()
    land.say("a", b"x", ("10.0.0.2", 9))
    assert land.run() == ["1000 a refused"]


def test_a_connected_port_that_listens_is_closed_when_nobody_is_there() -> None:
    land = Land()
    connected(land, "a", ("10.0.0.2", 9))
    land.say("a", b"x", ("10.0.0.2", 9))
    assert land.run() == ["2 a stopped"]


def test_a_connected_port_hears_nothing_of_a_host_without_power() -> None:
    land = Land()
    land.simulation.hosts["b"].power_off()
    connected(land, "a", B)
    land.say("a", b"x", B)
    assert land.run() == []


# Ports.


def refusal(land: Land, host: str, **options: Any) -> str:
    failed: list[str] = []

    def listen(reactor: Any) -> None:
        try:
            reactor.listenUDP(**{"port": 0, "protocol": Ear(land, "late"), **options})
        except CannotListenError as error:
            failed.append(str(error))

    land.do(host, listen)
    return failed[0] if failed else ""


def test_a_port_has_one_owner() -> None:
    land = Land()
    taken = "[Errno 98] Address already in use."
    assert refusal(land, "a", port=500) == f"Couldn't listen on any:500: {taken}"
    assert refusal(land, "a", port=500, interface="10.0.0.1") == f"Couldn't listen on 10.0.0.1:500: {taken}"
    assert refusal(land, "a", port=501) == ""


def test_a_host_has_its_own_addresses_and_no_ipv6() -> None:
    land = Land()
    assert (
        refusal(land, "a", port=7, interface="10.0.0.2")
        == "Couldn't listen on 10.0.0.2:7: [Errno 99] Cannot assign requested address."
    )
    assert (
        refusal(land, "a", port=7, interface="::1")
        == "Couldn't listen on ::1:7: [Errno 97] Address family not supported by protocol."
    )


def test_free_ports_are_given_in_turn() -> None:
    land = Land()
    ports = []
    for _ in range(3):
        land.do("a", land.listen, "a", 0)
        ports.append(land.ears["a"].transport.getHost().port)
    assert ports == [32768, 32769, 32770]


# To many.


def test_a_broadcast_needs_leave_and_reaches_all_hosts() -> None:
    land = Land(hosts="abc")

    def try_to_send(_reactor: Any) -> None:
        with pytest.raises(PermissionError):
            land.ears["a"].transport.write(b"x", EVERYBODY)

    land.do("a", try_to_send)
    land.do("a", lambda _reactor: land.ears["a"].transport.setBroadcastAllowed(True))
    land.say("a", b"all", EVERYBODY)
    land.say("a", b"too", ("<broadcast>", 500))
    heard = land.run()
    assert heard == [
        "0.02 a b'all' from 10.0.0.1:500",
        "0.02 a b'too' from 10.0.0.1:500",
        "1 b b'all' from 10.0.0.1:500",
        "1 c b'all' from 10.0.0.1:500",
        "1 b b'too' from 10.0.0.1:500",
        "1 c b'too' from 10.0.0.1:500",
    ]
    assert land.told()[:1] == ["DATAGRAM a - #0 3"]


def test_nothing_is_lost_on_hosts_that_do_not_listen_to_a_broadcast() -> None:
    land = Land()
    land.simulation.host("c")
    land.do("a", lambda _reactor: land.ears["a"].transport.setBroadcastAllowed(True))
    land.say("a", b"all", EVERYBODY)
    land.run()
    assert land.told() == ["DATAGRAM a - #0 3", "DATAGRAM_IN a a #0 3", "DATAGRAM_IN b a #0 3"]


def test_a_broadcast_is_no_larger_than_other_datagrams() -> None:
    land = Land()

    def try_to_send(_reactor: Any) -> None:
        land.ears["a"].transport.setBroadcastAllowed(True)
        with pytest.raises(MessageLengthError):
            land.ears["a"].transport.write(bytes(65_508), EVERYBODY)

    land.do("a", try_to_send)
    assert land.told() == []


def test_a_killed_member_has_left_its_group() -> None:
    land = Land()
    land.do("b", land.join, "b")
    land.simulation.hosts["b"].kill()
    land.do("b", land.listen, "b", 600)
    land.say("a", b"members", (GROUP[0], 600))
    assert [event for event in land.run() if "members" in event] == []


def test_a_group_reaches_its_members() -> None:
    land = Land(hosts="abcd")
    for name in "cab":
        land.do(name, land.join, name)
    group = (GROUP[0], 600)
    land.do("b", lambda _reactor: land.ears["b"].transport.leaveGroup(GROUP[0]))
    land.say("a", b"members", group)
    assert land.run() == ["0.02 a b'members' from 10.0.0.1:600", "1 c b'members' from 10.0.0.1:600"]
    land.seen.clear()
    land.do("a", lambda _reactor: land.ears["a"].transport.setLoopbackMode(False))
    land.say("a", b"others", group)
    assert land.run() == ["1001 c b'others' from 10.0.0.1:600"]
    land.seen.clear()
    land.do("a", lambda _reactor: land.ears["a"].transport.setTTL(0))
    land.say("a", b"nobody", group)
    assert land.run() == []


def test_two_programs_of_a_host_share_the_port_of_a_group() -> None:
    land = Land(hosts="ab")
    land.do("b", land.join, "b")
    first = land.ears["b"]
    land.do("b", land.join, "b")
    land.say("a", b"both", (GROUP[0], 600))
    assert land.run() == ["1 b b'both' from 10.0.0.1:500"] * 2
    land.seen.clear()
    land.do("b", lambda _reactor: first.transport.stopListening())
    land.say("a", b"one", (GROUP[0], 600))
    assert land.run() == ["1000 b stopped", "1001 b b'one' from 10.0.0.1:500"]


def test_what_is_no_group_cannot_be_joined() -> None:
    land = Land()
    failed: list[str] = []

    def join(reactor: Any) -> None:
        port = reactor.listenMulticast(600, Ear(land, "a"))
        joining = [port.joinGroup("10.0.0.2"), port.joinGroup(GROUP[0]), port.joinGroup(GROUP[0])]
        joining.append(port.leaveGroup("224.0.0.8"))
        for each in joining:
            each.addErrback(
                lambda failure: failed.append(str(failure.check(MulticastJoinError) and failure.value))
            )

    land.do("a", join)
    assert failed == [
        "('10.0.0.2', '0.0.0.0', 22, 'Invalid argument')",
        "('224.0.0.7', '0.0.0.0', 98, 'Address already in use')",
        "('224.0.0.8', '0.0.0.0', 99, 'Cannot assign requested address')",
    ]


def test_programs_hear_in_their_own_working_directories() -> None:
    land = Land()
    for name in "ab":
        host = land.simulation.hosts[name]
        host.processes[0].directory = host.files
        land.ears[name].datagramReceived = lambda _data, _address: land.seen.append(Path.cwd().name)
    land.say("a", b"x", B)
    land.say("b", b"x", A)
    assert land.run() == ["b", "a"]
    land.simulation.close()

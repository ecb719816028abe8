"""Hostile clients and neighbors: they try, and nothing comes of it."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest

from herd.core.limits import Limits
from herd.sim.herds.clients import Say
from herd.sim.herds.figures import Watch
from herd.sim.herds.history import History
from herd.sim.herds.impostors import Usurp
from herd.sim.herds.strangers import ATTACKS, MARK, Disguise, HostileClient, HostileNeighbor, draw_attack
from tests.sim.herds.hosted import PAIR, Hosted

NAMES = ("Alford", "Ball")
VICTIM = b"kiwi"
NOWHERE: Any = None
REPORT = b"IAMAT kiwi +34.068930-118.445127 1479413884.392014450\n"


def test_attacks_are_drawn_from_the_source_alone() -> None:
    def drawn() -> list[Any]:
        source = random.Random(7)
        return [draw_attack(source, Limits(), NAMES, [VICTIM]) for _ in range(50)]

    assert drawn() == drawn()
    assert {each.kind for each in drawn()} == set(ATTACKS)


@pytest.mark.parametrize("seed", range(3))
def test_a_hostile_client_changes_nothing_but_by_valid_reports(seed: int) -> None:
    hosted = Hosted(seed)
    attackers: list[HostileClient] = []

    def attack(reactor: Any) -> None:
        endpoint = hosted.endpoint(reactor, "Alford")
        source = random.Random(seed)
        attacker = HostileClient(
            reactor,
            endpoint,
            hosted.history,
            source,
            name="evil",
            server="Alford",
            limits=Limits(),
            origins=NAMES,
            victims=[VICTIM],
            pause_s=1.0,
        )
        attackers.append(attacker)
        attacker.start()
        reactor.callLater(20, attacker.stop)

    hosted.start(attack)
    hosted.client(plan=[Say(1.0, REPORT), Say(15.0, REPORT)])
    hosted.run(30)
    assert len(attackers[0].attacks) > 5
    assert hosted.verdict() == []
    alford = hosted.herd.replica("Alford")
    assert alford is not None
    kiwi = alford.cache.peek(VICTIM)
    assert kiwi is not None
    assert kiwi.endswith(REPORT[len(b"IAMAT") : -1])
    hosted.close()


@pytest.mark.parametrize("proves", [True, False])
def test_a_hostile_neighbor_is_told_one_line_at_most(proves: bool) -> None:
    hosted = Hosted(1)
    overheard: list[bytes] = []
    hosted.simulation.on_write = lambda _, data: overheard.append(data) if data.startswith(b"HERD") else None

    def attack(reactor: Any) -> None:
        attacker = HostileNeighbor(
            reactor,
            hosted.links_endpoint(reactor, "Alford"),
            hosted.history,
            random.Random(3),
            name="evil",
            server="Alford",
            disguise=Disguise(herd="simulated", names=("Ball",), proves=proves, victims=(VICTIM,)),
            overheard=lambda: overheard,
            pause_s=0.5,
        )
        attacker.start()
        reactor.callLater(40, attacker.stop)

    hosted.start(attack)
    hosted.client(plan=[Say(1.0, REPORT)])
    hosted.run(60)
    encounters = hosted.history.encounters
    assert len(encounters) > 10
    assert all(each.end_ns is not None for each in encounters)
    assert any(each.told.startswith(b"HERD ") for each in encounters) == proves
    assert any(MARK in each.said or VICTIM in each.said for each in encounters)
    assert hosted.verdict() == []
    hosted.close()


def test_strangers_name_others_too_and_prove_nothing() -> None:
    disguise = Disguise(
        herd="simulated", names=("Ball", "Welsh"), proves=True, others=("Alford", "Holiday", "Nobody")
    )
    stranger = HostileNeighbor(
        None, NOWHERE, History(), random.Random(5), name="evil", server="Alford", disguise=disguise
    )
    openings = [stranger.opening()[0] for _ in range(400)]
    hellos = [each.split() for each in openings if re.match(rb"HERD( \S+){6}\n", each)]
    assert {hello[2] for hello in hellos} == {b"simulated", b"others"}
    assert {hello[3] for hello in hellos} == {b"Ball", b"Welsh", b"Alford", b"Holiday", b"Nobody"}
    assert {hello[4] for hello in hellos} == {b"Alford", b"Ball", b"Welsh"}
    assert {len(each.partition(b"PROOF ")[2]) for each in openings} == {0, 1, 2, 65}


def test_an_opening_is_overheard_with_its_proof_and_without() -> None:
    hosted = Hosted()
    watch = Watch(hosted.herd)
    hosted.run(2)
    (hello, proven) = watch.openings_to("Ball")
    assert proven.startswith(hello)
    assert re.fullmatch(rb"PROOF [0-9a-f]{64}\n", proven[len(hello) :])
    hosted.close()


def test_who_listens_in_a_dead_servers_place_is_not_taken_for_it() -> None:
    hosted = Hosted()
    said: list[tuple[str, bytes]] = []
    hosted.simulation.on_write = lambda pipe, data: said.append((pipe.source.host.name, data))
    usurp = Usurp("Ball")
    hosted.run(3)
    said.clear()
    usurp.begin(hosted.simulation)
    hosted.run(6)
    proofs = {name: [data.partition(b"\n")[0] for who, data in said if who == name] for name in PAIR}
    sent_back = [each for each in proofs["Ball"] if each.startswith(b"PROOF ")]
    assert sent_back
    assert set(sent_back) <= set(proofs["Alford"])
    usurp.end(hosted.simulation)
    hosted.run(15)
    assert hosted.verdict() == []
    ball = hosted.herd.node("Ball")
    assert ball is not None
    assert [each.state for each in ball.neighbors.status()] == ["up"]
    hosted.close()


def test_a_stranger_who_is_told_more_is_a_violation() -> None:
    hosted = Hosted()
    number = hosted.history.meet("evil", "Alford", b"")
    hosted.history.part(number, b"HERD\n", b"HERD 1 x\nAT Alford +0.000000000 kiwi +1-1 1\n")
    (violation,) = hosted.verdict()
    assert (violation.invariant, violation.name) == ("no strangers", "told a stranger")
    hosted.close()
